package client

import (
	"cmp"
	"net"
	"net/url"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/mask"
)

// endpoint is a URL to which requests are sent, with all that they have in common.
type endpoint struct {
	url     string // without userinfo
	shown   string // url without secrets
	method  string
	addr    string // host:port
	host    string
	server  string // scheme://addr
	overTLS bool
	proxy   string // the proxy's URL without secrets; empty: none
	dialect api.Dialect
	memo    *api.Memo                       // nil: the dialect's Reader reads events
	read    func([]byte) (api.Event, error) // of memo, created once
	ranks   bool                            // answers are items rather than text
	noTimes bool                            // the times that servers report are not read
	stream  bool                            // bodies ask for streams
	fields  fields
	head    []byte        // the common part of a request's head
	secrets *mask.Secrets // are hidden in messages
	origin  *http1.Origin // for direct; nil: another transport sends its requests
}

func newEndpoint(c *Client, u *url.URL, method string, d api.Dialect, stream bool) *endpoint {
	cfg := &c.cfg
	clean := *u
	clean.User, clean.Fragment, clean.RawFragment = nil, "", ""
	clean.RawQuery = escapeQuery(clean.RawQuery)
	e := &endpoint{
		url: clean.String(), method: method, addr: address(u), dialect: d, host: u.Hostname(),
		memo: d.Memo(), stream: stream, ranks: d.HasItems(), noTimes: cfg.NoTimes,
	}
	e.shown = mask.URL(e.url)
	if e.memo != nil {
		e.read = e.memo.Read
	}
	e.overTLS, e.server = u.Scheme == "https", u.Scheme+"://"+e.addr
	proxy, _, err := c.Proxy(u)
	if proxy != nil {
		e.proxy = mask.URL(proxy.String())
	}
	if proxy == nil && err == nil && !cfg.Network.HTTP2 && c.direct != nil {
		e.origin = c.direct.Origin(e.addr, e.overTLS)
	}
	e.fields = fieldsOf(cfg, u, d, stream)
	e.head = e.fields.append(nil, method, clean.RequestURI())
	e.secrets = c.secretsOf(u)
	return e
}

// address returns the host and the port of u.
func address(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), defaultPort(u.Scheme)))
}

func defaultPort(scheme string) string {
	switch scheme {
	case "https":
		return "443"
	case "socks5", "socks5h":
		return "1080"
	}
	return "80"
}

// reader returns the function that reads the events of one stream.
func (e *endpoint) reader() func([]byte) (api.Event, error) {
	if e.memo != nil {
		return e.read
	}
	return e.dialect.Reader()
}
