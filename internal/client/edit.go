package client

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
)

// edit returns the changes that the line format permits the sender to make in a body. Each kind is logged once.
func (p *preparer) edit(ctx context.Context, ep *endpoint, keys fastjson.Members) (c change, err error) {
	model := keys.Get("model")
	switch {
	case ep.dialect.NoModel:
	case p.c.cfg.Served != "":
		if model == nil || model.String() != p.c.cfg.Served {
			c.set("model", quoted(p.c.cfg.Served))
			if p.first(factModel) {
				p.c.cfg.Say("the model in the bodies is replaced by %q, the name that the server serves",
					p.c.cfg.Served)
			}
		}
	case model == nil || is(model, "null") || is(model, `""`):
		name, err := p.modelName(ctx)
		if err != nil {
			return c, err
		}
		c.set("model", quoted(name))
		if p.first(factModel) {
			p.c.cfg.Say("bodies without a model get %q", name)
		}
	}
	if is(keys.Get("stream"), "true") && !p.c.cfg.NoUsage && ep.dialect.StreamOptions {
		if options := withUsage(keys.Get("stream_options")); options != nil {
			c.set("stream_options", options)
			if p.first(factUsage) {
				p.c.cfg.Say("adding stream_options.include_usage to streamed requests%s", p.c.cfg.hint(errUsageAdded))
			}
		}
	}
	if !ep.noTimes {
		p.askTimes(&c, ep, keys)
	}
	if len(p.c.cfg.Drop) > 0 {
		p.drop(&c, keys)
	}
	return c, nil
}

// askTimes asks the server for its own times, if it is known to need that.
func (p *preparer) askTimes(c *change, ep *endpoint, keys fastjson.Members) {
	asked := ep.dialect.AskTimes(p.program(), ep.host, is(keys.Get("stream"), "true"))
	for _, key := range asked {
		if keys.Get(key) == nil {
			c.set(key, []byte("true"))
		}
	}
	if len(asked) > 0 && p.first(factTimes) {
		p.c.cfg.Say("asking the server for its own times and counts: %s%s", strings.Join(asked, ", "),
			p.c.cfg.hint(errTimesAsked))
	}
}

// program returns the name of the server's program if it is known.
func (p *preparer) program() string {
	if p.c.cfg.API == "local_sglang" {
		return "sglang"
	}
	owner, _ := p.owner.Load().(string)
	return owner
}

// errTimesAsked has the reason of the hint at the request for times.
var errTimesAsked = failFor("times-asked", "", "")

// errUsageAdded has the reason of the hint at the change of stream_options.
var errUsageAdded = failFor("usage-added", "", "")

func is(m *fastjson.Member, value string) bool { return m != nil && string(m.Value) == value }

func quoted(s string) []byte {
	b, _ := json.MarshalWithOption(s, json.DisableHTMLEscape()) // a string always marshals
	return b
}

// withUsage returns options with include_usage, so that a stream reports its usage; nil: they need no change.
func withUsage(options *fastjson.Member) []byte {
	const usage = `"include_usage":true`
	if options == nil || is(options, "null") {
		return []byte("{" + usage + "}")
	}
	members, err := fastjson.AppendMembers(nil, options.Value)
	switch {
	case err != nil || members.Get("include_usage") != nil: // no object, which the server may reject, or it is set
		return nil
	case len(members) == 0:
		return []byte("{" + usage + "}")
	}
	return slices.Concat([]byte("{"+usage+","), bytes.TrimLeft(options.Value[1:], " \t\r\n"))
}

func (p *preparer) drop(c *change, keys fastjson.Members) {
	for _, name := range p.c.cfg.Drop {
		if keys.Get(name) != nil {
			c.without = append(c.without, name)
		}
	}
	if len(c.without) > 0 && p.first(factDrop) {
		p.c.cfg.Say("left out of the bodies: %s", strings.Join(c.without, ", "))
	}
}

// DroppedNone reports whether no body has had any of the members of Config.Drop.
func (c *Client) DroppedNone() bool { return len(c.cfg.Drop) > 0 && !c.prep.logged[factDrop].Load() }

// change is an edit of a JSON object.
type change struct {
	pairs   [5]pair // the first n come before the other members and replace those of the same names
	n       int
	without []string  // members to remove
	buf     [128]byte // for the result of apply
}

type pair struct {
	name  string
	value []byte
}

func (c *change) set(name string, value []byte) {
	c.pairs[c.n] = pair{name, value}
	c.n++
}

// apply returns the edited body in two parts; the first is nil if nothing changes. The members that stay keep their
// bytes.
func (c *change) apply(body []byte, keys fastjson.Members) (front, rest []byte) {
	if c.n == 0 && len(c.without) == 0 {
		return nil, body
	}
	replaces := len(c.without) > 0
	front = append(c.buf[:0], '{')
	for _, p := range c.pairs[:c.n] {
		front = append(append(append(append(front, '"'), p.name...), `":`...), p.value...)
		front = append(front, ',')
		replaces = replaces || keys.Get(p.name) != nil
	}
	if !replaces && len(keys) > 0 {
		return front, bytes.TrimSpace(body)[1:]
	}
	for _, m := range keys {
		if !c.replaces(m.Name) {
			front = append(append(front, m.Pair...), ',')
		}
	}
	return append(bytes.TrimSuffix(front, []byte{','}), '}'), nil
}

func (c *change) replaces(name []byte) bool {
	return slices.ContainsFunc(c.pairs[:c.n], func(p pair) bool { return string(name) == p.name }) ||
		slices.Contains(c.without, string(name))
}
