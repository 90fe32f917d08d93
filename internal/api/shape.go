package api

import (
	"bytes"

	"perfpipe/internal/fastjson"
)

// Shape recognizes the events of a stream that differ from one already decoded only in a single text, which saves
// decoding them: an event that begins with the same bytes, continues with a JSON string without escapes and ends with
// the same bytes decodes to the same except for that string. An event that differs in anything else does not match.
type Shape struct {
	template fastjson.Template[[]byte] // whose hole is the text
	kind     Kind
	text     []byte // of the last event that matched
}

func shapeOf(data []byte, from, to int, kind Kind) Shape {
	s := Shape{kind: kind}
	s.template.Learn(data, []fastjson.Hole[[]byte]{{From: from, To: to, Read: readUnescaped}})
	return s
}

func readUnescaped(b []byte, text *[]byte) int {
	n := fastjson.Unescaped(b)
	*text = b[:n]
	return n
}

// Kind is one kind of generated output.
type Kind uint8

// The kinds of output.
const (
	Content Kind = iota + 1
	Reasoning
	Tool
)

// texts returns the fields of e in the order of the kinds.
func (e *Event) texts() [3]*string { return [...]*string{&e.Content, &e.Reasoning, &e.Tool} }

const probe = "\x7fprobe\x7f"

// Learn makes the Shape of data, from which d has read e. It fails if e carries anything besides one text (the pieces
// of a tool call are more than their text), or if the text is written with escapes. It proves where the text stands by
// reading data with another text in its place.
func (d Dialect) Learn(data []byte, e Event) (Shape, bool) {
	var text string
	var kind Kind
	for i, t := range e.texts() {
		if *t == "" {
			continue
		}
		if kind != 0 {
			return Shape{}, false
		}
		text, kind = *t, Kind(i+1)
	}
	if kind == 0 || d.grows || fastjson.Unescaped([]byte(text)) < len(text) || e.Usage != nil || e.Done || !e.textOnly() {
		return Shape{}, false
	}
	quoted := []byte(`"` + text + `"`)
	for from := 0; ; {
		i := bytes.Index(data[from:], quoted)
		if i < 0 {
			return Shape{}, false
		}
		i += from + 1
		from = i
		got, err := d.Read([]byte(string(data[:i]) + probe + string(data[i+len(text):])))
		want := e
		*want.texts()[kind-1] = probe
		if err == nil && sameText(got, want) {
			return shapeOf(data, i, i+len(text), kind), true
		}
	}
}

// LearnMatched is Learn for an event that m has just matched. It decodes nothing, because the text is a view of data.
func (m *Memo) LearnMatched(data []byte, e *Event) (Shape, bool) {
	text, kind := e.Content, Content
	if text == "" {
		text, kind = e.Reasoning, Reasoning
	}
	if text == "" || e.Content != "" && e.Reasoning != "" || e.Usage != nil || e.Finish != "" {
		return Shape{}, false
	}
	from := fastjson.Offset(data, text)
	return shapeOf(data, from, from+len(text), kind), true
}

// textOnly reports whether an event has nothing besides its texts, its model and its usage.
func (e *Event) textOnly() bool {
	return len(e.Calls) == 0 && e.Items == 0 && e.Finish == "" && e.Err == "" && e.Aside == nil && !e.Media && !e.Odd &&
		e.Times == nil
}

// sameText compares what Learn accepts in an event.
func sameText(a, b Event) bool {
	return a.textOnly() && a.Usage == nil && a.Unseen == b.Unseen && a.Done == b.Done && a.Model == b.Model &&
		a.Content == b.Content && a.Reasoning == b.Reasoning && a.Tool == b.Tool
}

// Match returns the text of data and its kind, if data has the shape.
func (s *Shape) Match(data []byte) (text []byte, kind Kind, ok bool) {
	if s.kind == 0 || !s.template.Match(data, &s.text) {
		return nil, 0, false
	}
	return s.text, s.kind, true
}
