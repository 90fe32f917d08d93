package fastjson

import (
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, s)
	return append(dst, '"')
}

// AppendEscaped appends s as the inside of a JSON string. Bytes that are not UTF-8 become U+FFFD. It does not escape <,
// > and &.
func AppendEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := UnescapedASCII(s); i < len(s); i += UnescapedASCII(s[i:]) {
		c := s[i]
		if c >= utf8.RuneSelf {
			if size := runeSize(s[i:]); size > 0 {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

// runeSize returns the length of the UTF-8 character at the start of s, or 0 if there is none.
func runeSize[T string | []byte](s T) int {
	head := s[:min(len(s), utf8.UTFMax)]
	if r, size := utf8.DecodeRuneInString(string(head)); r != utf8.RuneError || size > 1 {
		return size
	}
	return 0
}
