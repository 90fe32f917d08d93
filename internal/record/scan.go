package record

import (
	"slices"

	"perfpipe/internal/fastjson"
)

// scanner reads record lines in exactly the form in which perf-send writes them: no white space, known keys, numbers
// without exponents, strings of printable ASCII. It fails at anything else, and the general decoder takes the line; so
// it does not decide what is valid. It is several times as fast, and perf-stats spends most of its time on reading.
//
// Most of a line equals the line before. So the scanner caches lines as templates, whose holes are the values that
// change, and reads only those of a line that fits.
type scanner struct {
	templates [4]template         // of different keys: new connections, conversations, …
	fitting   int                 // the one of the last line
	next      int                 // the one to be replaced next
	changing  [len(fields)]bool   // whether the value of a field has changed
	values    [len(fields)][]byte // of each field, in the line learned last
	learned   template            // built, then swapped with one of templates
	holes     []fastjson.Hole[Record]
}

// template recognizes the lines that have the same keys in the same order.
type template struct {
	rec    Record // of the last line; the fields that do not change are those of every line that fits
	fields []int  // in their order
	ends   []int  // of the fields' values, in the line learned
	text   fastjson.Template[Record]
}

// scan returns the record of a line, or reports false. The record is valid until the next call.
func (s *scanner) scan(line []byte) (*Record, bool) {
	for range s.templates {
		// A line that does not fit may leave values in the record, but only of fields that every line has read again.
		if t := &s.templates[s.fitting]; len(t.fields) > 0 && t.text.Match(line, &t.rec) {
			return &t.rec, true
		}
		s.fitting = (s.fitting + 1) % len(s.templates)
	}
	if !s.learned.parse(line) {
		return nil, false
	}
	s.learn(&s.learned, line)
	at := slices.IndexFunc(s.templates[:], func(t template) bool { return slices.Equal(t.fields, s.learned.fields) })
	if at < 0 {
		at = s.next
		s.next = (s.next + 1) % len(s.templates)
	}
	s.templates[at], s.learned, s.fitting = s.learned, s.templates[at], at
	return &s.templates[at].rec, true
}

// parse reads a line with any of the known keys.
func (t *template) parse(line []byte) bool {
	t.rec = t.rec.emptied()
	t.rec.Keys = keyLine
	t.fields, t.ends = t.fields[:0], t.ends[:0]
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	for i, f := 1, -1; ; i++ {
		f = fieldAt(line[i:], f)
		if f < 0 || slices.Contains(t.fields, f) {
			return false
		}
		t.rec.Keys |= fields[f].bit
		i += len(fields[f].key)
		n := fields[f].read(line[i:], &t.rec)
		if n < 0 {
			return false
		}
		i += n
		t.fields, t.ends = append(t.fields, f), append(t.ends, i)
		switch {
		case i == len(line):
			return false
		case line[i] == '}':
			return i+1 == len(line)
		case line[i] != ',':
			return false
		}
	}
}

// learn makes the template of a line that was parsed.
func (s *scanner) learn(t *template, line []byte) {
	s.holes = s.holes[:0]
	for n, f := range t.fields {
		start := 1 + len(fields[f].key)
		if n > 0 {
			start += t.ends[n-1]
		}
		value := line[start:t.ends[n]]
		if before := s.values[f]; before != nil && string(before) != string(value) {
			s.changing[f] = true
		}
		s.values[f] = append(s.values[f][:0], value...)
		if s.changing[f] {
			s.holes = append(s.holes, fastjson.Hole[Record]{From: start, To: t.ends[n], Read: fields[f].read})
		}
	}
	t.text.Learn(line, s.holes)
}

// field is one that the scanner knows.
type field struct {
	key  string // with quotes and colon
	bit  Keys   // 0 if its absence means no more than a zero
	read func([]byte, *Record) int
}

// fieldAt returns the field whose key b begins with, or -1. It is usually one soon after the field before.
func fieldAt(b []byte, before int) int {
	for n := range fields {
		f := (before + 1 + n) % len(fields)
		if key := fields[f].key; len(b) > len(key) && string(b[:len(key)]) == key {
			return f
		}
	}
	return -1
}

func readText(b []byte, to *string) int {
	text, n := fastjson.ASCII(b)
	if string(text) != *to {
		*to = string(text)
	}
	return n
}

// readTPOT skips the TPOT of a record with gaps, from which it follows.
func readTPOT(b []byte, r *Record) int {
	if len(r.GapUs) > 0 {
		return fastjson.SkipNumber(b)
	}
	return fastjson.Float(b, &r.TPOTMs)
}

// readLabels reads an object of strings into a new map.
func readLabels(b []byte, to *map[string]string) int {
	*to = map[string]string{}
	if len(b) == 0 || b[0] != '{' {
		return fastjson.Fail
	}
	for i := 1; ; i++ {
		key, n := fastjson.ASCII(b[i:])
		if i += n; n < 0 || i == len(b) || b[i] != ':' {
			return fastjson.Fail
		}
		value, n := fastjson.ASCII(b[i+1:])
		if i += 1 + n; n < 0 || i == len(b) {
			return fastjson.Fail
		}
		(*to)[string(key)] = string(value)
		switch b[i] {
		case '}':
			return i + 1
		case ',':
		default:
			return fastjson.Fail
		}
	}
}
