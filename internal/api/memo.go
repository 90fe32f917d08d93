package api

import (
	"bytes"
	"sync"
	"sync/atomic"
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

// Read is the dialect's.
func (m *Memo) Read(data []byte) (Event, error) {
	if string(data) == "[DONE]" {
		return Event{Done: true}, nil
	}
	known := *m.layouts.Load()
	for i := range known {
		if e, ok := known[i].match(data); ok {
			return e, nil
		}
	}
	if len(known) == maxLayouts {
		return readChat(data)
	}
	s := scanner{b: data, keep: true}
	if e, ok := s.chat(); ok {
		m.add(layoutOf(data, s.holes, e))
		return e, nil
	}
	return decodeChat(data)
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

func (l *layout) match(b []byte) (Event, bool) {
	e := l.event
	if e.Usage != nil {
		e.Usage = &Usage{}
	}
	for i, h := range l.holes {
		part := l.parts[i]
		if !bytes.HasPrefix(b, part) {
			return Event{}, false
		}
		b = b[len(part):]
		if h.field >= createdField {
			s := scanner{b: b}
			n, ok := s.number()
			if !ok {
				return Event{}, false
			}
			b = b[s.i:]
			e.setCount(h.field, n)
			continue
		}
		n := plainLen(b)
		if n == len(b) || b[n] != '"' {
			return Event{}, false
		}
		switch h.field {
		case contentField:
			e.Content = string(b[:n])
		case reasoningField:
			e.Reasoning = string(b[:n])
		}
		b = b[n:]
	}
	return e, bytes.Equal(b, l.parts[len(l.holes)])
}

func (e *Event) setCount(f field, n int) {
	switch f {
	case promptField:
		e.Usage.PromptTokens = n
	case completionField:
		e.Usage.CompletionTokens = n
	}
}

// plainLen is the length of the printable ASCII without quotes and backslashes that b begins with.
func plainLen(b []byte) int {
	for i, c := range b {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return len(b)
}
