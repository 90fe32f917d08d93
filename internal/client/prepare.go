package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/mask"
	"perfpipe/internal/request"
)

// preparer finds the endpoint of each request and makes the few changes that bodies may get.
type preparer struct {
	c         *Client
	endpoints sync.Map // endpointKey → *endpoint
	ways      ways
	said      [facts]atomic.Bool
	asked     atomic.Uint64 // requests prepared
	model     sync.Mutex
	served    string // the first model of the server, once it was asked for
}

type endpointKey struct{ method, url, op string }

// ways are the endpoints that were found, by all that tells them: what a line says beside its body, the server whose turn it
// is, the names of the body's members and whether it asks for a stream. Where more of the body has a say there is no way.
type ways struct {
	mu    sync.RWMutex
	known map[string]*endpoint
}

// mostWays bounds ways, should each of the bodies have names of its own.
const mostWays = 1000

func (w *ways) get(key []byte) *endpoint {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.known[string(key)]
}

func (w *ways) put(key []byte, ep *endpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		w.known = map[string]*endpoint{}
	}
	if len(w.known) < mostWays {
		w.known[string(key)] = ep
	}
}

// appendWay writes the key of ways.
func appendWay(b []byte, req *request.Request, server int, keys fastjson.Members) []byte {
	b = binary.AppendUvarint(b, uint64(server))
	b = append(binary.AppendUvarint(b, uint64(len(req.Method))), req.Method...)
	b = append(binary.AppendUvarint(b, uint64(len(req.URL))), req.URL...)
	for i := range keys {
		b = append(binary.AppendUvarint(b, uint64(len(keys[i].Name))), keys[i].Name...)
		if string(keys[i].Name) == "stream" {
			b = append(binary.AppendUvarint(b, uint64(len(keys[i].Value))), keys[i].Value...)
		}
	}
	return b
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
	return p.prepare(ctx, req)
}

// prepare is kept off the stacks of requests that were prepared ahead of time.
//
//go:noinline
func (p *preparer) prepare(ctx context.Context, req *request.Request) (*endpoint, error) {
	room := rooms.Get().(*fastjson.Members)
	defer rooms.Put(room)
	if req.Turns == nil {
		return p.single(ctx, req, room)
	}
	var ep *endpoint
	for i := range req.Turns {
		body := &req.Turns[i].Body
		keys, err := membersOf(*body, room)
		if err != nil {
			return nil, err
		}
		if ep == nil {
			if ep, err = p.find(req, *body, keys); err != nil {
				return nil, err
			}
		}
		if keys.Get("messages") == nil {
			return nil, fmt.Errorf("turns[%d].body has no messages", i)
		}
		c, err := p.edit(ctx, ep, keys)
		if err != nil {
			return nil, err
		}
		if front, rest := c.apply(*body, keys); front != nil {
			*body = slices.Concat(front, rest)
		}
	}
	req.Target = ep
	return ep, nil
}

// single prepares a request that is one body, and gives it memory of its own.
func (p *preparer) single(ctx context.Context, req *request.Request, room *fastjson.Members) (*endpoint, error) {
	keys := req.Members
	if len(keys) == 0 {
		var err error
		if keys, err = membersOf(req.Body, room); err != nil {
			return nil, err
		}
	}
	ep, err := p.find(req, req.Body, keys)
	if err != nil {
		return nil, err
	}
	if req.Most = most(keys); req.PromptTokens == 0 {
		req.PromptTokens = tokenIDs(keys)
	}
	if is(keys.Get("ignore_eos"), "true") {
		req.Want = req.Most
	}
	c, err := p.edit(ctx, ep, keys)
	if err != nil {
		return nil, err
	}
	req.Own(c.apply(req.Body, keys))
	req.Target, req.Members = ep, nil
	return ep, nil
}

// rooms is memory for members, used again.
var rooms = sync.Pool{New: func() any { return new(fastjson.Members) }}

func membersOf(body []byte, room *fastjson.Members) (fastjson.Members, error) {
	var err error
	if *room, err = fastjson.AppendMembers((*room)[:0], body); err != nil {
		return nil, errors.New("the body is not a JSON object")
	}
	return *room, nil
}

// find gives the endpoint by the rule of the line format: --api, else the envelope's url, else the path of --url, else
// the body's shape.
func (p *preparer) find(req *request.Request, body []byte, keys fastjson.Members) (*endpoint, error) {
	turn, server := p.server()
	var room [256]byte
	way := appendWay(room[:0], req, turn, keys)
	if ep := p.ways.get(way); ep != nil {
		return ep, nil
	}
	base := *server
	if req.URL != "" {
		u, err := p.join(server, req.URL)
		if err != nil {
			return nil, err
		}
		base = *u
	}
	d, alike, err := p.dialect(base.Path, body)
	if err != nil {
		return nil, err
	}
	model := keys.Get("model")
	if model == nil {
		model = new(fastjson.Member)
	}
	stream, uniform := d.Streams(body), d.Uniform()
	d = d.For(cmp.Or(p.c.cfg.Served, model.String(), p.c.cfg.Model), stream)
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
		got, known = p.endpoints.LoadOrStore(key, newEndpoint(p.c, u, method, d, stream))
	}
	ep := got.(*endpoint)
	if !known && p.c.cfg.Debug != nil {
		p.c.cfg.Debug("-", "endpoint", fmt.Appendf(nil, "%s (%s, %s): %s", ep.shown, d.Name, d.Op, why))
	}
	if alike && uniform {
		p.ways.put(way, ep)
	}
	return ep, nil
}

// server is the next of those to ask in turn. Lines are prepared in their order, one at a time, so that the same lines
// go to the same servers each time.
func (p *preparer) server() (turn int, u *url.URL) {
	n := len(p.c.cfg.More)
	if n == 0 {
		return 0, p.c.cfg.URL
	}
	if i := int(p.asked.Add(1)-1) % (n + 1); i > 0 {
		return i, p.c.cfg.More[i-1]
	}
	return 0, p.c.cfg.URL
}

func (p *preparer) dialect(path string, body []byte) (d api.Dialect, alike bool, err error) {
	if p.c.cfg.Custom != nil {
		return *p.c.cfg.Custom, true, nil
	}
	d, alike, ok := api.Select(p.c.cfg.API, path, body)
	switch {
	case ok:
		return d, alike, nil
	case d.Name == "":
		return d, false, errors.New("the body's shape is no known API's, and neither --api nor the URL names one")
	case d.Need == "":
		return d, false, fmt.Errorf("the body is not one for %s %s", d.Name, d.Op)
	}
	return d, false, fmt.Errorf("the body has no %q, which %s %s needs", d.Need, d.Name, d.Op)
}

// most is how many tokens the answer to a body may have, and must where the model is to ignore its end; 0: it does not say.
func most(keys fastjson.Members) int {
	m := keys.Get("max_completion_tokens")
	if m == nil {
		m = keys.Get("max_tokens")
	}
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m.Value))
	return n
}

// tokenIDs is how many token ids the prompt is, 0 if it is something else.
func tokenIDs(keys fastjson.Members) int {
	for i := range keys {
		v := keys[i].Value
		if len(v) < 3 || v[0] != '[' || v[1] < '0' || v[1] > '9' || bytes.IndexByte(v[1:], '[') >= 0 {
			continue
		}
		switch string(keys[i].Name) {
		case "prompt", "input_ids", "input":
			return bytes.Count(v, []byte{','}) + 1
		}
	}
	return 0
}

// join resolves an envelope's url on the server's origin. Another origin is refused: it would be given the API key.
func (p *preparer) join(base *url.URL, ref string) (*url.URL, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("url is no URL: %.60q", ref)
	}
	if u.Scheme == "" && u.Host == "" && u.Path != "" && u.Path[0] != '/' { // a path is the origin's, not one beside base's
		u.Path = "/" + u.Path
	}
	u = base.ResolveReference(u)
	var ours *url.URL
	for _, s := range append([]*url.URL{base, p.c.cfg.URL}, p.c.cfg.More...) {
		if ours == nil && sameOrigin(u, s) {
			ours = s
		}
	}
	if ours == nil {
		return nil, fmt.Errorf("url: %s is not on %s, and another server must not see the API key", mask.URL(ref), base.Host)
	}
	if u.User == nil {
		u.User = ours.User
	}
	return u, nil
}

func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string { return cmp.Or(u.Port(), defaultPort(u.Scheme)) }
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// What is said once.
const (
	saidModel = iota
	saidUsage
	saidDrop
	saidKey
	facts
)

// first says whether a fact is so for the first time, and somebody wants to know.
func (p *preparer) first(fact int) bool {
	return !p.said[fact].Load() && !p.said[fact].Swap(true) && p.c.cfg.Say != nil
}

// saved is the request line, for the record, without secrets: it can be sent again with those of that time.
func saved(req *request.Request) json.RawMessage {
	line := *req
	line.URL = mask.URL(req.URL)
	if len(req.Headers) > 0 {
		line.Headers = maps.Clone(req.Headers)
		maps.DeleteFunc(line.Headers, func(name, _ string) bool { return mask.Name(name) })
		if len(line.Headers) == 0 {
			line.Headers = nil
		}
	}
	b, err := line.Line(nil)
	if err != nil { // its parts were read from valid JSON
		return nil
	}
	return b
}
