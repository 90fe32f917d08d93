package client

import (
	"io"
	"net/http"
	"net/url"

	"github.com/klauspost/compress/gzip"

	"perfpipe/internal/api"
	"perfpipe/internal/record"
)

// Pages returns an HTTP client for pages that servers publish in addition to their API, such as metrics. It sends the
// key and the headers of every request to the servers' own origins, and only the given headers to others. It does not
// follow redirects, which would send the key elsewhere.
func (c *Client) Pages(others map[string]string) *http.Client {
	rt := c.std.rt
	other := rt.Clone()
	other.DialContext = nil // Network is for the servers
	other.Protocols = nil
	other.DisableCompression, other.DisableKeepAlives = false, false
	return &http.Client{
		Transport:     &pages{c: c, own: rt, other: other, headers: others},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type pages struct {
	c          *Client
	own, other *http.Transport
	headers    map[string]string // for pages of other origins
}

// RoundTrip implements http.RoundTripper.
func (p *pages) RoundTrip(req *http.Request) (*http.Response, error) {
	asked := req.Clone(req.Context())
	at, f, rt := *req.URL, fields{host: req.URL.Host}, p.other
	if server := p.c.serverOf(&at); server != nil {
		if at.User == nil {
			at.User = server.User
		}
		f, rt = fieldsOf(&p.c.cfg, &at, api.Dialect{}, false), p.own
	} else {
		f.setAll(p.headers)
	}
	for _, h := range f.list {
		if h.name != "Content-Type" && h.name != "Accept-Encoding" && asked.Header.Get(h.name) == "" {
			asked.Header.Set(h.name, h.value)
		}
	}
	asked.Host = f.host
	resp, err := rt.RoundTrip(asked)
	if err != nil {
		ep := newEndpoint(p.c, &at, req.Method, api.Dialect{}, false)
		why := describe(p.c.cfg.hinted(p.c.std.explain(req.Context(), ep.addr, err)))
		return nil, fail(why.Kind, "%s", ep.secrets.Hide(why.Message))
	}
	return inflated(resp)
}

// inflated decompresses a page that the server compressed without being asked.
func inflated(resp *http.Response) (*http.Response, error) {
	if codingOf(resp.Header.Get("Content-Encoding")) != "gzip" {
		return resp, nil
	}
	page, err := gzip.NewReader(resp.Body)
	if err != nil {
		resp.Body.Close()
		return nil, fail(record.KindProtocol, "the compressed answer is broken: %w", err)
	}
	resp.Header.Del("Content-Encoding")
	resp.Body, resp.ContentLength = struct {
		io.Reader
		io.Closer
	}{page, resp.Body}, -1
	return resp, nil
}

// serverOf returns the server that a URL belongs to; nil: none.
func (c *Client) serverOf(u *url.URL) *url.URL {
	for _, s := range c.cfg.servers() {
		if sameOrigin(u, s) {
			return s
		}
	}
	return nil
}
