package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"llmperf/internal/api"
	"llmperf/internal/request"
)

// preparer finds the endpoint of each request and makes the few changes that bodies may get.
type preparer struct {
	c         *Client
	endpoints sync.Map // endpointKey → *endpoint
	ways      sync.Map // wayKey → *endpoint, where the body has no say but for the key it needs
	said      sync.Map
	asked     atomic.Uint64 // requests prepared
	model     sync.Mutex
	served    string // the first model of the server, once it was asked for
}

type endpointKey struct{ method, url, op string }

// wayKey is what tells the endpoint of a request together with its body's shape.
type wayKey struct {
	method, url string
	server      *url.URL
}

// Prepare finds out where req goes and makes the changes to its body that the client may make, ahead of time. Its error
// is the line's fault, or the server's where it must be asked for its model. Do prepares what was not.
func (c *Client) Prepare(ctx context.Context, req *request.Request) error {
	_, err := c.prep.endpoint(ctx, req)
	return err
}

func (p *preparer) endpoint(ctx context.Context, req *request.Request) (*endpoint, error) {
	if ep, ok := req.Target.(*endpoint); ok {
		return ep, nil
	}
	one := [1]*json.RawMessage{&req.Body}
	bodies := one[:]
	if req.Turns != nil {
		bodies = nil
		for i := range req.Turns {
			bodies = append(bodies, &req.Turns[i].Body)
		}
	}
	var ep *endpoint
	keys := keyLists.Get().(*topKeys)
	defer keyLists.Put(keys)
	for i, body := range bodies {
		err := keys.read(*body)
		if err != nil {
			return nil, err
		}
		if ep == nil {
			if ep, err = p.find(req, *body, *keys); err != nil {
				return nil, err
			}
		}
		if req.Turns != nil && !keys.has("messages") {
			return nil, fmt.Errorf("turns[%d].body has no messages", i)
		}
		if req.Turns == nil {
			req.Want = wanted(*keys)
		}
		if *body, err = p.edit(ctx, ep, *body, *keys); err != nil {
			return nil, err
		}
	}
	req.Target = ep
	return ep, nil
}

// find gives the endpoint by the rule of the line format: --api, else the envelope's url, else the path of --url, else
// the body's shape.
func (p *preparer) find(req *request.Request, body []byte, keys topKeys) (*endpoint, error) {
	server := p.server()
	way := wayKey{req.Method, req.URL, server}
	if ep, ok := p.ways.Load(way); ok && keys.has(ep.(*endpoint).dialect.Need) {
		return ep.(*endpoint), nil
	}
	base := *server
	if req.URL != "" {
		u, err := p.join(server, req.URL)
		if err != nil {
			return nil, err
		}
		base = *u
	}
	d, err := p.dialect(base.Path, body)
	if err != nil {
		return nil, err
	}
	model, _ := keys.get("model")
	stream := d.Streams(body)
	d = d.For(cmp.Or(p.c.cfg.Served, model.Str, p.c.cfg.Model), stream)
	u, why := &base, "the line says it"
	if req.URL == "" {
		u, why = d.Rule(&base)
	}
	method := cmp.Or(req.Method, d.Method, http.MethodPost)
	key := endpointKey{method, u.String(), d.Op}
	if stream {
		key.op += " stream"
	}
	got, known := p.endpoints.Load(key)
	if !known {
		got, known = p.endpoints.LoadOrStore(key, newEndpoint(&p.c.cfg, u, method, d, stream))
	}
	ep := got.(*endpoint)
	if !known && p.c.cfg.Debug != nil {
		p.c.cfg.Debug("-", "endpoint", fmt.Appendf(nil, "%s (%s, %s): %s", ep.url, d.Name, d.Op, why))
	}
	if _, whole := api.ForPath(base.Path); whole && (d.Op == "chat" || d.Op == "completion") && d.Name == "openai" {
		p.ways.Store(way, ep)
	}
	return ep, nil
}

// server is the next of those to ask in turn. Lines are prepared in their order, one at a time, so that the same lines
// go to the same servers each time.
func (p *preparer) server() *url.URL {
	n := len(p.c.cfg.More)
	if n == 0 {
		return p.c.cfg.URL
	}
	if i := int(p.asked.Add(1)-1) % (n + 1); i > 0 {
		return p.c.cfg.More[i-1]
	}
	return p.c.cfg.URL
}

func (p *preparer) dialect(path string, body []byte) (api.Dialect, error) {
	if p.c.cfg.Custom != nil {
		return *p.c.cfg.Custom, nil
	}
	d, ok := api.Select(p.c.cfg.API, path, body)
	switch {
	case ok:
		return d, nil
	case d.Name == "":
		return d, errors.New("the body's shape is no known API's, and neither --api nor the URL names one")
	case d.Need == "":
		return d, fmt.Errorf("the body is not one for %s %s", d.Name, d.Op)
	}
	return d, fmt.Errorf("the body has no %q, which %s %s needs", d.Need, d.Name, d.Op)
}

// wanted is how many tokens the answer to a body must have: max_tokens, where the model is to ignore its end.
func wanted(keys topKeys) int {
	if ignore, _ := keys.get("ignore_eos"); ignore.Type != gjson.True {
		return 0
	}
	most, ok := keys.get("max_completion_tokens")
	if !ok {
		most, _ = keys.get("max_tokens")
	}
	return int(most.Int())
}

// join resolves an envelope's url on the server's origin. Another origin is refused: it would be given the API key.
func (p *preparer) join(base *url.URL, ref string) (*url.URL, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	ours := func(s *url.URL) bool { return u.Scheme == s.Scheme && u.Host == s.Host }
	if u.Host != "" && !ours(p.c.cfg.URL) && !slices.ContainsFunc(p.c.cfg.More, ours) {
		return nil, fmt.Errorf("url: %s is not on %s, and another server must not see the API key", ref, base.Host)
	}
	return base.ResolveReference(u), nil
}

// topKeys are the keys of an object's top level.
type topKeys struct{ list []gjson.Result }

func (k topKeys) get(key string) (value gjson.Result, ok bool) {
	for i := 0; i < len(k.list); i += 2 {
		if k.list[i].Str == key {
			return k.list[i+1], true
		}
	}
	return gjson.Result{}, false
}

func (k topKeys) has(key string) bool {
	_, ok := k.get(key)
	return ok
}

// keyLists spares each request the memory of its keys.
var keyLists = sync.Pool{New: func() any { return new(topKeys) }}

func (k *topKeys) read(body []byte) error {
	k.list = k.list[:0]
	r := gjson.ParseBytes(body)
	if !r.IsObject() {
		return errors.New("the body is not a JSON object")
	}
	r.ForEach(func(key, value gjson.Result) bool {
		k.list = append(k.list, key, value)
		return true
	})
	return nil
}

// once says a fact the first time that it is so.
func (p *preparer) once(key, format string, args ...any) {
	if _, said := p.said.LoadOrStore(key, true); !said && p.c.cfg.Say != nil {
		p.c.cfg.Say(format, args...)
	}
}

// edit makes the changes that the line format lets the sender make, each said once.
func (p *preparer) edit(ctx context.Context, ep *endpoint, body []byte, keys topKeys) ([]byte, error) {
	var insert []byte
	model, has := keys.get("model")
	switch {
	case p.c.cfg.Served != "" && !ep.dialect.NoModel:
		if model.Str != p.c.cfg.Served {
			body = without(body, keys, []string{"model"})
			insert = appendPair(insert, "model", p.c.cfg.Served)
			p.once("model", "the model in the bodies is replaced by %q, the name that the server serves", p.c.cfg.Served)
		}
	case !ep.dialect.NoModel && (!has || model.Type == gjson.Null || model.Str == ""):
		name, err := p.modelName(ctx)
		if err != nil {
			return nil, err
		}
		body = without(body, keys, []string{"model"})
		insert = appendPair(insert, "model", name)
		p.once("model", "bodies without a model get %q", name)
	}
	if drop := p.dropped(keys); len(drop) > 0 {
		body = without(body, keys, drop)
		p.once("drop", "left out of the bodies: %s", strings.Join(drop, ", "))
	}
	stream, _ := keys.get("stream")
	if stream.Type == gjson.True && !p.c.cfg.NoUsage && asksUsage(ep.dialect) {
		options, has := keys.get("stream_options")
		switch {
		case !has || options.Type == gjson.Null:
			body = without(body, keys, []string{"stream_options"})
			insert = append(insert, `"stream_options":{"include_usage":true},`...)
			p.once("usage", "streams are asked for their usage (stream_options.include_usage; --no-usage leaves it)")
		case options.IsObject() && !options.Get("include_usage").Exists():
			raw := `"stream_options":{"include_usage":true,` + strings.TrimLeft(options.Raw[1:], " \t\r\n")
			raw = strings.TrimSuffix(raw, ",}") // the options were empty
			if !strings.HasSuffix(raw, "}") {
				raw += "}"
			}
			body = without(body, keys, []string{"stream_options"})
			insert = append(insert, raw+","...)
			p.once("usage", "streams are asked for their usage (stream_options.include_usage; --no-usage leaves it)")
		}
	}
	return splice(body, insert), nil
}

// asksUsage says whether d knows stream_options.
func asksUsage(d api.Dialect) bool {
	return d.Name == "openai" && (d.Op == "chat" || d.Op == "completion")
}

func (p *preparer) dropped(keys topKeys) []string {
	var drop []string
	for _, k := range p.c.cfg.Drop {
		if keys.has(k) {
			drop = append(drop, k)
		}
	}
	return drop
}

func appendPair(b []byte, key, value string) []byte {
	v, _ := json.MarshalWithOption(value, json.DisableHTMLEscape()) // a string always marshals
	return append(append(append(b, `"`+key+`":`...), v...), ',')
}

// splice puts pairs, which end with a comma, in front of an object's own.
func splice(body, pairs []byte) []byte {
	if len(pairs) == 0 {
		return body
	}
	body = bytes.TrimSpace(body)
	if rest := bytes.TrimLeft(body[1:], " \t\r\n"); rest[0] == '}' {
		pairs = bytes.TrimSuffix(pairs, []byte{','})
	}
	return slices.Concat([]byte{'{'}, pairs, body[1:])
}

// without leaves keys out of an object. The other pairs stay as they are written. keys must be body's own, or more.
func without(body []byte, keys topKeys, drop []string) []byte {
	if !slices.ContainsFunc(drop, keys.has) {
		return body
	}
	var left topKeys
	left.read(body) // an object, as its caller knows
	out := []byte{'{'}
	for i := 0; i < len(left.list); i += 2 {
		if slices.Contains(drop, left.list[i].Str) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, left.list[i].Raw...), ':'), left.list[i+1].Raw...)
	}
	return append(out, '}')
}

// saved is the request line, for the record.
func saved(req *request.Request) json.RawMessage {
	b, err := req.MarshalJSON()
	if err != nil { // its parts were read from valid JSON
		return nil
	}
	return b
}
