// Package sse parses streams of server-sent events, and streams of JSON lines, as LLM servers send them.
//
// A [Parser] takes the bytes of a stream in pieces of any size, as they are received, and calls back for each event as
// soon as its data is complete. It has no limit on the length of an event, and it copies only what a piece cuts.
package sse

import (
	"bytes"

	"perfpipe/internal/sniff"
)

// Event is called for each event with its name, which may be empty, and its data. Both are valid during the call only.
type Event func(name, data []byte)

// Parser parses one stream. The zero value is ready. It follows the WHATWG HTML standard, §9.2.6, with these
// exceptions, which real servers need:
//
//   - An event is reported as soon as its data is complete, not at the blank line after it. Data that does not begin a
//     JSON value is complete at the end of its line, so a stream without blank lines is read line by line.
//   - An event whose name is that of an error is reported even without data. A comment in it then is its data.
//   - A field named error is such an event.
//   - Data that is cut off by the end of the stream is an event.
//   - A JSON object on a line of its own, outside an event, is an event. Stray returns other text.
type Parser struct {
	line  []byte // the start of a line whose end has not been received
	name  []byte // of the event
	rest  *rest  // nil: not yet needed
	open  bool   // rest.data is not reported yet
	past  bool   // an event with this name was reported
	cr    bool   // the last byte was a carriage return, so that a line feed next ends no line
	begun bool   // the first line, which may have a byte order mark, has ended
}

// rest is the part of a Parser that most streams do not need.
type rest struct {
	data  []byte // the data lines of the event so far, joined by line feeds
	scan  nesting
	note  []byte // the comment within an event that is an error
	stray []byte // see Stray
}

// more returns p.rest, which it makes at its first call.
func (p *Parser) more() *rest {
	if p.rest == nil {
		p.rest = new(rest)
	}
	return p.rest
}

// Feed parses the next bytes of a stream of server-sent events.
func (p *Parser) Feed(b []byte, event Event) {
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
			p.line = Join(p.line, b)
			return
		}
		line := b[:end]
		if data, n := p.alone(line, b[end:]); n > 0 {
			event(p.name, data)
			p.cr = false
			if len(p.name) > 0 {
				p.name = p.name[:0]
				p.unnote()
			}
			b = b[end+n:]
			continue
		}
		if len(p.line) > 0 {
			p.line = Join(p.line, line)
			line = p.line
		} else if !p.open && !p.past && p.begun && len(p.name) == 0 && bytes.HasPrefix(line, nameField) {
			p.name = append(p.name, line[len(nameField):]...)
			b = b[end+1:]
			continue
		}
		p.endLine(line, event)
		p.line = p.line[:0]
		b = b[end+1:]
	}
}

// alone returns the data of an event that is a single line, as most are, and the length of its line end with the blank
// line after it. The length is 0 if line is not such an event.
func (p *Parser) alone(line, rest []byte) (data []byte, n int) {
	if len(p.line) > 0 || p.open || p.past || !p.begun {
		return nil, 0
	}
	switch {
	case len(rest) >= 2 && rest[0] == '\n' && rest[1] == '\n':
		n = 2
	case len(rest) >= 4 && string(rest[:4]) == "\r\n\r\n":
		n = 4
	default:
		return nil, 0
	}
	data, ok := bytes.CutPrefix(line, dataField)
	if !ok {
		return nil, 0
	}
	if len(data) > 0 && data[0] == ' ' {
		data = data[1:]
	}
	return data, n
}

// End reports what is left at the end of a stream of server-sent events.
func (p *Parser) End(event Event) {
	if len(p.line) > 0 {
		p.endLine(p.line, event)
		p.line = p.line[:0]
	}
	p.endLine(nil, event)
}

var (
	dataField = []byte("data:")
	nameField = []byte("event: ") // as most servers write it
)

func (p *Parser) endLine(line []byte, event Event) {
	if !p.begun {
		p.begun = true
		line = sniff.TrimBOM(line)
	}
	if len(line) == 0 {
		p.flush(event)
		p.name, p.past = p.name[:0], false
		return
	}
	field, value := line, line[len(line):]
	if i := bytes.IndexByte(line, ':'); i >= 0 {
		field, value = line[:i], line[i+1:]
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(field) {
	case "data":
		p.take(value, event)
	case "event":
		p.flush(event)
		p.name, p.past = append(p.name[:0], value...), false
	case "error": // llama-server's, instead of an event of that name
		p.flush(event)
		p.name, p.past = append(p.name[:0], field...), false
		p.take(value, event)
	case "":
		if IsError(p.name) {
			p.more().note = append(p.more().note[:0], value...)
		}
	case "id", "retry":
	default:
		p.noField(line, event)
	}
}

// maxStray is how many bytes of a stray line are retained.
const maxStray = 1 << 10

// noField handles a line that the standard ignores.
func (p *Parser) noField(line []byte, event Event) {
	switch {
	case p.open:
	case len(p.name) == 0 && balanced(line):
		p.report(event, line)
	default:
		p.more().stray = append(p.more().stray[:0], line[:min(len(line), maxStray)]...)
	}
}

// Stray returns the last line that was not a field, such as the message of a proxy or a crashed server in place of the
// remaining events.
func (p *Parser) Stray() []byte {
	if p.rest == nil {
		return nil
	}
	return p.rest.stray
}

// take adds a line of data and reports the event if it is complete.
func (p *Parser) take(value []byte, event Event) {
	if !p.open {
		if balanced(value) {
			p.report(event, value)
			return
		}
		var scan nesting
		scan.feed(value)
		if p.complete(&scan) {
			p.report(event, value)
			return
		}
		r := p.more()
		r.data, r.scan, p.open = Join(r.data[:0], value), scan, true
		return
	}
	r := p.rest
	r.data = Join(append(r.data, '\n'), value)
	r.scan.feed(newline)
	r.scan.feed(value)
	if p.complete(&r.scan) {
		p.report(event, r.data)
	}
}

// complete reports whether the data of the event is complete.
func (p *Parser) complete(scan *nesting) bool {
	return scan.complete() && (!IsError(p.name) || scan.json)
}

// flush reports an event that no further line can complete.
func (p *Parser) flush(event Event) {
	switch {
	case p.open:
		p.report(event, p.rest.data)
	case IsError(p.name) && !p.past:
		p.report(event, p.more().note)
	}
	p.unnote()
}

// unnote forgets the comment of an event.
func (p *Parser) unnote() {
	if p.rest != nil {
		p.rest.note = p.rest.note[:0]
	}
}

func (p *Parser) report(event Event, data []byte) {
	event(p.name, data)
	p.open, p.past = false, true
}

// IsError reports whether an event with this name is an error, such as error, stream_error or
// modelStreamErrorException.
func IsError(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	if last := name[len(name)-1] | 0x20; last != 'r' && last != 'n' { // most names
		return false
	}
	for _, word := range [...]string{"error", "exception"} {
		if n := len(name) - len(word); n >= 0 && bytes.EqualFold(name[n:], []byte(word)) {
			return true
		}
	}
	return false
}

var newline = []byte{'\n'}

// balanced reports whether b is an object, judged by the number of its braces. A brace within a string can mislead it
// only about an object that spans lines.
func balanced(b []byte) bool {
	return len(b) > 1 && b[0] == '{' && b[len(b)-1] == '}' && bytes.Count(b, []byte{'{'}) == bytes.Count(b, []byte{'}'})
}

// nesting follows the brackets of a JSON value that is received in pieces, for which a fastjson.Scanner would need the
// whole text.
type nesting struct {
	depth           int
	quoted, escaped bool // within a string; after a backslash in it
	json            bool // the value begins with a bracket
	begun           bool // there was more than white space
}

func (n *nesting) feed(b []byte) {
	for i, c := range b {
		switch {
		case n.escaped:
			n.escaped = false
		case n.quoted:
			n.escaped, n.quoted = c == '\\', c != '"'
		case c <= ' ':
		case !n.begun:
			n.begun = true
			if n.json = c == '{' || c == '['; !n.json || bytes.HasPrefix(b[i:], []byte("[DONE]")) {
				n.json = false
				return
			}
			n.depth = 1
		case !n.json || n.depth == 0:
			return
		case c == '"':
			n.quoted = true
		case c == '{' || c == '[':
			n.depth++
		case c == '}' || c == ']':
			n.depth--
		}
	}
}

// complete reports whether the value has ended.
func (n *nesting) complete() bool { return n.depth <= 0 }

// FeedLines parses the next bytes of a stream of JSON lines, which some servers send instead of events. A value that
// spans lines is one event. Blank lines are ignored.
func (p *Parser) FeedLines(b []byte, event Event) {
	for {
		line, rest, whole := bytes.Cut(b, newline)
		p.line = Join(p.line, line)
		if !whole {
			return
		}
		p.endJSONLine(event)
		b = rest
	}
}

func (p *Parser) endJSONLine(event Event) {
	if line := bytes.TrimSpace(p.line); len(line) > 0 {
		p.take(line, event)
	}
	p.line = p.line[:0]
}

// EndLines reports what is left at the end of a stream of JSON lines.
func (p *Parser) EndLines(event Event) {
	p.endJSONLine(event)
	p.flush(event)
}

// Reset prepares the Parser for another stream. It retains its memory unless that is large.
func (p *Parser) Reset() {
	const large = 1 << 20
	if cap(p.line) > large {
		p.line = nil
	}
	if r := p.rest; r != nil {
		if cap(r.data) > large {
			r.data = nil
		}
		*r = rest{data: r.data[:0], note: r.note[:0], stray: r.stray[:0]}
	}
	*p = Parser{line: p.line[:0], name: p.name[:0], rest: p.rest}
}

// Join appends b to a. Above 1 MiB it doubles the capacity, because append grows by a quarter: a long event would leave
// four times its size behind before the garbage collector runs.
func Join(a, b []byte) []byte {
	const large = 1 << 20
	if need := len(a) + len(b); need > cap(a) && need > large {
		a = append(make([]byte, 0, max(need, 2*cap(a))), a...)
	}
	return append(a, b...)
}
