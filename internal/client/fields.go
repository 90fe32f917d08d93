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

// fields are the header fields of a request.
type fields struct {
	host   string // Host
	list   []field
	ownID  bool // list has X-Request-Id
	closes bool // Connection: close

	session []string // names of fields for the session
}

type field struct{ name, value string }

// fieldsOf returns the header fields that all requests to u have. Later ones replace earlier ones: those of the
// client, of the dialect, the user and password of u or else the key, and Config.Headers.
func fieldsOf(cfg *Config, u *url.URL, d api.Dialect, stream bool) fields {
	f := fields{host: u.Host}
	f.set("Content-Type", "application/json")
	f.set("User-Agent", "perf-send")
	if cfg.Network.NoKeepAlive && !cfg.Network.HTTP2 { // HTTP/2 has no such field
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
		f.set("Authorization", "Bearer "+cfg.APIKey) // Anthropic takes it for another kind of key
	}
	f.setAll(cfg.Headers)
	for _, name := range cfg.SessionHeaders {
		f.session = append(f.session, textproto.CanonicalMIMEHeaderKey(name))
	}
	return f
}

func (f *fields) setAll(headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		f.set(name, headers[name])
	}
}

// set sets a field and replaces one of the same name. Host and Connection are not in the list.
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

// has reports whether the list has a field.
func (f *fields) has(name string) bool {
	return slices.ContainsFunc(f.list, func(h field) bool { return h.name == name })
}

// with returns the fields of a request that has headers of its own.
func (f *fields) with(headers map[string]string) fields {
	own := *f
	own.list = slices.Clone(f.list)
	own.setAll(headers)
	return own
}

// append appends a request line and the fields in the syntax of HTTP/1.1.
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

// AppendHead implements http1.Head.
func (c *call) AppendHead(b []byte) []byte {
	f := &c.ep.fields
	if len(c.req.Headers) == 0 {
		b = append(b, c.ep.head...)
	} else {
		own := c.ep.fields.with(c.req.Headers)
		b = own.append(b, c.ep.method, c.ep.uri())
		f = &own
	}
	if !f.ownID {
		b = append(b, "X-Request-Id: "...)
		b = c.appendID(b)
		b = append(b, "\r\n"...)
	}
	if c.trace != "" && !f.has("Traceparent") {
		b = append(c.appendTraceparent(append(b, "traceparent: "...)), "\r\n"...)
	}
	if c.req.Of != "" {
		for _, h := range f.ofSession(c) {
			b = append(append(append(b, h.name...), ": "...), h.value...)
			b = append(b, "\r\n"...)
		}
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.Body)), 10)
	return append(b, "\r\n\r\n"...)
}

// uri returns the target of the request line.
func (e *endpoint) uri() string {
	rest := e.head[len(e.method)+1:]
	return string(rest[:bytes.IndexByte(rest, ' ')])
}

// closes reports whether the request asks the server to close the connection after its response.
func (c *call) closes() bool {
	for name, value := range c.req.Headers {
		if strings.EqualFold(name, "Connection") {
			return strings.EqualFold(strings.TrimSpace(value), "close")
		}
	}
	return c.ep.fields.closes
}

// describe returns the request line and the headers, without secrets, for people.
func (c *call) describe() []byte {
	b := fmt.Appendf(nil, "%s %s", c.ep.method, c.ep.shown)
	h, _ := c.httpHeader()
	for _, name := range slices.Sorted(maps.Keys(h)) {
		b = fmt.Appendf(b, " %s: %q", name, mask.Header(name, h.Get(name)))
	}
	return b
}

// httpHeader returns the headers for net/http, which has the host apart.
func (c *call) httpHeader() (h http.Header, host string) {
	own := c.ep.fields.with(c.req.Headers)
	h = make(http.Header, len(own.list)+1)
	for _, f := range own.list {
		h.Set(f.name, f.value)
	}
	if !own.ownID {
		h.Set("X-Request-Id", string(c.appendID(nil)))
	}
	if c.trace != "" && !own.has("Traceparent") {
		h.Set("Traceparent", string(c.appendTraceparent(nil)))
	}
	if c.req.Of != "" {
		for _, f := range own.ofSession(c) {
			h.Set(f.name, f.value)
		}
	}
	return h, own.host
}

// escapeQuery escapes blanks and non-ASCII bytes in a query, which would break the request line.
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

// secretsOf returns the values that are hidden in messages about requests to u.
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

// explain names the proxy in a record's error if it may be the proxy's, and hides secrets that the server sent back.
func (c *call) explain(rec *record.Record, hint string) {
	e := rec.Error
	e.Message += hint
	switch {
	case c.ep.proxy == "":
	case e.Kind == record.KindTruncated, e.Kind == record.KindHTTP &&
		(rec.Status == http.StatusProxyAuthRequired || rec.Status >= 502 && rec.Status <= 504):
		e.Message += " (through the proxy " + c.ep.proxy + ")"
	}
	e.Message = c.hide(e.Message)
}

// hide replaces the secrets of a request in text.
func (c *call) hide(text string) string {
	text = c.ep.secrets.Hide(text)
	if len(c.req.Headers) > 0 {
		var own mask.Secrets
		for name, value := range c.req.Headers {
			own.AddHeader(name, value)
		}
		text = own.Hide(text)
	}
	return text
}
