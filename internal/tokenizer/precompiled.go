package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// charsMap is SentencePiece's precompiled normalisation: a double-array trie (darts-clone) from character sequences to
// offsets in a blob of zero-terminated replacements.
type charsMap struct {
	trie []uint32
	to   string
}

var errCharsMap = errors.New("precompiled_charsmap is damaged")

func newCharsMap(text string) (*charsMap, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) < 4 {
		return nil, errCharsMap
	}
	size := binary.LittleEndian.Uint32(raw)
	if size%4 != 0 || size == 0 || uint64(size)+4 > uint64(len(raw)) {
		return nil, errCharsMap
	}
	m := &charsMap{trie: make([]uint32, size/4), to: string(raw[4+size:])}
	for i := range m.trie {
		m.trie[i] = binary.LittleEndian.Uint32(raw[4+4*i:])
	}
	return m, nil
}

// lookup returns the replacement of the shortest prefix of s that has one.
func (m *charsMap) lookup(s string) (string, bool) {
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	pos := offset(m.trie[0])
	for i := 0; i < len(s) && s[i] != 0; i++ {
		pos ^= uint32(s[i])
		if uint64(pos) >= uint64(len(m.trie)) {
			return "", false
		}
		unit := m.trie[pos]
		if unit&(1<<31|0xFF) != uint32(s[i]) {
			return "", false
		}
		pos ^= offset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if uint64(pos) >= uint64(len(m.trie)) {
			return "", false
		}
		if at := m.trie[pos] & (1<<31 - 1); uint64(at) < uint64(len(m.to)) {
			to, _, _ := strings.Cut(m.to[at:], "\x00")
			return to, true
		}
		return "", true
	}
	return "", false
}

// normalize replaces each short grapheme as a whole if it begins with a known sequence, and otherwise its characters
// one by one. This is what the reference does, odd as it is.
func (m *charsMap) normalize(s string) (string, bool) {
	var b strings.Builder
	for g := graphemes.FromString(s); g.Next(); {
		grapheme := g.Value()
		if len(grapheme) < 6 {
			if to, ok := m.lookup(grapheme); ok {
				b.WriteString(to)
				continue
			}
		}
		for _, r := range grapheme {
			if to, ok := m.lookup(string(r)); ok {
				b.WriteString(to)
			} else {
				b.WriteRune(r)
			}
		}
	}
	return lossy(b.String()), false
}
