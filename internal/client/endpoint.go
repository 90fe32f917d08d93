package client

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"llmperf/internal/api"
)

// endpoint is where requests go: one URL, with what is the same for each request to it.
type endpoint struct {
	url     string // without userinfo
	method  string
	addr    string // host:port
	origin  string // the scheme with addr
	secure  bool   // https
	lean    bool   // the fast transport can go there
	proxied bool
	dialect api.Dialect
	memo    *api.Memo                       // nil: events are read by the dialect's Reader
	read    func([]byte) (api.Event, error) // of memo, made once
	ranks   bool                            // its answers are items rather than text
	stream  bool                            // the bodies ask for streams
	headers []field
	head    []byte                 // all of a request's head that is the same for each
	at      atomic.Pointer[origin] // the fast transport's connections there
}

type field struct{ name, value string }

func newEndpoint(cfg *Config, u *url.URL, method string, d api.Dialect, stream bool) *endpoint {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	clean := *u
	clean.User, clean.Fragment = nil, ""
	e := &endpoint{
		url: clean.String(), method: method, addr: net.JoinHostPort(u.Hostname(), port), dialect: d,
		memo: d.Memo(), stream: stream, ranks: d.Op == "embedding" || d.Op == "rerank" || d.Op == "score",
	}
	if e.memo != nil {
		e.read = e.memo.Read
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &clean})
	e.secure, e.origin = u.Scheme == "https", u.Scheme+"://"+e.addr
	e.proxied = proxy != nil && cfg.Network.Unix == ""
	e.lean = (proxy == nil && err == nil || cfg.Network.Unix != "") && !cfg.Network.HTTP2
	e.add("Content-Type", "application/json")
	e.add("User-Agent", "perf-send")
	if cfg.Network.NoKeepAlive && !cfg.Network.HTTP2 { // which has no such header
		e.add("Connection", "close")
	}
	if cfg.Compressed {
		e.add("Accept-Encoding", acceptEncoding)
	}
	for name, value := range d.Headers {
		e.add(name, value)
	}
	if stream {
		for name, value := range d.StreamHeaders {
			e.add(name, value)
		}
	}
	if cfg.APIKey != "" && d.KeyHeader != "" {
		e.add(d.KeyHeader, cfg.APIKey)
	} else if cfg.APIKey != "" {
		e.add("Authorization", "Bearer "+cfg.APIKey)
	}
	for name, value := range cfg.Headers {
		e.add(name, value)
	}
	e.head = append(e.head, method+" "+clean.RequestURI()+" HTTP/1.1\r\nHost: "+u.Host+"\r\n"...)
	for _, f := range e.headers {
		e.head = append(e.head, f.name+": "+f.value+"\r\n"...)
	}
	return e
}

// reader gives what reads the events of one stream.
func (e *endpoint) reader() func([]byte) (api.Event, error) {
	if e.memo != nil {
		return e.read
	}
	return e.dialect.Reader()
}

// add sets a header, in place of one of the same name.
func (e *endpoint) add(name, value string) {
	name = textproto.CanonicalMIMEHeaderKey(name)
	for i := range e.headers {
		if e.headers[i].name == name {
			e.headers[i].value = value
			return
		}
	}
	e.headers = append(e.headers, field{name, value})
}

// appendHead writes the head of c as HTTP/1.1 has it.
func (c *call) appendHead(b []byte) []byte {
	if len(c.headers) == 0 {
		b = append(b, c.ep.head...)
	} else {
		b = c.appendOwnHead(b)
	}
	b = append(b, "X-Request-Id: "...)
	b = append(b, c.id...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.body)), 10)
	return append(b, "\r\n\r\n"...)
}

// appendOwnHead writes the first line and the headers where the request has some of its own.
func (c *call) appendOwnHead(b []byte) []byte {
	e := endpoint{headers: slices.Clone(c.ep.headers)}
	for name, value := range c.headers {
		e.add(name, value)
	}
	line := strings.SplitAfterN(string(c.ep.head), "\r\n", 3)
	b = append(b, line[0]+line[1]...)
	for _, f := range e.headers {
		b = append(b, f.name+": "+f.value+"\r\n"...)
	}
	return b
}

// secrets are the headers that nobody is shown.
var secrets = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Goog-Api-Key"}

// describe is the request line and the headers, for people: secrets are masked.
func (c *call) describe() []byte {
	b := fmt.Appendf(nil, "%s %s", c.ep.method, c.ep.url)
	h := c.httpHeader()
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := h.Get(name)
		if slices.Contains(secrets, name) || name == textproto.CanonicalMIMEHeaderKey(c.ep.dialect.KeyHeader) {
			value = "***"
		}
		b = fmt.Appendf(b, " %s: %q", name, value)
	}
	return b
}

func (c *call) httpHeader() http.Header {
	h := make(http.Header, len(c.ep.headers)+2)
	for _, f := range c.ep.headers {
		h.Set(f.name, f.value)
	}
	for name, value := range c.headers {
		h.Set(name, value)
	}
	h.Set("X-Request-Id", c.id)
	return h
}
