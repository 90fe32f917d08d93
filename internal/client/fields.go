package client

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/api"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

// fields are the headers of a request.
type fields struct {
	host   string // the header Host
	list   []field
	ownID  bool // X-Request-Id is among them
	closes bool // the connection is to end after the response
}

type field struct{ name, value string }

// fieldsOf returns the headers that all requests to u have. What is said last holds: the client's own, those of the
// dialect, user and password of u or else the key, the flags' headers.
func fieldsOf(cfg *Config, u *url.URL, d api.Dialect, stream bool) fields {
	f := fields{host: u.Host}
	f.set("Content-Type", "application/json")
	f.set("User-Agent", "perf-send")
	if cfg.Network.NoKeepAlive && !cfg.Network.HTTP2 { // which has no such header
		f.set("Connection", "close")
	}
	if cfg.Compressed {
		f.set("Accept-Encoding", acceptEncoding)
	}
	f.setAll(d.Headers)
	if stream {
		f.setAll(d.StreamHeaders)
	}
	if cfg.APIKey != "" && d.KeyHeader != "" {
		f.set(d.KeyHeader, cfg.APIKey)
	}
	switch {
	case u.User != nil:
		password, _ := u.User.Password()
		f.set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	case cfg.APIKey != "" && (d.KeyHeader == "" || d.Bearer && !strings.HasSuffix(u.Hostname(), ".anthropic.com")):
		f.set("Authorization", "Bearer "+cfg.APIKey) // Anthropic's own takes it for another kind of key
	}
	f.setAll(cfg.Headers)
	return f
}

func (f *fields) setAll(headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		f.set(name, headers[name])
	}
}

// set sets a header, in place of one of the same name. Host, and whether the connection stays, are not among the list.
func (f *fields) set(name, value string) {
	name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
	switch name {
	case "Host":
		f.host = value
		return
	case "Connection":
		f.closes = strings.EqualFold(value, "close")
		return
	case "X-Request-Id":
		f.ownID = true
	}
	for i := range f.list {
		if f.list[i].name == name {
			f.list[i].value = value
			return
		}
	}
	f.list = append(f.list, field{name, value})
}

// with returns the headers of a request that has some of its own.
func (f *fields) with(headers map[string]string) fields {
	own := *f
	own.list = slices.Clone(f.list)
	own.setAll(headers)
	return own
}

// append writes a request's first line and headers as HTTP/1.1 has them.
func (f *fields) append(b []byte, method, uri string) []byte {
	b = append(b, method+" "+uri+" HTTP/1.1\r\nHost: "+f.host+"\r\n"...)
	for _, h := range f.list {
		b = append(b, h.name+": "+h.value+"\r\n"...)
	}
	if f.closes {
		b = append(b, "Connection: close\r\n"...)
	}
	return b
}

// appendHead writes the head of c as HTTP/1.1 has it.
func (c *call) appendHead(b []byte) []byte {
	ownID := c.ep.fields.ownID
	if len(c.headers) == 0 {
		b = append(b, c.ep.head...)
	} else {
		own := c.ep.fields.with(c.headers)
		ownID = own.ownID
		b = own.append(b, c.ep.method, c.ep.uri())
	}
	if !ownID {
		b = append(b, "X-Request-Id: "...)
		b = append(b, c.id...)
		b = append(b, "\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.Body)), 10)
	return append(b, "\r\n\r\n"...)
}

// uri is the request's target, as it stands in the head.
func (e *endpoint) uri() string {
	rest := e.head[len(e.method)+1:]
	return string(rest[:bytes.IndexByte(rest, ' ')])
}

// closes reports whether the request asks the server to end the connection after it.
func (c *call) closes() bool {
	for name, value := range c.headers {
		if strings.EqualFold(name, "Connection") {
			return strings.EqualFold(strings.TrimSpace(value), "close")
		}
	}
	return c.ep.fields.closes
}

// describe is the request line and the headers, for people.
func (c *call) describe() []byte {
	b := fmt.Appendf(nil, "%s %s", c.ep.method, c.ep.shown)
	h, _ := c.httpHeader()
	for _, name := range slices.Sorted(maps.Keys(h)) {
		b = fmt.Appendf(b, " %s: %q", name, mask.Header(name, h.Get(name)))
	}
	return b
}

// httpHeader is the headers as net/http has them, and the host beside them.
func (c *call) httpHeader() (h http.Header, host string) {
	own := c.ep.fields.with(c.headers)
	h = make(http.Header, len(own.list)+1)
	for _, f := range own.list {
		h.Set(f.name, f.value)
	}
	if !own.ownID {
		h.Set("X-Request-Id", c.id)
	}
	return h, own.host
}

// escapeQuery writes a query so that it is one word of ASCII, as a request line needs it.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// secretsOf are the values that are hidden in what is said of requests to u.
func (c *Client) secretsOf(u *url.URL) *mask.Secrets {
	var s mask.Secrets
	s.Add(c.cfg.APIKey)
	for name, value := range c.cfg.Headers {
		s.AddHeader(name, value)
	}
	s.AddURL(u)
	if proxy, _, _ := c.Proxy(u); proxy != nil {
		s.AddURL(proxy)
	}
	return &s
}

// explain adds to a record's error who may have made it, and hides secrets that came back in it.
func (c *call) explain(rec *record.Record) {
	e := rec.Error
	switch {
	case c.ep.proxy == "" || e.Kind != record.KindHTTP:
	case rec.Status == http.StatusProxyAuthRequired, rec.Status >= 502 && rec.Status <= 504:
		e.Message += " (through the proxy " + c.ep.proxy + ")"
	}
	e.Message = c.hide(e.Message)
}

// hide replaces the secrets of a request in text.
func (c *call) hide(text string) string {
	text = c.ep.secrets.Hide(text)
	if len(c.headers) > 0 {
		var own mask.Secrets
		for name, value := range c.headers {
			own.AddHeader(name, value)
		}
		text = own.Hide(text)
	}
	return text
}
