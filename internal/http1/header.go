package http1

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// HeaderOf returns the header of a response of net/http.
func HeaderOf(r *http.Response, fields []string) *Header {
	h := &Header{
		Status: r.StatusCode, ContentType: contentType([]byte(r.Header.Get("Content-Type"))),
		Encoding: r.Header.Get("Content-Encoding"), RetryAfter: r.Header.Get("Retry-After"),
		Location: r.Header.Get("Location"),
	}
	for _, name := range fields {
		for _, value := range r.Header.Values(name) {
			h.Fields = append(h.Fields, [2]string{name, value})
		}
	}
	return h
}

// fieldSet are the names of Config.Fields, by length.
type fieldSet [][]string

func newFieldSet(names []string) (s fieldSet) {
	for _, name := range names {
		for len(s) <= len(name) {
			s = append(s, nil)
		}
		s[len(name)] = append(s[len(name)], name)
	}
	return s
}

// find returns the name that equals b in whatever case, or an empty string.
func (s fieldSet) find(b []byte) string {
	if len(b) >= len(s) {
		return ""
	}
	for _, name := range s[len(b)] {
		if equalFold(b, name) {
			return name
		}
	}
	return ""
}

// field parses a header field and stores its value if it matters.
func (p *parser) field(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[0] == ' ' || line[0] == '\t' {
		return fmt.Errorf("%w: a header line is %.60q", ErrMalformed, line)
	}
	name, value := line[:colon], bytes.TrimSpace(line[colon+1:])
	if last := name[colon-1]; last == ' ' || last == '\t' { // which a proxy would remove (RFC 9112 §5.1)
		name = bytes.TrimRight(name, " \t")
	}
	switch {
	case equalFold(name, "content-length"):
		return p.contentLength(value)
	case equalFold(name, "transfer-encoding"):
		return p.transferEncoding(value)
	case equalFold(name, "connection"):
		for token := range bytes.SplitSeq(value, []byte{','}) {
			token = bytes.TrimSpace(token)
			p.keepAlive = (p.keepAlive || equalFold(token, "keep-alive")) && !equalFold(token, "close")
		}
	case equalFold(name, "retry-after"):
		p.h.RetryAfter = string(value)
	case equalFold(name, "location"):
		p.h.Location = string(value)
	case equalFold(name, "content-type"):
		p.h.ContentType = contentType(value)
	case equalFold(name, "content-encoding") && !equalFold(value, "identity"):
		p.h.Encoding = string(value)
	}
	if p.cache != nil {
		if wanted := p.cache.fields.find(name); wanted != "" {
			p.h.Fields = append(p.h.Fields, [2]string{wanted, string(value)})
		}
	}
	return nil
}

// contentType returns the media type in lower case, without parameters. It does not allocate for the usual two.
func contentType(value []byte) string {
	value, _, _ = bytes.Cut(value, []byte{';'})
	value = bytes.TrimSpace(value) // net/http leaves a blank behind a folded value
	for _, usual := range [...]string{"text/event-stream", "application/json"} {
		if equalFold(value, usual) {
			return usual
		}
	}
	return string(bytes.ToLower(value))
}

// equalFold reports whether b is lower, which is ASCII in lower case, in whatever case. It is inlined, so that most
// fields are ruled out by their length.
func equalFold(b []byte, lower string) bool { return len(b) == len(lower) && sameFold(b, lower) }

func sameFold(b []byte, lower string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// transferEncoding parses the encoding. HTTP/1.0 has none, and net/http ignores it there, too.
func (p *parser) transferEncoding(value []byte) error {
	switch {
	case p.http10 || equalFold(value, "identity"):
	case p.chunked || !equalFold(value, "chunked"):
		return fmt.Errorf("%w: unsupported transfer encoding %.60q", ErrMalformed, value)
	default:
		p.chunked = true
	}
	return nil
}

func (p *parser) contentLength(value []byte) error {
	// A proxy may have joined two equal fields (RFC 9112 §6.3).
	if first, more, list := bytes.Cut(value, []byte{','}); list {
		if err := p.contentLength(bytes.TrimSpace(first)); err != nil {
			return err
		}
		return p.contentLength(bytes.TrimSpace(more))
	}
	n, err := strconv.ParseUint(string(value), 10, 63)
	if err != nil || value[0] == '+' {
		return fmt.Errorf("%w: the content length is %.60q", ErrMalformed, value)
	}
	if p.length >= 0 && p.length != int64(n) {
		return fmt.Errorf("%w: two content lengths, %d and %d", ErrMalformed, p.length, n)
	}
	p.length = int64(n)
	return nil
}
