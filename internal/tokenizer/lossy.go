package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// lossy returns s as valid UTF-8: each maximal part of a truncated character, and each other invalid byte, becomes one
// U+FFFD (Unicode 16, section 3.9), as in the replacing decoders of Python and Rust. Go would write one for each byte
// (conversion to []rune) or for each run (strings.ToValidUTF8).
func lossy(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			n = maximalPart(s)
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// maximalPart returns the number of leading bytes of s that could begin a character, at least 1. s begins with no
// complete one.
func maximalPart(s string) int {
	lo, hi, want := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 1
	case c >= 0xE0 && c <= 0xEF:
		want = 2
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 3
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	n := 1
	for n <= want && n < len(s) && s[n] >= lo && s[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}
