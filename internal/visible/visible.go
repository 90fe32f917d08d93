// Package visible makes text of other origin harmless to terminals, documents and spreadsheets.
package visible

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns s with escapes in the place of characters that a terminal would interpret or that would reorder the
// text around it: control characters except tab and newline, bidirectional controls, line separators, and bytes that
// are not UTF-8.
func Text(s string) string { return show(s) }

// Line is Text on one line: tabs and newlines become spaces.
func Line(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(s)
	return show(s)
}

// Cell is Line for a cell of CSV. If a spreadsheet would take it for a formula and it is not a number, it is quoted as
// spreadsheets do.
func Cell(s string) string {
	s = Line(s)
	if begin := strings.TrimLeft(s, " "); begin != "" && strings.ContainsRune("=+-@", rune(begin[0])) {
		if _, err := strconv.ParseFloat(begin, 64); err != nil {
			return "'" + s
		}
	}
	return s
}

// JSON returns equivalent JSON with the harmful characters of its strings escaped.
func JSON(b []byte) []byte {
	harmless := func(r rune) bool { return r == utf8.RuneError || !harmful(r, utf8.RuneLen(r)) }
	if bytes.IndexFunc(b, func(r rune) bool { return !harmless(r) }) < 0 { // the usual case
		return b
	}
	var out []byte
	for _, r := range string(b) {
		switch {
		case harmless(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// show escapes harmful characters.
func show(s string) string {
	i := 0
	for i < len(s) && (s[i] >= ' ' && s[i] < 0x7F || s[i] == '\n' || s[i] == '\t') {
		i++
	}
	if i == len(s) { // the usual case
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case !harmful(r, size):
			b.WriteString(s[i : i+size])
		case r == utf8.RuneError:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		i += size
	}
	return b.String()
}

// harmful reports whether a rune of this size in bytes must be escaped.
func harmful(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		return true
	case r == '\n' || r == '\t':
		return false
	case r < ' ' || r >= 0x7F && r < 0xA0: // C0, delete, C1
		return true
	// bidirectional
	case r == 0x061C || r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069:
		return true
	case r == 0x2028 || r == 0x2029 || r == 0xFEFF || r >= 0xE0000 && r <= 0xE007F: // separators, marks, tags
		return true
	}
	return false
}
