package client

import (
	"bytes"
	"fmt"
	"strconv"
)

// field takes a header field that matters.
func (p *parser) field(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[0] == ' ' || line[0] == '\t' {
		return fmt.Errorf("%w: a header line is %.60q", errMalformed, line)
	}
	name, value := line[:colon], bytes.TrimSpace(line[colon+1:])
	if last := name[colon-1]; last == ' ' || last == '\t' { // which a proxy would take away (RFC 9112 §5.1)
		name = bytes.TrimRight(name, " \t")
	}
	switch len(name) { // most fields are out after one comparison of lengths
	case len("content-length"):
		if fold(name, "content-length") {
			return p.contentLength(value)
		}
	case len("transfer-encoding"):
		if fold(name, "transfer-encoding") && !p.old && !fold(value, "identity") { // HTTP/1.0 has none (net/http ignores it, too)
			if !fold(value, "chunked") || p.chunks {
				return fmt.Errorf("%w: unsupported transfer encoding %.60q", errMalformed, value)
			}
			p.chunks = true
		}
	case len("connection"):
		if fold(name, "connection") {
			for token := range bytes.SplitSeq(value, []byte{','}) {
				token = bytes.TrimSpace(token)
				p.keep = (p.keep || fold(token, "keep-alive")) && !fold(token, "close")
			}
		}
	case len("retry-after"):
		if fold(name, "retry-after") {
			p.h.RetryAfter = string(value)
		}
	case len("location"):
		if fold(name, "location") {
			p.h.Location = string(value)
		}
	case len("content-type"):
		if fold(name, "content-type") {
			p.h.ContentType = contentType(value)
		}
	case len("content-encoding"):
		if fold(name, "content-encoding") && !fold(value, "identity") {
			p.h.Encoding = string(value)
		}
	}
	return nil
}

// contentType spares the two usual values an allocation.
func contentType(value []byte) string {
	if i := bytes.IndexByte(value, ';'); i >= 0 {
		value = bytes.TrimSpace(value[:i])
	}
	for _, usual := range [...]string{typeEvents, typeJSON} {
		if fold(value, usual) {
			return usual
		}
	}
	return string(bytes.ToLower(value))
}

const (
	typeEvents = "text/event-stream"
	typeJSON   = "application/json"
)

// fold compares ASCII text with lower-case text.
func fold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
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

func (p *parser) contentLength(value []byte) error {
	if first, more, list := bytes.Cut(value, []byte{','}); list { // equal ones that a proxy has joined (RFC 9112 §6.3)
		if err := p.contentLength(bytes.TrimSpace(first)); err != nil {
			return err
		}
		return p.contentLength(bytes.TrimSpace(more))
	}
	n, err := strconv.ParseUint(string(value), 10, 63)
	if err != nil || value[0] == '+' {
		return fmt.Errorf("%w: the content length is %.60q", errMalformed, value)
	}
	if p.length >= 0 && p.length != int64(n) {
		return fmt.Errorf("%w: two content lengths, %d and %d", errMalformed, p.length, n)
	}
	p.length = int64(n)
	return nil
}
