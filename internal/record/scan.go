package record

import (
	"bytes"
	"slices"

	"perfpipe/internal/fastjson"
)

// scanner reads record lines in just the form in which perf-send writes them: no white space, known keys, numbers without
// exponents, strings of plain ASCII. Whatever else a line holds makes it give up, and the general decoder takes the line;
// so it decides nothing about what is valid. It is several times as fast, which is what reading is spent on.
//
// Most of a line stands on the line before, too. So lines are kept as templates: text that stays the same, and between it
// the values that change. Of a line that fits a template only those are read.
type scanner struct {
	b         []byte
	i         int
	templates [4]template // of different keys: new connections, conversations, …
	fitting   int         // the one of the last line
	next      int         // the one to be given up next
	changing  uint64      // the fields whose value changed, a bit each
	values    [64][]byte  // of each field, on the line that was learnt last
	learnt    template    // built, then swapped with one of templates
}

// template is how lines go.
type template struct {
	rec    Record // of the last line; the fields that do not change are those of any line that fits
	fields []int  // in their order
	parts  []part
	ends   []int // of the fields' values, on the line that it was learnt from
}

// part is text that stays the same, and the field after it, -1 at the end of the line.
type part struct {
	text  []byte
	field int
}

// scan gives the record of a line, or reports false.
func (s *scanner) scan(line []byte) (*Record, bool) {
	s.b = line
	for range s.templates {
		if t := &s.templates[s.fitting]; s.fits(t) {
			return &t.rec, true
		}
		s.fitting = (s.fitting + 1) % len(s.templates)
	}
	if !s.parse(&s.learnt) {
		return nil, false
	}
	s.learn(&s.learnt)
	at := slices.IndexFunc(s.templates[:], func(t template) bool { return slices.Equal(t.fields, s.learnt.fields) })
	if at < 0 {
		at = s.next
		s.next = (s.next + 1) % len(s.templates)
	}
	s.templates[at], s.learnt, s.fitting = s.learnt, s.templates[at], at
	return &s.templates[at].rec, true
}

// fits reads the line as one of t's. A line that is none may leave values in t, but only of fields that every line has
// read again.
func (s *scanner) fits(t *template) bool {
	s.i = 0
	for i := range t.parts {
		p := &t.parts[i]
		rest := s.b[s.i:]
		if len(rest) < len(p.text) || string(rest[:len(p.text)]) != string(p.text) {
			return false
		}
		s.i += len(p.text)
		if p.field >= 0 && !fields[p.field].read(s, &t.rec) {
			return false
		}
	}
	return len(t.parts) > 0 && s.i == len(s.b)
}

// parse reads the line as one of any keys.
func (s *scanner) parse(t *template) bool {
	t.rec = Record{GapUs: t.rec.GapUs[:0], ChunkTokens: t.rec.ChunkTokens[:0], Keys: keyLine}
	t.fields, t.ends = t.fields[:0], t.ends[:0]
	s.i = 0
	if !s.byte('{') {
		return false
	}
	for f := -1; ; {
		f = s.field(f)
		if f < 0 || slices.Contains(t.fields, f) {
			return false
		}
		t.rec.Keys |= fields[f].bit
		s.i += len(fields[f].key)
		if !fields[f].read(s, &t.rec) {
			return false
		}
		t.fields, t.ends = append(t.fields, f), append(t.ends, s.i)
		if s.byte('}') {
			return s.i == len(s.b)
		}
		if !s.byte(',') {
			return false
		}
	}
}

// learn cuts the line into the parts of t.
func (s *scanner) learn(t *template) {
	parts := t.parts[:0]
	part := func(text []byte, field int) {
		parts = slices.Grow(parts, 1)[:len(parts)+1]
		p := &parts[len(parts)-1] // its text is one to write over
		p.text, p.field = append(p.text[:0], text...), field
	}
	from := 0 // of the text before the next value that changes
	for n, f := range t.fields {
		start := 1 + len(fields[f].key)
		if n > 0 {
			start += t.ends[n-1]
		}
		value := s.b[start:t.ends[n]]
		if before := s.values[f]; before != nil && string(before) != string(value) {
			s.changing |= 1 << f
		}
		s.values[f] = append(s.values[f][:0], value...)
		if s.changing>>f&1 != 0 {
			part(s.b[from:start], f)
			from = t.ends[n]
		}
	}
	part(s.b[from:], -1)
	t.parts = parts
}

// field finds the field whose key comes next, which mostly is one soon after the one before, or gives -1.
func (s *scanner) field(before int) int {
	rest := s.b[s.i:]
	for n := range fields {
		f := (before + 1 + n) % len(fields)
		if key := fields[f].key; len(rest) > len(key) && string(rest[:len(key)]) == key {
			return f
		}
	}
	return -1
}

func (s *scanner) byte(c byte) bool {
	if s.i >= len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// quoted reads a string of plain ASCII.
func (s *scanner) quoted() ([]byte, bool) {
	if !s.byte('"') {
		return nil, false
	}
	text := s.b[s.i:]
	text = text[:fastjson.UnescapedASCII(text)]
	s.i += len(text)
	return text, s.byte('"')
}

func (s *scanner) text(to *string) bool {
	b, ok := s.quoted()
	if string(b) != *to {
		*to = string(b)
	}
	return ok
}

// labels reads an object of strings into a new map.
func (s *scanner) labels(to *map[string]string) bool {
	*to = map[string]string{}
	if !s.byte('{') {
		return false
	}
	for {
		key, ok := s.quoted()
		if !ok || !s.byte(':') {
			return false
		}
		value, ok := s.quoted()
		if !ok {
			return false
		}
		(*to)[string(key)] = string(value)
		if !s.byte(',') {
			return s.byte('}')
		}
	}
}

func (s *scanner) boolean(to *bool) bool {
	rest := s.b[s.i:]
	switch {
	case bytes.HasPrefix(rest, []byte("true")):
		*to, s.i = true, s.i+4
		return true
	case bytes.HasPrefix(rest, []byte("false")):
		*to, s.i = false, s.i+5
		return true
	}
	return false
}
