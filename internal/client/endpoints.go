package client

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/load"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

// endpointKey identifies an endpoint.
type endpointKey struct{ method, url, op string }

// endpointCache maps all that determines the endpoint of a request to it: the method and URL of its line, the server
// whose turn it is, the names of the body's members, and whether the body asks for a stream. Requests whose endpoint
// depends on more of the body are not cached.
type endpointCache struct {
	mu    sync.RWMutex
	found map[string]*endpoint
}

// maxCachedEndpoints bounds the cache, in case each body has members of its own.
const maxCachedEndpoints = 1000

func (c *endpointCache) get(key []byte) *endpoint {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.found[string(key)]
}

func (c *endpointCache) put(key []byte, ep *endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil {
		c.found = map[string]*endpoint{}
	}
	if len(c.found) < maxCachedEndpoints {
		c.found[string(key)] = ep
	}
}

// appendCacheKey appends the key of endpointCache for a request to the server with that number.
func appendCacheKey(b []byte, req *load.Request, server int, keys fastjson.Members) []byte {
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

// find returns the endpoint of a request by the rule of the line format: Config.API, else the URL of its line, else the
// path of Config.URL, else the shape of the body.
func (p *preparer) find(req *load.Request, keys fastjson.Members) (*endpoint, error) {
	turn, server := p.server(req.Part)
	var buf [256]byte
	cacheKey := appendCacheKey(buf[:0], req, turn, keys)
	if ep := p.cache.get(cacheKey); ep != nil {
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
	d, alike, err := p.dialect(base.Path, req.Body)
	if err != nil {
		return nil, err
	}
	model := keys.Get("model")
	if model == nil {
		model = new(fastjson.Member)
	}
	stream, uniform := d.Streams(req.Body), d.Uniform()
	d = d.For(cmp.Or(p.c.cfg.Served, model.String(), p.c.cfg.Model), stream)
	u, why := &base, "the line names it"
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
		p.cache.put(cacheKey, ep)
	}
	return ep, nil
}

// server returns the next of the servers, which are used in turn, and its number. Lines are prepared in their order,
// one at a time, so that the same lines go to the same servers each time. The requests of a session go to one server,
// whose cache knows their history.
func (p *preparer) server(of *load.Session) (turn int, u *url.URL) {
	more := p.c.cfg.More
	if len(more) == 0 {
		return 0, p.c.cfg.URL
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if of == nil || of != p.last {
		p.last, p.turn = of, p.prepared%(len(more)+1)
		p.prepared++
	}
	if p.turn > 0 {
		return p.turn, more[p.turn-1]
	}
	return 0, p.c.cfg.URL
}

var errNoAPI = failFor("no-api", record.KindRequest, "the body fits no known API, and the URL names none")

// dialect returns the dialect of a body for a URL's path. alike reports whether all bodies with the same members have
// it.
func (p *preparer) dialect(path string, body []byte) (d api.Dialect, alike bool, err error) {
	if p.c.cfg.Custom != nil {
		return *p.c.cfg.Custom, true, nil
	}
	d, alike, ok := api.Select(p.c.cfg.API, path, body)
	switch {
	case ok:
		return d, alike, nil
	case d.Name == "":
		return d, false, errNoAPI
	case d.Need == "":
		return d, false, fmt.Errorf("the body is not one for %s %s", d.Name, d.Op)
	}
	return d, false, fmt.Errorf("the body has no %q, which %s %s needs", d.Need, d.Name, d.Op)
}

// join resolves the URL of a line on the server's origin. It rejects another origin, which would receive the API key.
func (p *preparer) join(base *url.URL, ref string) (*url.URL, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("url is not a URL: %.60q", ref)
	}
	if u.Scheme == "" && u.Host == "" && u.Path != "" && u.Path[0] != '/' {
		u.Path = "/" + u.Path // relative to the origin, not to base
	}
	u = base.ResolveReference(u)
	ours := base
	if !sameOrigin(u, base) {
		if ours = p.c.serverOf(u); ours == nil {
			return nil, fmt.Errorf("url: %s is not on %s, and another server must not see the API key",
				mask.URL(ref), base.Host)
		}
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
