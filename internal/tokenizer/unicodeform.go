package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unicodeForm returns a Unicode normalisation. Characters that are newer than the reference's tables stay unchanged:
// there they are unassigned, and nothing combines across one.
func unicodeForm(form norm.Form) normalizer {
	unknown := namedSet("unnormalized")
	return func(s string) (string, bool) {
		if ascii(s) {
			return s, false
		}
		var b strings.Builder
		last := 0
		for i, r := range s {
			if r >= 0x80 && unknown.has(r) {
				b.WriteString(formOf(form, s[last:i]))
				b.WriteRune(r)
				last = i + utf8.RuneLen(r)
			}
		}
		if last == 0 {
			return formOf(form, s), false
		}
		b.WriteString(formOf(form, s[last:]))
		return b.String(), false
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// formOf normalises s without the limit of golang.org/x/text, which splits more than 30 consecutive marks.
func formOf(form norm.Form, s string) string {
	marks := 0
	for _, r := range s {
		if marks++; r < 0x300 || norm.NFKD.PropertiesString(string(r)).CCC() == 0 {
			marks = 0
		}
		if marks > 8 { // each decomposes to at most 3
			return longForm(form, s)
		}
	}
	return form.String(s)
}

// longForm is the algorithm of Unicode's section 3.11, literally.
func longForm(form norm.Form, s string) string {
	compose := form == norm.NFC || form == norm.NFKC
	parts := norm.NFD
	if form == norm.NFKC || form == norm.NFKD {
		parts = norm.NFKD
	}
	class := func(r rune) uint8 { return norm.NFD.PropertiesString(string(r)).CCC() }
	var text []rune
	for _, r := range s {
		text = append(text, []rune(parts.String(string(r)))...)
	}
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && class(text[end]) != 0 {
			end++
		}
		slices.SortStableFunc(text[start:end], func(a, b rune) int { return int(class(a)) - int(class(b)) })
		start = end
	}
	if !compose {
		return string(text)
	}
	out := text[:0]
	starter, last := -1, uint8(0) // position of the last starter in out, and class of the character after it
	for _, r := range text {
		c := class(r)
		if starter >= 0 && (last == 0 && starter == len(out)-1 || last != 0 && last < c) {
			if both := []rune(norm.NFC.String(string([]rune{out[starter], r}))); len(both) == 1 {
				out[starter] = both[0]
				continue
			}
		}
		out = append(out, r)
		if last = c; c == 0 {
			starter = len(out) - 1
		}
	}
	return string(out)
}
