package client

import (
	"net"
	"net/url"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/mask"
)

// endpoint is where requests go: one URL, with what is the same for each request to it.
type endpoint struct {
	url     string // without userinfo
	shown   string // the same without its secrets
	method  string
	addr    string // host:port
	server  string // the scheme with addr
	secure  bool   // https
	proxy   string // the proxy's URL without its secrets, "" is none
	dialect api.Dialect
	memo    *api.Memo                       // nil: events are read by the dialect's Reader
	read    func([]byte) (api.Event, error) // of memo, made once
	ranks   bool                            // its answers are items rather than text
	stream  bool                            // the bodies ask for streams
	fields  fields
	head    []byte        // all of a request's head that is the same for each
	secrets *mask.Secrets // hidden in what is said of it
	origin  *http1.Origin // for direct; nil: another transport sends its requests
}

func newEndpoint(c *Client, u *url.URL, method string, d api.Dialect, stream bool) *endpoint {
	cfg := &c.cfg
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	clean := *u
	clean.User, clean.Fragment, clean.RawFragment = nil, "", ""
	clean.RawQuery = escapeQuery(clean.RawQuery)
	e := &endpoint{
		url: clean.String(), method: method, addr: net.JoinHostPort(u.Hostname(), port), dialect: d,
		memo: d.Memo(), stream: stream, ranks: d.Op == "embedding" || d.Op == "rerank" || d.Op == "score",
	}
	e.shown = mask.URL(e.url)
	if e.memo != nil {
		e.read = e.memo.Read
	}
	e.secure, e.server = u.Scheme == "https", u.Scheme+"://"+e.addr
	proxy, _, err := c.Proxy(u)
	if proxy != nil {
		e.proxy = mask.URL(proxy.String())
	}
	if proxy == nil && err == nil && !cfg.Network.HTTP2 && c.direct != nil {
		e.origin = c.direct.Origin(e.addr, e.secure)
	}
	e.fields = fieldsOf(cfg, u, d, stream)
	e.head = e.fields.append(nil, method, clean.RequestURI())
	e.secrets = c.secretsOf(u)
	return e
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// reader returns what reads the events of one stream.
func (e *endpoint) reader() func([]byte) (api.Event, error) {
	if e.memo != nil {
		return e.read
	}
	return e.dialect.Reader()
}
