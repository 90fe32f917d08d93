package fastjson

import "bytes"

// WithoutNaN returns a copy of text with null in place of each NaN, Infinity and -Infinity, which Python's json module
// writes. ok is false if there are none. Text need not be valid JSON.
func WithoutNaN(text []byte) (out []byte, ok bool) {
	out = make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '"':
			n := StringLen(text[i:])
			out = append(out, text[i:i+n]...)
			i += n
			continue
		case 'N', 'I', '-':
			if n := notFinite(text[i:]); n > 0 {
				out, ok = append(out, "null"...), true
				i += n
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out, ok
}

// notFinite returns the length of the NaN or Infinity that b begins with, or 0.
func notFinite(b []byte) int {
	for _, word := range [...]string{"NaN", "Infinity", "-Infinity", "-NaN"} {
		if bytes.HasPrefix(b, []byte(word)) {
			return len(word)
		}
	}
	return 0
}

// WithWholeNumbers returns a copy of text in which numbers with a fraction of zeros, or an exponent, are the integers
// that they stand for: 64.0, as data frames write it, is 64. ok is false if there are none. Text need not be valid
// JSON.
func WithWholeNumbers(text []byte) (out []byte, ok bool) {
	copied := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			i += StringLen(text[i:])
		case c == '-' || c-'0' <= 9:
			n := numberLen(text[i:])
			if v, whole := wholeNumber(text[i : i+n]); whole {
				out = AppendInt(append(out, text[copied:i]...), v)
				copied = i + n
			}
			i += n
		default:
			i++
		}
	}
	return append(out, text[copied:]...), copied > 0
}

// StringLen returns the length of the string that b begins with, or of b if the string does not end. It looks only for
// the closing quote.
func StringLen(b []byte) int {
	for n := 1; ; {
		k := bytes.IndexByte(b[n:], '"')
		if k < 0 {
			return len(b)
		}
		slashes := 0
		for b[n+k-1-slashes] == '\\' {
			slashes++
		}
		if n += k + 1; slashes%2 == 0 {
			return n
		}
	}
}

// numberLen returns the length of what could be a number at the start of b.
func numberLen(b []byte) int {
	n := 1
	for n < len(b) && (b[n]-'0' <= 9 || b[n] == '.' || b[n]|0x20 == 'e' || b[n] == '+' || b[n] == '-') {
		n++
	}
	return n
}
