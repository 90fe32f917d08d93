package fastjson

import (
	"errors"

	"github.com/goccy/go-json"
)

// Member is one member of a JSON object's top level. Its parts are slices of the object's text.
type Member struct {
	Name  []byte // decoded; it is a slice of the text where it has no escapes
	Pair  []byte // the whole member as it is written
	Value []byte // as it is written
}

// String is the value where that is a string, else empty.
func (m *Member) String() string {
	var s string
	if len(m.Value) == 0 || m.Value[0] != '"' || json.Unmarshal(m.Value, &s) != nil {
		return ""
	}
	return s
}

// Members are the members of an object in their order.
type Members []Member

// Get finds the first member of a name; nil: there is none.
func (l Members) Get(name string) *Member {
	for i := range l {
		if string(l[i].Name) == name {
			return &l[i]
		}
	}
	return nil
}

var errInvalid = errors.New("not valid JSON")

// maxDepth is how deep a text may nest, as encoding/json has it.
const maxDepth = 10000

// AppendMembers appends the members of the object that text is, and sees in the same pass whether the text is valid JSON
// (RFC 8259) to its end: this is all that is to be known of most request lines, which are many and long.
func AppendMembers(list Members, text []byte) (Members, error) {
	s := reader{b: text}
	if s.space(); !s.is('{') {
		return list, errInvalid
	}
	for more := s.first('}'); more; more = s.more('}') {
		from := s.i
		if !s.text() {
			return list, errInvalid
		}
		m := Member{Name: text[from+1 : s.i-1]}
		if s.escaped {
			var name string
			if json.Unmarshal(text[from:s.i], &name) != nil {
				return list, errInvalid
			}
			m.Name = []byte(name)
		}
		if s.space(); !s.is(':') {
			return list, errInvalid
		}
		s.space()
		at := s.i
		if !s.value(1) {
			return list, errInvalid
		}
		m.Value, m.Pair = text[at:s.i], text[from:s.i]
		list = append(list, m)
	}
	if s.space(); s.bad || s.i != len(text) {
		return list, errInvalid
	}
	return list, nil
}

// reader checks JSON. Its methods move past what they find.
type reader struct {
	b       []byte
	i       int
	escaped bool // the last text has escapes
	bad     bool // a list or an object does not go on as it must
}

// space passes over white space, of which there is mostly none.
func (s *reader) space() {
	if s.i < len(s.b) && s.b[s.i] <= ' ' {
		s.spaces()
	}
}

func (s *reader) spaces() {
	for s.i < len(s.b) {
		if c := s.b[s.i]; c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return
		}
		s.i++
	}
}

func (s *reader) is(c byte) bool {
	if s.i == len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// first says whether an object or a list, whose bracket is past, has an element, and moves to it.
func (s *reader) first(end byte) bool {
	s.space()
	return !s.is(end)
}

// more says whether another element follows, and moves to it. Where neither it nor the end does, the reader is bad.
func (s *reader) more(end byte) bool {
	s.space()
	if s.is(',') {
		s.space()
		return true
	}
	s.bad = s.bad || !s.is(end)
	return false
}

func (s *reader) value(depth int) bool {
	if s.i == len(s.b) || depth > maxDepth {
		return false
	}
	switch c := s.b[s.i]; c {
	case '"':
		return s.text()
	case '{':
		s.i++
		for more := s.first('}'); more; more = s.more('}') {
			if !s.text() {
				return false
			}
			if s.space(); !s.is(':') {
				return false
			}
			if s.space(); !s.value(depth + 1) {
				return false
			}
		}
		return !s.bad
	case '[':
		s.i++
		for more := s.first(']'); more; more = s.more(']') {
			if !s.value(depth + 1) {
				return false
			}
		}
		return !s.bad
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *reader) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

func (s *reader) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

func (s *reader) number() bool {
	s.is('-')
	if !s.is('0') && !s.digits() {
		return false
	}
	if s.is('.') && !s.digits() {
		return false
	}
	if s.is('e') || s.is('E') {
		if !s.is('+') {
			s.is('-')
		}
		return s.digits()
	}
	return true
}

// text passes over a string.
func (s *reader) text() bool {
	s.escaped = false
	if !s.is('"') {
		return false
	}
	for {
		s.i += Unescaped(s.b[s.i:])
		if s.i == len(s.b) {
			return false
		}
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return true
		case c < ' ':
			return false
		case c == '\\':
			s.escaped = true
			if !s.escape() {
				return false
			}
		}
	}
}

// escape passes over what follows a backslash.
func (s *reader) escape() bool {
	if s.i == len(s.b) {
		return false
	}
	c := s.b[s.i]
	s.i++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.i == len(s.b) {
				return false
			}
			if c := s.b[s.i] | 0x20; c-'a' > 5 && s.b[s.i]-'0' > 9 {
				return false
			}
			s.i++
		}
		return true
	}
	return false
}
