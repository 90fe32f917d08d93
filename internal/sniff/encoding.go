package sniff

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// inEncoding returns the error of text in an encoding other than UTF-8.
func inEncoding(name string) *Alien {
	return &Alien{"text in " + name + ", not in UTF-8", "iconv -f " + name + " -t UTF-8 %s >utf8.txt"}
}

// Text returns nil if b is UTF-8, and otherwise an error that names its likely encoding.
func Text(b []byte) error {
	if valid(b) {
		return nil
	}
	if surrogates(b) {
		return &Alien{"not in UTF-8: it has halves of characters, as CESU-8 and Java write them",
			"uconv -f CESU-8 -t UTF-8 %s >utf8.txt"}
	}
	if damaged(b) {
		return &Alien{"not in UTF-8 throughout: iconv -c leaves out what is not", "iconv -c -f UTF-8 -t UTF-8 %s >utf8.txt"}
	}
	name := guess(b)
	a := inEncoding(name)
	a.What = "not in UTF-8: it looks like " + name
	return a
}

// surrogates reports whether b has a pair of surrogates, each as three bytes.
func surrogates(b []byte) bool {
	for {
		k := bytes.IndexByte(b, 0xED)
		if k < 0 || len(b) < k+6 {
			return false
		}
		if b = b[k:]; b[1] >= 0xA0 && b[1] < 0xB0 && b[2]&0xC0 == 0x80 && b[3] == 0xED && b[4] >= 0xB0 && b[4] < 0xC0 {
			return true
		}
		b = b[1:]
	}
}

// damaged reports whether b is UTF-8 except for a few bytes, such as those of a character that was cut off. In another
// encoding few characters look like those of UTF-8.
func damaged(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			bad++
			for b[0] >= 0xC0 && n < len(b) && !utf8.RuneStart(b[n]) { // the rest of the character
				n++
			}
		} else if n > 1 {
			good++
		}
		b = b[n:]
	}
	return good >= 3*bad
}

// valid is utf8.Valid in a third of its time: prompts are long, and every byte of them is checked.
func valid(b []byte) bool {
	const high = 0x8080808080808080
	for {
		for len(b) >= 32 {
			w := b[:32:32]
			if (binary.LittleEndian.Uint64(w)|binary.LittleEndian.Uint64(w[8:])|binary.LittleEndian.Uint64(w[16:])|
				binary.LittleEndian.Uint64(w[24:]))&high != 0 {
				break
			}
			b = b[32:]
		}
		for len(b) > 0 && b[0] < utf8.RuneSelf {
			b = b[1:]
		}
		for len(b) >= 4 && b[0] >= 0xE1 && b[0] <= 0xEC { // most Chinese, Japanese and Korean characters
			if binary.LittleEndian.Uint32(b)&0xC0C000 != 0x808000 {
				return false
			}
			b = b[3:]
		}
		if len(b) == 0 {
			return true
		}
		if b[0] < utf8.RuneSelf {
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		b = b[n:]
	}
}

// guess distinguishes the usual encodings by the sequences of bytes above 0x7F. East Asian characters are pairs, most
// of which are adjacent; in single-byte encodings such bytes are mostly isolated, except for Cyrillic, whose lower
// case is in the upper half of Windows-1251 and in the lower half of KOI8-R.
func guess(b []byte) string {
	if share, kana, crowded := looksBy(b, gbk); share >= 0.8 && kana < 0.2 && crowded {
		if s, _, _ := looksBy(b, eucKR); s >= 0.95 && bytes.IndexByte(b, ' ') >= 0 {
			return "EUC-KR"
		}
		return "GBK"
	}
	for _, e := range []struct {
		name string
		is   pairs
	}{{"EUC-JP", eucJP}, {"SHIFT_JIS", shiftJIS}, {"BIG5", big5}} {
		if share, _, crowded := looksBy(b, e.is); share >= 0.8 && crowded {
			return e.name
		}
	}
	var letters, high, upper, lower, c1 int
	for _, c := range b {
		switch {
		case c >= 0xE0:
			upper++
		case c >= 0xC0:
			lower++
		case c >= 0x80 && c < 0xA0:
			c1++
		}
		if c >= 0xC0 {
			high++
		} else if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	switch {
	case high > 3 && high > letters && upper >= lower:
		return "WINDOWS-1251"
	case high > 3 && high > letters:
		return "KOI8-R"
	case c1 > 0:
		return "WINDOWS-1252"
	}
	return "LATIN1"
}

// pairs reports whether two bytes are a character, and whether it is a common one.
type pairs func(lead, trail byte) (ok, common bool)

func gbk(lead, trail byte) (ok, common bool) {
	ok = lead >= 0x81 && lead <= 0xFE && trail >= 0x40 && trail <= 0xFE && trail != 0x7F
	return ok, trail >= 0xA1 && (lead >= 0xB0 && lead <= 0xF7 || lead >= 0xA1 && lead <= 0xA3)
}

func eucKR(lead, trail byte) (ok, common bool) {
	ok = lead >= 0xA1 && lead <= 0xFD && trail >= 0xA1 && trail <= 0xFE
	return ok, lead >= 0xB0 && lead <= 0xC8 || lead == 0xA1
}

func eucJP(lead, trail byte) (ok, common bool) {
	ok = lead >= 0xA1 && lead <= 0xF4 && trail >= 0xA1 && trail <= 0xFE
	return ok, lead == 0xA1 || lead == 0xA4 || lead == 0xA5 || lead >= 0xB0
}

func big5(lead, trail byte) (ok, common bool) {
	ok = lead >= 0x81 && lead <= 0xFE && (trail >= 0x40 && trail <= 0x7E || trail >= 0xA1 && trail <= 0xFE)
	return ok, lead >= 0xA1 && lead <= 0xC6
}

func shiftJIS(lead, trail byte) (ok, common bool) {
	ok = (lead >= 0x81 && lead <= 0x9F || lead >= 0xE0 && lead <= 0xEF) && trail >= 0x40 && trail <= 0xFC && trail != 0x7F
	return ok, lead >= 0x81 && lead <= 0x83 || lead >= 0x88 && lead <= 0x9F
}

// looksBy returns the share of common characters among those that are not ASCII, or 0 if some are invalid; the share
// of kana, if b is EUC-JP; and whether at least half of the characters are adjacent to another, or there is only one.
func looksBy(b []byte, is pairs) (share, kana float64, crowded bool) {
	var all, usual, kanas, beside int
	end := -1 // of the previous character
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 == len(b) {
			break // a truncated character
		}
		ok, common := is(b[i], b[i+1])
		if !ok {
			return 0, 0, false
		}
		all++
		if common {
			usual++
		}
		if b[i] == 0xA4 || b[i] == 0xA5 {
			kanas++
		}
		if end == i || i+2 < len(b) && b[i+2] >= 0x80 {
			beside++
		}
		i++
		end = i + 1
	}
	if all == 0 {
		return 0, 0, false
	}
	n := float64(all)
	return float64(usual) / n, float64(kanas) / n, all == 1 || 2*beside >= all
}
