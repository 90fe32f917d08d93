package tokenizer

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// unicodeText are the character tables of the reference, the Python package tokenizers, as
// scripts/tokenizer-vectors/tables.py found them: its libraries' Unicode versions differ from Go's and from each other.
//
//go:embed unicode.txt
var unicodeText string

// categories are the general categories except Cn (unassigned), Cs and the white space of Cc, which follow.
const categories = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co"

// Categories without a name in Unicode: control characters that are white space, and unassigned code points.
const (
	catControlSpace = 28
	catUnassigned   = 29
)

// span is a run of code points.
type span struct {
	first, last rune
	delta       rune // in table lower: distance to the lower case; in table script: index of the script
}

// charTables are the parsed tables.
type charTables struct {
	spans map[string][]span
	page  [0x1100]uint16 // code point / 256 → page of cats
	cats  []uint8        // pages of 256 categories
	lower map[rune]rune
}

// tables are parsed on first use (2 ms).
var tables = sync.OnceValue(func() *charTables {
	t := &charTables{spans: map[string][]span{}, lower: map[rune]rune{}}
	for line := range strings.Lines(unicodeText) {
		name, runs, _ := strings.Cut(strings.TrimSpace(line), " ")
		t.spans[name] = parseSpans(runs)
	}
	for _, s := range t.spans["lower"] {
		for r := s.first; r <= s.last; r++ {
			t.lower[r] = r + s.delta
		}
	}
	flat := make([]uint8, 0x110000)
	for i := range flat {
		flat[i] = catUnassigned
	}
	for i, name := range strings.Fields(categories) {
		for _, s := range t.spans[name] {
			for r := s.first; r <= s.last; r++ {
				flat[r] = uint8(i)
			}
		}
	}
	for _, s := range t.spans["space"] {
		for r := s.first; r <= s.last; r++ {
			if r < ' ' || r == 0x85 {
				flat[r] = catControlSpace
			}
		}
	}
	seen := map[string]uint16{}
	for i := range t.page {
		page := string(flat[i<<8 : (i+1)<<8])
		n, ok := seen[page]
		if !ok {
			n = uint16(len(t.cats) >> 8)
			seen[page] = n
			t.cats = append(t.cats, page...)
		}
		t.page[i] = n
	}
	return t
})

// parseSpans parses what the function line of tables.py writes.
func parseSpans(text string) []span {
	number := func(s string) rune {
		n, err := strconv.ParseInt(s, 36, 32)
		if err != nil {
			panic("unicode.txt: " + err.Error()) // embedded, so it is valid
		}
		return rune(n)
	}
	var out []span
	end := rune(0)
	for item := range strings.FieldsSeq(text) {
		item, delta, far := strings.Cut(item, ":")
		gap, length, long := strings.Cut(item, "+")
		s := span{first: end + number(gap)}
		s.last = s.first
		if long {
			s.last += number(length) - 1
		}
		if far {
			s.delta = number(delta)
		}
		end = s.last + 1
		out = append(out, s)
	}
	return out
}

// category returns the general category of r.
func (t *charTables) category(r rune) uint8 {
	if uint32(r) > 0x10FFFF {
		return catUnassigned
	}
	return t.cats[int(t.page[r>>8])<<8|int(r&0xFF)]
}

// catSet is a set of categories, one bit each.
type catSet uint32

// categorySet returns the set of a name: Lu, L, or white for white space.
func categorySet(name string) (catSet, bool) {
	var set catSet
	for i, cat := range strings.Fields(categories) {
		if cat == name || len(name) == 1 && cat[0] == name[0] {
			set |= 1 << i
		}
	}
	switch name {
	case "C":
		set |= 1<<catControlSpace | 1<<catUnassigned
	case "Cc":
		set |= 1 << catControlSpace
	case "Cn":
		set |= 1 << catUnassigned
	case "white":
		z, _ := categorySet("Z")
		set = z | 1<<catControlSpace
	}
	return set, set != 0
}

// runeSet is a set of code points with fast look-up: bits for ASCII, runs for the rest.
type runeSet struct {
	ascii [2]uint64
	spans []span
}

// namedSet returns the set of one of the tables.
func namedSet(name string) *runeSet {
	s := &runeSet{spans: tables().spans[name]}
	for r := range rune(128) {
		if inSpans(s.spans, r) {
			s.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return s
}

func (s *runeSet) has(r rune) bool {
	if r >= 0 && r < 128 {
		return s.ascii[r>>6]>>(r&63)&1 == 1
	}
	return inSpans(s.spans, r)
}

// inSpans reports whether r is in one of the sorted runs.
func inSpans(spans []span, r rune) bool {
	_, ok := findSpan(spans, r)
	return ok
}

// findSpan returns the one of the sorted runs that contains r.
func findSpan(spans []span, r rune) (span, bool) {
	lo, hi := 0, len(spans)
	for lo < hi {
		if mid := (lo + hi) / 2; spans[mid].last < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(spans) || spans[lo].first > r {
		return span{}, false
	}
	return spans[lo], true
}

// isSpace reports whether r is White_Space, on which all of the reference's libraries agree.
func isSpace(r rune) bool {
	switch {
	case r <= ' ':
		return r == ' ' || r >= '\t' && r <= '\r'
	case r < 0x85:
		return false
	}
	return r == 0x85 || r == 0xA0 || r == 0x1680 || r >= 0x2000 && r <= 0x200A ||
		r == 0x2028 || r == 0x2029 || r == 0x202F || r == 0x205F || r == 0x3000
}
