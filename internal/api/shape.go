package api

import (
	"bytes"
	"unsafe"

	"perfpipe/internal/fastjson"
)

// Shape recognises the events of a stream that differ from one already decoded in a single text alone, which spares them
// the decoding: an event that begins with the same bytes, goes on with a JSON string without escapes and ends with the
// same bytes decodes to the same but for that string. Whatever differs in anything else does not match.
type Shape struct {
	prefix, suffix []byte // up to the text's opening quote, and from its closing quote on
	kind           Kind
}

// Kind is one kind of generated output.
type Kind uint8

// The kinds of output.
const (
	Content Kind = iota + 1
	Reasoning
	Tool
)

// texts gives the fields of e in the order of the kinds.
func (e *Event) texts() [3]*string { return [...]*string{&e.Content, &e.Reasoning, &e.Tool} }

const probe = "\x7fprobe\x7f"

// Learn makes the Shape of data, from which d has read e. It fails where e carries anything but one text (the pieces of a
// tool call are more than their text), or where the text is written with escapes. That the text stands where it seems to is proven by reading data with another in its
// place.
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
	if kind == 0 || d.grows || fastjson.Unescaped([]byte(text)) < len(text) || len(e.Calls) > 0 || e.Items > 0 || e.Done || e.Usage != nil ||
		e.Finish != "" || e.Err != "" || e.Aside != nil || e.Media || e.Odd {
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
		s := Shape{bytes.Clone(data[:i]), bytes.Clone(data[i+len(text):]), kind}
		got, err := d.Read([]byte(string(s.prefix) + probe + string(s.suffix)))
		want := e
		*want.texts()[kind-1] = probe
		if err == nil && sameText(got, want) {
			return s, true
		}
	}
}

// LearnMatched is Learn for an event that m has just matched, whose text is a slice of data: that it stands where it does
// is known, so that nothing need be decoded.
func (m *Memo) LearnMatched(data []byte, e *Event) (Shape, bool) {
	text, kind := e.Content, Content
	if text == "" {
		text, kind = e.Reasoning, Reasoning
	}
	if text == "" || e.Content != "" && e.Reasoning != "" || e.Usage != nil || e.Finish != "" {
		return Shape{}, false
	}
	from := int(uintptr(unsafe.Pointer(unsafe.StringData(text))) - uintptr(unsafe.Pointer(unsafe.SliceData(data))))
	return Shape{bytes.Clone(data[:from]), bytes.Clone(data[from+len(text):]), kind}, true
}

// sameText compares what Learn lets an event carry.
func sameText(a, b Event) bool {
	return len(a.Calls) == 0 && a.Items == 0 && a.Usage == nil && a.Finish == "" && a.Err == "" && a.Aside == nil && !a.Media && !a.Odd &&
		a.Unseen == b.Unseen && a.Done == b.Done && a.Model == b.Model && a.Content == b.Content &&
		a.Reasoning == b.Reasoning && a.Tool == b.Tool
}

// Match gives the text of data and its kind, if data has the shape.
func (s *Shape) Match(data []byte) (text []byte, kind Kind, ok bool) {
	if s.kind == 0 || len(data) < len(s.prefix)+len(s.suffix) || !bytes.HasPrefix(data, s.prefix) || !bytes.HasSuffix(data, s.suffix) {
		return nil, 0, false
	}
	text = data[len(s.prefix) : len(data)-len(s.suffix)]
	return text, s.kind, fastjson.Unescaped(text) == len(text)
}
