package http1

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"perfpipe/internal/clock"
)

// parser parses one HTTP/1.1 response (RFC 9112) from the bytes of a connection, however they are split.
type parser struct {
	state     parseState
	line      []byte  // the beginning of a line whose end has not been received
	h         *Header // of a head that is being received; nil: none is
	chunked   bool
	length    int64 // of the body, bytes; -1: not announced
	remain    int64 // bytes of the body, or of the chunk, not yet received
	keepAlive bool  // the connection may carry another request
	http10    bool
	crossed   bool       // a 408 may have been sent before the server read the request
	blank     int        // empty lines before the response
	budget    int        // bytes of head and trailers that may still follow
	cache     *headCache // nil: none
}

type parseState uint8

const (
	stStatus parseState = iota
	stField
	stBody      // of remain bytes
	stUntilEOF  // the end of the connection ends the body
	stChunkSize // chunked: the line with the size
	stChunk     // chunked: remain bytes of data
	stChunkEnd  // chunked: the line end behind the data
	stTrailer
	stDone
)

const (
	maxHead     = 1 << 20 // bytes; net/http has the same limit
	maxBlank    = 8       // empty lines before a response
	maxSizeLine = 4096    // bytes of the line with a chunk's size
)

// headers are shared by all parsers, which need one while they receive a head.
var headers = sync.Pool{New: func() any { return new(Header) }}

func (p *parser) freeHeader() {
	if h := p.h; h != nil {
		p.h = nil
		*h = Header{Fields: h.Fields[:0]}
		headers.Put(h)
	}
}

func (p *parser) reset() {
	p.freeHeader()
	line, cache := p.line[:0], p.cache
	*p = parser{}
	p.line, p.cache, p.budget, p.length = line, cache, maxHead, -1
}

func (p *parser) done() bool { return p.state == stDone }

// begun reports whether any byte of a response has been received.
func (p *parser) begun() bool { return p.state != stStatus || len(p.line) > 0 || p.budget != maxHead }

// eof ends the connection. That is the end of a body without a length, else an error.
func (p *parser) eof() error {
	switch {
	case p.state == stUntilEOF:
		p.state = stDone
		return nil
	case p.state == stStatus && len(p.line) > 0 && !beginsStatus(p.line):
		if err := p.statusLine(p.line); err != nil {
			return err
		}
	}
	return errTruncated
}

// beginsStatus reports whether line is the beginning of a status line.
func beginsStatus(line []byte) bool {
	for i, want := range []byte("HTTP/1.0 000") {
		if i == len(line) {
			break
		}
		if c := line[i]; c != want && (want != '0' || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// feed parses the next bytes and returns how many of them belong to this response: all, unless it is done.
func (p *parser) feed(b []byte, s Sink, at clock.Nanos) (int, error) {
	n, fresh := 0, !p.begun()
	if fresh {
		if len(b) > 0 && b[0] != 'H' {
			if err := foreign(b); err != nil {
				return 0, err
			}
		}
		n = p.cachedHead(b, s, at)
	}
	for n < len(b) && p.state != stDone {
		switch p.state {
		case stBody, stChunk:
			n += p.counted(b[n:], s, at)
		case stUntilEOF:
			s.Body(b[n:], at)
			n = len(b)
		default:
			used := p.chunkFraming(b[n:])
			if used == 0 {
				inHead := p.state == stField
				var err error
				used, err = p.parseLine(b[n:], s, at)
				if err != nil {
					return n + used, err
				}
				whole := inHead && fresh && p.state > stField
				if whole && p.cache != nil && p.h.Status != http.StatusRequestTimeout {
					p.cache.put(b[:n+used], p)
				}
			}
			n += used
		}
	}
	if p.state > stField {
		p.freeHeader()
	}
	return n, nil
}

// cachedHead parses a head that is cached and returns its length, or 0.
func (p *parser) cachedHead(b []byte, s Sink, at clock.Nanos) int {
	if p.cache == nil {
		return 0
	}
	k := p.cache.find(b)
	if k == nil {
		return 0
	}
	line, cache := p.line, p.cache
	*p = k.after
	p.line, p.cache = line, cache
	s.Head(&k.header, at)
	return len(k.text)
}

// counted passes on the bytes of a body or chunk whose size is known and returns their number.
func (p *parser) counted(b []byte, s Sink, at clock.Nanos) int {
	if int64(len(b)) > p.remain {
		b = b[:p.remain]
	}
	s.Body(b, at)
	if p.remain -= int64(len(b)); p.remain == 0 {
		if p.state == stBody {
			p.state = stDone
		} else {
			p.state = stChunkEnd
		}
	}
	return len(b)
}

// parseLine parses a line, or stores its beginning until the rest is received. It returns the number of bytes used.
func (p *parser) parseLine(b []byte, s Sink, at clock.Nanos) (int, error) {
	line, used, whole := p.takeLine(b)
	if whole && p.state == stStatus && len(line) == 0 && p.blank < maxBlank { // left over from the response before
		p.line = p.line[:0]
		p.blank++
		return used, nil
	}
	if p.state < stChunkSize || p.state == stTrailer {
		if p.budget -= used; p.budget < 0 {
			return used, fmt.Errorf("%w: its head is longer than %d bytes", ErrMalformed, maxHead)
		}
	} else if len(p.line) > maxSizeLine {
		return used, fmt.Errorf("%w: a chunk's size is longer than %d bytes", ErrMalformed, maxSizeLine)
	}
	if !whole {
		return used, nil
	}
	err := p.endLine(line, s, at)
	p.line = p.line[:0]
	return used, err
}

// chunkFraming parses a line before or behind a chunk in its usual form and returns its length, or 0.
func (p *parser) chunkFraming(b []byte) int {
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

// takeLine returns the line without its end, LF or CRLF. A folded header line, an obsolete form, is one line
// (RFC 9112 §5.2); only the byte behind its end shows that it is folded. Until it is complete, p.line has LF at its
// folds.
func (p *parser) takeLine(b []byte) (line []byte, used int, whole bool) {
	if n := len(p.line) - 1; n >= 0 && p.line[n] == '\n' { // the line is complete
		if b[0] != ' ' && b[0] != '\t' {
			return unfold(p.line[:n]), 0, true
		}
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
		if i+1 == len(b) || b[i+1] == ' ' || b[i+1] == '\t' {
			p.line = append(append(p.line[:0], line...), '\n')
			return nil, i + 1, false
		}
	}
	if len(p.line) > 0 {
		line = unfold(line)
	}
	return line, i + 1, true
}

// unfold replaces each fold with a space, as net/http does.
func unfold(line []byte) []byte {
	if bytes.IndexByte(line, '\n') < 0 {
		return line
	}
	parts := bytes.Split(line, []byte{'\n'})
	for i, part := range parts {
		parts[i] = bytes.Trim(part, " \t")
	}
	return bytes.Join(parts, []byte{' '})
}

func (p *parser) endLine(line []byte, s Sink, at clock.Nanos) error {
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
			return fmt.Errorf("%w: a chunk is longer than its size", ErrMalformed)
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
		return fmt.Errorf("%w: the status line is %.60q", ErrMalformed, line)
	}
	code := 0
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return fmt.Errorf("%w: the status line is %.60q", ErrMalformed, line)
		}
		code = code*10 + int(c-'0')
	}
	if code < 100 {
		return fmt.Errorf("%w: the status line is %.60q", ErrMalformed, line)
	}
	p.h = headers.Get().(*Header)
	p.h.Status = code
	p.http10 = line[7] == '0'
	p.keepAlive = !p.http10
	p.state = stField
	return nil
}

func (p *parser) endHead(s Sink, at clock.Nanos) error {
	if p.crossed && p.h.Status == http.StatusRequestTimeout { // it was sent to the idle connection
		p.reset()
		return errStale
	}
	if p.h.Status < 200 && p.h.Status != 101 { // an interim response: the real one follows
		budget := p.budget
		p.reset()
		p.budget = budget
		return nil
	}
	p.h.Chunked = p.chunked
	s.Head(p.h, at)
	switch {
	case p.h.Status == 101:
		return fmt.Errorf("%w: it switches protocols without being asked", ErrMalformed)
	case p.h.Status == 204 || p.h.Status == 304:
		p.state = stDone
	case p.chunked:
		p.state = stChunkSize
	case p.length == 0:
		p.state = stDone
	case p.length > 0:
		p.state, p.remain = stBody, p.length
	default:
		p.state, p.keepAlive = stUntilEOF, false
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
			return fmt.Errorf("%w: a chunk's size is %.60q", ErrMalformed, line)
		}
		if n = n<<4 | int64(c); n >= 1<<40 {
			return fmt.Errorf("%w: a chunk's size is %.60q", ErrMalformed, line)
		}
	}
	if len(line) == 0 {
		return fmt.Errorf("%w: a chunk has no size", ErrMalformed)
	}
	p.state, p.remain = stChunk, n
	if n == 0 {
		p.state = stTrailer
	}
	return nil
}
