package fastjson

import (
	"bytes"
	"slices"
)

// Template recognizes texts that differ from an earlier one only in some values, and reads these values into a T.
// Comparing the bytes between the values costs a tenth of scanning them.
//
// Shapes and layouts of api and the lines of record are templates. Two caches that look like one are not: an endpoint's
// response headers (in http1) and a load point's fields (record.Encoder) are single literals without a value in them,
// which bytes.HasPrefix and append serve.
type Template[T any] struct {
	parts []part[T]
	end   []byte // what follows the last hole
}

// part is a literal and the hole after it.
type part[T any] struct {
	text []byte
	read func([]byte, *T) int
}

// Hole is a value in a text that differs from text to text.
type Hole[T any] struct {
	From, To int // its bytes in the text
	// Read reads the value that its argument begins with and returns the value's length in bytes, or Fail.
	Read func([]byte, *T) int
}

// Learn makes t the template of text with the holes, which are in order. It copies text into the memory that t has.
func (t *Template[T]) Learn(text []byte, holes []Hole[T]) {
	parts := t.parts[:0]
	from := 0
	for _, h := range holes {
		parts = slices.Grow(parts, 1)[:len(parts)+1]
		p := &parts[len(parts)-1] // may hold the literal of a text before, whose memory is reused
		p.text, p.read = append(p.text[:0], text[from:h.From]...), h.Read
		from = h.To
	}
	t.parts, t.end = parts, append(t.end[:0], text[from:]...)
}

// Match reports whether text fits t, and reads its values into to. If it does not fit, to may hold some of the values.
func (t *Template[T]) Match(text []byte, to *T) bool {
	if !bytes.HasSuffix(text, t.end) { // which rules out most templates
		return false
	}
	for i := range t.parts {
		p := &t.parts[i]
		if len(text) < len(p.text) || string(text[:len(p.text)]) != string(p.text) {
			return false
		}
		text = text[len(p.text):]
		n := p.read(text, to)
		if n < 0 {
			return false
		}
		text = text[n:]
	}
	return len(text) == len(t.end)
}
