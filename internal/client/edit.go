package client

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// edit is what the line format lets the sender change in a body, each change said once.
func (p *preparer) edit(ctx context.Context, ep *endpoint, keys fastjson.Members) (c change, err error) {
	model := keys.Get("model")
	switch {
	case ep.dialect.NoModel:
	case p.c.cfg.Served != "":
		if model == nil || model.String() != p.c.cfg.Served {
			c.set("model", quoted(p.c.cfg.Served))
			if p.first(saidModel) {
				p.c.cfg.Say("the model in the bodies is replaced by %q, the name that the server serves", p.c.cfg.Served)
			}
		}
	case model == nil || is(model, "null") || is(model, `""`):
		name, err := p.modelName(ctx)
		if err != nil {
			return c, err
		}
		c.set("model", quoted(name))
		if p.first(saidModel) {
			p.c.cfg.Say("bodies without a model get %q", name)
		}
	}
	if is(keys.Get("stream"), "true") && !p.c.cfg.NoUsage && asksUsage(ep.dialect) {
		if options := withUsage(keys.Get("stream_options")); options != nil {
			c.set("stream_options", options)
			if p.first(saidUsage) {
				p.c.cfg.Say("adding stream_options.include_usage to streamed requests (--no-usage does not)")
			}
		}
	}
	if len(p.c.cfg.Drop) > 0 {
		p.drop(&c, keys)
	}
	return c, nil
}

func is(m *fastjson.Member, value string) bool { return m != nil && string(m.Value) == value }

func quoted(s string) []byte {
	b, _ := json.MarshalWithOption(s, json.DisableHTMLEscape()) // a string always marshals
	return b
}

// asksUsage says whether d knows stream_options.
func asksUsage(d api.Dialect) bool {
	return d.Name == "openai" && (d.Op == "chat" || d.Op == "completion")
}

// withUsage is what options become so that a stream tells its usage; nil: they stay.
func withUsage(options *fastjson.Member) []byte {
	const usage = `"include_usage":true`
	if options == nil || is(options, "null") {
		return []byte("{" + usage + "}")
	}
	members, err := fastjson.AppendMembers(nil, options.Value)
	switch {
	case err != nil || members.Get("include_usage") != nil: // no object, which is the server's business, or it is said
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
	if len(c.without) > 0 && p.first(saidDrop) {
		p.c.cfg.Say("left out of the bodies: %s", strings.Join(c.without, ", "))
	}
}

// change is what becomes of an object.
type change struct {
	pairs   [2]pair // put in front of the others, in the place of those of the same names
	n       int
	without []string
	room    [128]byte
}

type pair struct {
	name  string
	value []byte
}

func (c *change) set(name string, value []byte) {
	c.pairs[c.n] = pair{name, value}
	c.n++
}

// apply gives what the body becomes, in two parts; the first is nil where nothing changes. What is left of it stays as it
// is written.
func (c *change) apply(body []byte, keys fastjson.Members) (front, rest []byte) {
	if c.n == 0 && len(c.without) == 0 {
		return nil, body
	}
	replaces := len(c.without) > 0
	front = append(c.room[:0], '{')
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
