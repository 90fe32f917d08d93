// Package sse takes the events out of a server-sent event stream, however its bytes are split.
package sse

import "bytes"

// Parser is fed the bytes of one stream, in any pieces, and calls back with the data of each event. It follows the
// WHATWG HTML standard, §9.2.6, but for one thing: data that the end of the stream cuts off before its blank line
// is an event too, since several servers leave the last blank line out.
type Parser struct {
	line []byte // the start of a line whose end has not come yet
	data []byte // the data lines of the event so far, joined by line feeds
	any  bool   // there was a data line
	cr   bool   // the last byte was a carriage return, which ends a line; a line feed after it belongs to it
	head bool   // the first line is past, and with it a possible byte order mark
}

// Feed takes the next bytes. The data that event gets is valid during the call only.
func (p *Parser) Feed(b []byte, event func(data []byte)) {
	for len(b) > 0 {
		if p.cr {
			p.cr = false
			if b[0] == '\n' {
				b = b[1:]
				continue
			}
		}
		end := bytes.IndexByte(b, '\n')
		limit := b
		if end >= 0 {
			limit = b[:end]
		}
		if c := bytes.IndexByte(limit, '\r'); c >= 0 {
			end = c
			p.cr = true
		}
		if end < 0 {
			p.line = append(p.line, b...)
			return
		}
		line := b[:end]
		if data, ok := p.alone(line, b[end:]); ok {
			event(data)
			b = b[end+2:]
			continue
		}
		if len(p.line) > 0 {
			p.line = append(p.line, line...)
			line = p.line
		}
		p.endLine(line, event)
		p.line = p.line[:0]
		b = b[end+1:]
	}
}

// alone gives the data of an event that is one line, the usual one, with the blank line after it.
func (p *Parser) alone(line, rest []byte) (data []byte, ok bool) {
	if len(p.line) > 0 || p.any || !p.head || len(rest) < 2 || rest[0] != '\n' || rest[1] != '\n' {
		return nil, false
	}
	return dataOf(line)
}

// dataOf gives the value of a line that is a data field. A field name alone is a field with an empty value.
func dataOf(line []byte) (value []byte, ok bool) {
	value, ok = bytes.CutPrefix(line, dataField)
	if !ok {
		return nil, string(line) == "data"
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return value, true
}

// End is the end of the stream.
func (p *Parser) End(event func(data []byte)) {
	if len(p.line) > 0 {
		p.endLine(p.line, event)
		p.line = p.line[:0]
	}
	p.endLine(nil, event)
}

var (
	dataField = []byte("data:")
	bom       = []byte("\xEF\xBB\xBF")
)

func (p *Parser) endLine(line []byte, event func(data []byte)) {
	if !p.head {
		p.head = true
		line = bytes.TrimPrefix(line, bom)
	}
	if len(line) == 0 {
		if p.any {
			event(p.data)
		}
		p.data, p.any = p.data[:0], false
		return
	}
	value, ok := dataOf(line)
	if !ok {
		return // a comment, or a field that does not matter here: event, id, retry
	}
	if p.any {
		p.data = append(p.data, '\n')
	}
	p.data, p.any = append(p.data, value...), true
}

// FeedLines takes the next bytes of a stream of JSON lines, which some servers send in the place of events: each line
// that is not blank is the data of one.
func (p *Parser) FeedLines(b []byte, event func(data []byte)) {
	for {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		p.line = append(p.line, line...)
		if !whole {
			return
		}
		p.EndLines(event)
		b = rest
	}
}

// EndLines is the end of a stream of JSON lines.
func (p *Parser) EndLines(event func(data []byte)) {
	if line := bytes.TrimSpace(p.line); len(line) > 0 {
		event(line)
	}
	p.line = p.line[:0]
}

// Reset makes the Parser ready for another stream; it keeps its memory, unless that is large.
func (p *Parser) Reset() {
	const large = 1 << 20
	if cap(p.line) > large {
		p.line = nil
	}
	if cap(p.data) > large {
		p.data = nil
	}
	*p = Parser{line: p.line[:0], data: p.data[:0]}
}
