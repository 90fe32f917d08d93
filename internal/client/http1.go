package client

import (
	"bytes"
	"errors"
	"fmt"
)

// sink gets one response as it comes in. at is when the bytes were received, µs since the epoch.
type sink interface {
	// head is the status and those header fields that matter, once.
	head(h *header, at int64)
	// body is the next bytes of the body, valid during the call.
	body(b []byte, at int64)
	// ending is how far the answer has come by its own protocol.
	ending() ending
}

// header is what the client takes from a response's head.
type header struct {
	Status      int
	ContentType string
	Encoding    string // Content-Encoding
	RetryAfter  string
	Location    string
	Chunked     bool
}

// parser takes one HTTP/1.1 response (RFC 9112) out of the bytes of a connection, however they are split.
type parser struct {
	state  parseState
	line   []byte // a line whose end has not come yet
	h      header
	chunks bool
	length int64  // of the body, -1: not said
	remain int64  // of the body, or of the chunk
	keep   bool   // the connection may carry another request
	old    bool   // HTTP/1.0
	blank  int    // empty lines before the response
	room   int    // bytes of head and trailers that may still come
	heads  *heads // known by heart; nil: none
}

type parseState uint8

const (
	stStatus parseState = iota
	stField
	stBody      // counted by remain
	stUntilEOF  // ended by the connection's end
	stChunkSize // chunked: the line with the size
	stChunk     // chunked: the data, counted by remain
	stChunkEnd  // chunked: the line end after the data
	stTrailer
	stDone
)

const (
	maxHead   = 1 << 20 // net/http's own limit
	mostBlank = 8
)

var errMalformed = errors.New("malformed HTTP response")

func (p *parser) reset() {
	line, heads := p.line[:0], p.heads
	*p = parser{}
	p.line, p.heads, p.room, p.length = line, heads, maxHead, -1
}

func (p *parser) done() bool { return p.state == stDone }

// begun says whether any byte of a response has come.
func (p *parser) begun() bool { return p.state != stStatus || len(p.line) > 0 || p.room != maxHead }

// between says whether the response stands between two of its chunks.
func (p *parser) between() bool { return p.state == stChunkSize && len(p.line) == 0 }

// eof is the end of the connection: the end of a body without a length, else an error.
func (p *parser) eof() error {
	switch {
	case p.state == stUntilEOF:
		p.state = stDone
		return nil
	case p.state == stStatus && len(p.line) > 0:
		if err := p.statusLine(p.line); err != nil {
			return err
		}
	}
	return errEarlyEnd
}

// feed takes the next bytes. It gives the number of those that belong to this response: all, unless it is done.
func (p *parser) feed(b []byte, s sink, at int64) (int, error) {
	if len(b) > 0 && b[0] != 'H' && !p.begun() {
		if err := foreign(b); err != nil {
			return 0, err
		}
	}
	fresh := p.heads != nil && !p.begun()
	n := 0
	if fresh {
		n = p.byHeart(b, s, at)
	}
	for n < len(b) && p.state != stDone {
		switch p.state {
		case stBody, stChunk:
			part := b[n:]
			if int64(len(part)) > p.remain {
				part = part[:p.remain]
			}
			s.body(part, at)
			n += len(part)
			p.remain -= int64(len(part))
			switch {
			case p.remain > 0:
			case p.state == stBody:
				p.state = stDone
			default:
				p.state = stChunkEnd
			}
		case stUntilEOF:
			s.body(b[n:], at)
			n = len(b)
		default:
			if used := p.framing(b[n:]); used > 0 {
				n += used
				continue
			}
			line, used, whole := p.takeLine(b[n:])
			n += used
			if whole && p.state == stStatus && len(line) == 0 && p.blank < mostBlank { // left behind by the response before
				p.line = p.line[:0]
				p.blank++
				continue
			}
			if p.state < stChunkSize || p.state == stTrailer {
				if p.room -= used; p.room < 0 {
					return n, fmt.Errorf("%w: its head is longer than %d bytes", errMalformed, maxHead)
				}
			} else if len(p.line) > 4096 {
				return n, fmt.Errorf("%w: a chunk's size is longer than 4096 bytes", errMalformed)
			}
			if !whole {
				continue
			}
			was := p.state
			err := p.endLine(line, s, at)
			p.line = p.line[:0]
			if err != nil {
				return n, err
			}
			if fresh && was == stField && p.state > stField { // the head, all of it in b
				p.heads.learn(b[:n], p)
			}
		}
	}
	return n, nil
}

// byHeart takes a head that is known, and gives its length.
func (p *parser) byHeart(b []byte, s sink, at int64) int {
	k := p.heads.find(b)
	if k == nil {
		return 0
	}
	line, heads := p.line, p.heads
	*p = k.after
	p.line, p.heads = line, heads
	s.head(&p.h, at)
	return len(k.text)
}

// framing takes a line around a chunk in its usual form, and gives its length.
func (p *parser) framing(b []byte) int {
	if p.state < stChunkSize || len(p.line) > 0 {
		return 0
	}
	i, size := 0, int64(0)
	if p.state == stChunkSize {
		for i < len(b) && i < 8 {
			d := b[i] - '0'
			if d > 9 {
				if d = (b[i] | 0x20) - 'a'; d > 5 {
					break
				}
				d += 10
			}
			size = size<<4 | int64(d)
			i++
		}
		if i == 0 {
			return 0
		}
	}
	if len(b) < i+2 || b[i] != '\r' || b[i+1] != '\n' {
		return 0
	}
	switch {
	case p.state == stChunkEnd:
		p.state = stChunkSize
	case p.state == stTrailer:
		p.state = stDone
	case size == 0:
		p.state = stTrailer
	default:
		p.state, p.remain = stChunk, size
	}
	return i + 2
}

// takeLine returns the line without its end, which is LF or CRLF. A header line that is folded, an obsolete form, is one
// line (RFC 9112 §5.2): whether one is, the byte behind its end tells.
func (p *parser) takeLine(b []byte) (line []byte, used int, whole bool) {
	if n := len(p.line) - 1; n >= 0 && p.line[n] == '\n' { // all of it has come
		if b[0] != ' ' && b[0] != '\t' {
			return p.line[:n], 0, true
		}
		p.line = p.line[:n]
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		p.line = append(p.line, b...)
		return nil, len(b), false
	}
	line = b[:i]
	if len(p.line) > 0 {
		p.line = append(p.line, line...)
		line = p.line
	}
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if p.state == stField && len(line) > 0 {
		switch {
		case i+1 == len(b):
			p.line = append(append(p.line[:0], line...), '\n')
			return nil, len(b), false
		case b[i+1] == ' ' || b[i+1] == '\t':
			p.line = append(p.line[:0], line...)
			return nil, i + 1, false
		}
	}
	return line, i + 1, true
}

func (p *parser) endLine(line []byte, s sink, at int64) error {
	switch p.state {
	case stStatus:
		return p.statusLine(line)
	case stField:
		if len(line) > 0 {
			return p.field(line)
		}
		return p.endHead(s, at)
	case stChunkSize:
		return p.chunkSize(line)
	case stChunkEnd:
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is longer than its size", errMalformed)
		}
		p.state = stChunkSize
	case stTrailer:
		if len(line) == 0 {
			p.state = stDone
		}
	}
	return nil
}

func (p *parser) statusLine(line []byte) error {
	// HTTP/1.x SP 3DIGIT [SP reason]
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' || line[7] != '0' && line[7] != '1' {
		return fmt.Errorf("%w: the status line is %.60q", errMalformed, line)
	}
	code := 0
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return fmt.Errorf("%w: the status line is %.60q", errMalformed, line)
		}
		code = code*10 + int(c-'0')
	}
	if code < 100 {
		return fmt.Errorf("%w: the status line is %.60q", errMalformed, line)
	}
	p.h.Status = code
	p.old = line[7] == '0'
	p.keep = !p.old
	p.state = stField
	return nil
}

func (p *parser) endHead(s sink, at int64) error {
	if p.h.Status < 200 && p.h.Status != 101 { // an interim response: the real one follows
		room := p.room
		p.reset()
		p.room = room
		return nil
	}
	p.h.Chunked = p.chunks
	s.head(&p.h, at)
	switch {
	case p.h.Status == 101:
		return fmt.Errorf("%w: it switches protocols, which nobody asked for", errMalformed)
	case p.h.Status == 204 || p.h.Status == 304:
		p.state = stDone
	case p.chunks:
		p.state = stChunkSize
	case p.length == 0:
		p.state = stDone
	case p.length > 0:
		p.state, p.remain = stBody, p.length
	default:
		p.state, p.keep = stUntilEOF, false
	}
	return nil
}

func (p *parser) chunkSize(line []byte) error {
	if i := bytes.IndexByte(line, ';'); i >= 0 { // an extension
		line = line[:i]
	}
	line = bytes.TrimRight(line, " \t")
	var n int64
	for _, c := range line {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return fmt.Errorf("%w: a chunk's size is %.60q", errMalformed, line)
		}
		if n = n<<4 | int64(c); n >= 1<<40 {
			return fmt.Errorf("%w: a chunk's size is %.60q", errMalformed, line)
		}
	}
	if len(line) == 0 {
		return fmt.Errorf("%w: a chunk has no size", errMalformed)
	}
	p.state, p.remain = stChunk, n
	if n == 0 {
		p.state = stTrailer
	}
	return nil
}
