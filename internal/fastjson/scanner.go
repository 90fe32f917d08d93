package fastjson

// maxDepth is the deepest nesting that a Scanner accepts, which is that of encoding/json.
const maxDepth = 10000

// Scanner walks over a JSON text once and validates it (RFC 8259). Its methods move past what they read and report
// false if something else follows. A Scanner that has reported false is of no further use.
type Scanner struct {
	b   []byte
	i   int
	bad bool // an array or an object has neither a comma nor an end after an element
}

// NewScanner returns a Scanner of text.
func NewScanner(text []byte) Scanner { return Scanner{b: text} }

// Pos returns the index of the next byte.
func (s *Scanner) Pos() int { return s.i }

// Done reports whether no byte is left.
func (s *Scanner) Done() bool { return s.i == len(s.b) }

// Byte moves past c.
func (s *Scanner) Byte(c byte) bool {
	if s.i == len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// Next reports whether the next byte, which is not passed, is c.
func (s *Scanner) Next(c byte) bool { return s.i < len(s.b) && s.b[s.i] == c }

// Space moves past white space, of which there usually is none.
func (s *Scanner) Space() {
	if s.i < len(s.b) && s.b[s.i] <= ' ' {
		s.spaces()
	}
}

func (s *Scanner) spaces() {
	for s.i < len(s.b) {
		if c := s.b[s.i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return
		}
		s.i++
	}
}

// first reports whether an object or an array, whose opening bracket was passed, has an element, and moves to it.
func (s *Scanner) first(end byte) bool {
	s.Space()
	return !s.Byte(end)
}

// more reports whether another element follows, and moves to it. It sets bad if neither an element nor the end follows.
func (s *Scanner) more(end byte) bool {
	s.Space()
	if s.Byte(',') {
		s.Space()
		return true
	}
	s.bad = s.bad || !s.Byte(end)
	return false
}

// Object moves past an object. It calls member at the value of each key, to move past it; the key is as written.
func (s *Scanner) Object(member func(key []byte) bool) bool {
	if !s.Byte('{') {
		return false
	}
	for more := s.first('}'); more; more = s.more('}') {
		key, _, ok := s.String()
		if !ok {
			return false
		}
		if s.Space(); !s.Byte(':') {
			return false
		}
		if s.Space(); !member(key) {
			return false
		}
	}
	return !s.bad
}

// Array moves past an array. It calls element at each of its values, to move past it.
func (s *Scanner) Array(element func() bool) bool {
	if !s.Byte('[') {
		return false
	}
	for more := s.first(']'); more; more = s.more(']') {
		if !element() {
			return false
		}
	}
	return !s.bad
}

// Value moves past a value of any type.
func (s *Scanner) Value() bool { return s.value(1) }

// value moves past a value of any type, which depth arrays and objects contain.
func (s *Scanner) value(depth int) bool {
	if s.i == len(s.b) || depth > maxDepth {
		return false
	}
	switch c := s.b[s.i]; c {
	case '"':
		_, _, ok := s.String()
		return ok
	case '{':
		s.i++
		for more := s.first('}'); more; more = s.more('}') {
			if _, _, ok := s.String(); !ok {
				return false
			}
			if s.Space(); !s.Byte(':') {
				return false
			}
			if s.Space(); !s.value(depth + 1) {
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
		return s.Null()
	}
	return s.number()
}

// Null moves past null.
func (s *Scanner) Null() bool { return s.word("null") }

func (s *Scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// Uint moves past a whole number of at most 18 digits and returns it.
func (s *Scanner) Uint() (uint64, bool) {
	v, n := Uint(s.b[s.i:])
	if n < 0 {
		return 0, false
	}
	s.i += n
	return v, true
}

func (s *Scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

func (s *Scanner) number() bool {
	s.Byte('-')
	if !s.Byte('0') && !s.digits() {
		return false
	}
	if s.Byte('.') && !s.digits() {
		return false
	}
	if s.Byte('e') || s.Byte('E') {
		if !s.Byte('+') {
			s.Byte('-')
		}
		return s.digits()
	}
	return true
}

// String moves past a string and returns what stands between its quotes, as written, and whether that has escapes.
func (s *Scanner) String() (raw []byte, escaped, ok bool) {
	if !s.Byte('"') {
		return nil, false, false
	}
	for from := s.i; ; {
		s.i += Unescaped(s.b[s.i:])
		if s.i == len(s.b) {
			return nil, escaped, false
		}
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return s.b[from : s.i-1], escaped, true
		case c < ' ':
			return nil, escaped, false
		case c == '\\':
			escaped = true
			if !s.escape() {
				return nil, escaped, false
			}
		}
	}
}

// escape moves past what follows a backslash.
func (s *Scanner) escape() bool {
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
