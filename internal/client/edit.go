package client

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"llmperf/internal/api"
	"llmperf/internal/request"
)

// edit makes the changes to a body that the line format lets the sender make, each said once.
func (p *preparer) edit(ctx context.Context, ep *endpoint, body []byte, keys request.Members, a *request.Arena) ([]byte, error) {
	var c change
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
			return nil, err
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
				p.c.cfg.Say("streams are asked for their usage (stream_options.include_usage; --no-usage leaves it)")
			}
		}
	}
	if len(p.c.cfg.Drop) > 0 {
		p.drop(&c, keys)
	}
	return c.apply(body, keys, a), nil
}

func is(m *request.Member, value string) bool { return m != nil && string(m.Value) == value }

func quoted(s string) []byte {
	b, _ := json.MarshalWithOption(s, json.DisableHTMLEscape()) // a string always marshals
	return b
}

// asksUsage says whether d knows stream_options.
func asksUsage(d api.Dialect) bool {
	return d.Name == "openai" && (d.Op == "chat" || d.Op == "completion")
}

// withUsage is what options become so that a stream tells its usage; nil: they stay.
func withUsage(options *request.Member) []byte {
	const usage = `"include_usage":true`
	if options == nil || is(options, "null") {
		return []byte("{" + usage + "}")
	}
	members, err := request.AppendMembers(nil, options.Value)
	switch {
	case err != nil || members.Get("include_usage") != nil: // no object, which is the server's business, or it is said
		return nil
	case len(members) == 0:
		return []byte("{" + usage + "}")
	}
	return slices.Concat([]byte("{"+usage+","), bytes.TrimLeft(options.Value[1:], " \t\r\n"))
}

func (p *preparer) drop(c *change, keys request.Members) {
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
}

type pair struct {
	name  string
	value []byte
}

func (c *change) set(name string, value []byte) {
	c.pairs[c.n] = pair{name, value}
	c.n++
}

// apply makes the change. What it leaves stays as it is written.
func (c *change) apply(body []byte, keys request.Members, a *request.Arena) []byte {
	if c.n == 0 && len(c.without) == 0 {
		return body
	}
	front := make([]byte, 1, 128)
	front[0] = '{'
	replaces := false
	for _, p := range c.pairs[:c.n] {
		front = append(append(append(append(front, '"'), p.name...), `":`...), p.value...)
		front = append(front, ',')
		replaces = replaces || keys.Get(p.name) != nil
	}
	if !replaces && len(c.without) == 0 && len(keys) > 0 {
		return a.Join(front, bytes.TrimSpace(body)[1:])
	}
	out := bytes.Clone(front)
	for _, m := range keys {
		if !c.replaces(m.Name) {
			out = append(append(out, m.Pair...), ',')
		}
	}
	return append(bytes.TrimSuffix(out, []byte{','}), '}')
}

func (c *change) replaces(name []byte) bool {
	return slices.ContainsFunc(c.pairs[:c.n], func(p pair) bool { return string(name) == p.name }) ||
		slices.Contains(c.without, string(name))
}
