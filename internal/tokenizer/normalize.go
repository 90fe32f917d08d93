package tokenizer

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer transforms text before it is split. It also reports whether it removed leading characters, which
// Metaspace's scheme "first" needs to know.
type normalizer func(s string) (out string, moved bool)

// steps applies normalizers one after another.
func steps(all []normalizer) normalizer {
	return func(s string) (string, bool) {
		var moved bool
		for _, n := range all {
			out, m := n(s)
			s, moved = out, moved || m
		}
		return s, moved
	}
}

// mapRunes replaces each character by to(r), or removes it if that is -1.
func mapRunes(to func(r rune) rune) normalizer {
	return func(s string) (string, bool) {
		first, _ := utf8.DecodeRuneInString(s)
		return strings.Map(to, s), s != "" && to(first) < 0
	}
}

// lowercase is Rust's: it maps each character by itself, including a final sigma.
func lowercase() normalizer {
	lower := tables().lower
	return func(s string) (string, bool) {
		s = strings.Map(func(r rune) rune {
			if r < 0x80 {
				if r >= 'A' && r <= 'Z' {
					r += 'a' - 'A'
				}
				return r
			}
			if l, ok := lower[r]; ok {
				return l
			}
			return r
		}, s)
		return strings.ReplaceAll(s, "\u0130", "i\u0307"), false // the only one that becomes two
	}
}

// nmt is the clean-up of the Moses tools for machine translation.
func nmt(r rune) rune {
	switch {
	case r >= 1 && r <= 8, r == 0x0B, r >= 0x0E && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
		return -1
	case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200B && r <= 0x200F,
		r == 0x2028, r == 0x2029, r == 0x2581, r == 0xFEFF, r == 0xFFFD:
		return ' '
	}
	return r
}

// stripSpace removes white space at the ends.
func stripSpace(left, right bool) normalizer {
	return func(s string) (string, bool) {
		out := s
		if left {
			out = strings.TrimLeftFunc(out, isSpace)
		}
		moved := len(out) != len(s)
		if right {
			out = strings.TrimRightFunc(out, isSpace)
		}
		return out, moved
	}
}

func prepend(prefix string) normalizer {
	return func(s string) (string, bool) {
		if s == "" {
			return s, false
		}
		return prefix + s, false
	}
}

func replace(p *pattern, by string) normalizer {
	return func(s string) (string, bool) {
		var b strings.Builder
		changed, moved := false, false
		p.each(s, func(text string, match bool) {
			if match {
				moved = moved || b.Len() == 0 && by == ""
				changed = true
				text = by
			}
			b.WriteString(text)
		})
		if !changed {
			return s, false
		}
		return b.String(), moved
	}
}

// bertNormalizer is that of the original BERT. Each part is optional.
func bertNormalizer(clean, chinese, accents, lower bool) normalizer {
	var all []normalizer
	if clean {
		other := namedSet("other")
		all = append(all, mapRunes(func(r rune) rune {
			switch {
			case other.has(r): // including the control characters that are white space, except \t, \n and \r
				return -1
			case isSpace(r):
				return ' '
			}
			return r
		}))
	}
	if chinese {
		all = append(all, spaceChinese)
	}
	if accents {
		mark := namedSet("mark")
		all = append(all, unicodeForm(norm.NFD), dropRunes(mark))
	}
	if lower {
		all = append(all, lowercase())
	}
	return steps(all)
}

func dropRunes(set *runeSet) normalizer {
	return mapRunes(func(r rune) rune {
		if set.has(r) {
			return -1
		}
		return r
	})
}

// spaceChinese inserts spaces around the characters that BERT takes for Chinese ones.
func spaceChinese(s string) (string, bool) {
	chinese := func(r rune) bool {
		return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r >= 0x20000 && r <= 0x2A6DF ||
			r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F || r >= 0x2B920 && r <= 0x2CEAF ||
			r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
	}
	if strings.IndexFunc(s, chinese) < 0 {
		return s, false
	}
	var b strings.Builder
	for _, r := range s {
		if chinese(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String(), false
}

// byteChars returns GPT-2's map from bytes to printable characters.
func byteChars() (chars [256]rune) {
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(r >= '!' && r <= '~' || r >= 0xA1 && r <= 0xAC || r >= 0xAE && r <= 0xFF) {
			r = next
			next++
		}
		chars[b] = r
	}
	return chars
}

// byteLevel replaces every byte of s by GPT-2's character for it.
func byteLevel() func(s string) string {
	chars := byteChars()
	return func(s string) string {
		var b strings.Builder
		b.Grow(len(s) + len(s)/2)
		for i := range len(s) {
			b.WriteRune(chars[s[i]])
		}
		return b.String()
	}
}
