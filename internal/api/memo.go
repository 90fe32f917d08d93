package api

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"perfpipe/internal/fastjson"
)

// Memo reads the events of all streams of one server. An event whose bytes are those of an earlier one, but for its id,
// its time, its text and its counts of tokens, is read by comparing them: a tenth of the cost of a scan. It is safe for
// use by several goroutines at once.
type Memo struct {
	learn   sync.Mutex
	layouts atomic.Pointer[[]layout]
}

// maxLayouts is how many kinds of chunk are known by heart: a stream has about four.
const maxLayouts = 8

// Memo makes one, if d's events can be read so; else it is nil.
func (d Dialect) Memo() *Memo {
	if d.Name != chat.Name || d.Op != chat.Op && d.Op != completion.Op {
		return nil
	}
	m := &Memo{}
	m.layouts.Store(new([]layout))
	return m
}

// Match reads data into e if it is known by heart. The texts of e are valid as long as data, and its Usage is u.
func (m *Memo) Match(data []byte, e *Event, u *Usage) bool {
	if string(data) == "[DONE]" {
		*e = Event{Done: true}
		return true
	}
	known := *m.layouts.Load()
	for i := range known {
		if known[i].match(data, e, u) {
			return true
		}
	}
	return false
}

// Read is the dialect's. It learns the layout of data.
func (m *Memo) Read(data []byte) (Event, error) {
	var e Event
	if m.Match(data, &e, new(Usage)) {
		e.Content, e.Reasoning = strings.Clone(e.Content), strings.Clone(e.Reasoning)
		return e, nil
	}
	known := *m.layouts.Load()
	if len(known) == maxLayouts {
		return chat.event(data, readChat)
	}
	s := scanner{b: data, keep: true}
	if e, ok := s.chat(); ok {
		m.add(layoutOf(data, s.holes, e))
		return e, nil
	}
	return chat.decode(data, readChat)
}

func (m *Memo) add(l layout) {
	m.learn.Lock()
	defer m.learn.Unlock()
	if known := *m.layouts.Load(); len(known) < maxLayouts {
		grown := append(append([]layout(nil), known...), l)
		m.layouts.Store(&grown)
	}
}

// layout is a chunk with holes for what differs from event to event.
type layout struct {
	parts [][]byte // one before each hole, and one at the end
	holes []hole
	event Event // without what is in the holes
}

// hole is where a plain string, or a whole number, of a chunk stands.
type hole struct {
	from, to int
	field    field
}

type field uint8

const (
	idField field = iota
	contentField
	reasoningField
	createdField // numbers from here on
	promptField
	completionField
	totalField
)

func layoutOf(data []byte, holes []hole, e Event) layout {
	l := layout{holes: holes, event: e}
	at := 0
	for _, h := range holes {
		l.parts = append(l.parts, bytes.Clone(data[at:h.from]))
		at = h.to
	}
	l.parts = append(l.parts, bytes.Clone(data[at:]))
	l.event.Content, l.event.Reasoning = "", ""
	return l
}

func (l *layout) match(b []byte, e *Event, u *Usage) bool {
	end := l.parts[len(l.holes)]
	if !bytes.HasSuffix(b, end) { // which tells most layouts apart
		return false
	}
	*e, *u = l.event, Usage{}
	if e.Usage != nil {
		e.Usage = u
	}
	for i, h := range l.holes {
		part := l.parts[i]
		if !bytes.HasPrefix(b, part) {
			return false
		}
		b = b[len(part):]
		n := 0
		if h.field >= createdField {
			if n = e.setCount(h.field, b); n == 0 {
				return false
			}
		} else {
			if n = fastjson.UnescapedASCII(b); n == len(b) || b[n] != '"' {
				return false
			}
			text := unsafe.String(unsafe.SliceData(b), n)
			switch h.field {
			case contentField:
				e.Content = text
			case reasoningField:
				e.Reasoning = text
			}
		}
		b = b[n:]
	}
	return len(b) == len(end)
}

// setCount takes the whole number that b begins with, and gives the length of it, 0 where there is none.
func (e *Event) setCount(f field, b []byte) int {
	n, digits := wholeNumber(b)
	switch f {
	case promptField:
		e.Usage.Prompt = n
	case completionField:
		e.Usage.Completion = n
	case totalField:
		e.Usage.Total = n
	}
	return digits
}
