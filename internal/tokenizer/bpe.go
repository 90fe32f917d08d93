package tokenizer

import (
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"unicode/utf8"

	"perfpipe/internal/fastjson"
)

// model encodes one piece of text.
type model interface {
	encode(dst []int, word string, sc *scratch) []int
}

// bpe is byte pair encoding by a list of merges, the form of Hugging Face's files.
type bpe struct {
	vocab     *index       // with raw: keyed by the bytes, and nil unless whole is set
	raw       bool         // symbols are bytes, not the characters that stand for them
	bytes     [256][]int32 // with raw: the symbols of each byte
	merges    *table
	left      idSet            // of all merges: most tokens are part of none,
	right     idSet            // so that few pairs need a look at the table
	whole     bool             // ignore_merges: a word in the vocabulary is one token
	mark      string           // "", or a character before which words may be split,
	across    map[[2]rune]bool // except between these two, which a token spans
	prefix    string
	suffix    string
	unk       int32 // -1: none
	fuse      bool
	fallback  bool
	fallbacks [256]int32 // <0xNN>; -1: none
}

func (m *bpe) rank(_ string, sc *scratch, left, right, _ int32) (int32, int32, bool) {
	a, b := sc.ids[left], sc.ids[right]
	if !m.left.has(a) || !m.right.has(b) {
		return 0, 0, false
	}
	return m.merges.get(a, b)
}

// setMark permits splitting words before U+2581 where the result is the same: where no token contains it between the
// preceding and the following character, so that no merge crosses. Without a pre-tokenizer a text is one word, and
// only parts of it recur and can be cached.
func (m *bpe) setMark() {
	const mark = "▁"
	if _, ok := m.vocab.get(mark); !ok || m.raw || m.whole || m.prefix != "" || m.suffix != "" {
		return
	}
	across := map[[2]rune]bool{}
	for _, token := range m.vocab.texts {
		for rest := token; ; {
			i := markWithin(rest, mark)
			if i < 0 {
				break
			}
			across[around(rest, i, mark)] = true
			rest = rest[i:]
		}
	}
	if len(across) < 1000 { // Gemma has one
		m.mark, m.across = mark, across
	}
}

// markWithin returns the position of the first mark that follows another character, or -1.
func markWithin(text, mark string) int {
	begin := 0
	for strings.HasPrefix(text[begin:], mark) {
		begin += len(mark)
	}
	if i := strings.Index(text[begin:], mark); i >= 0 {
		return begin + i
	}
	return -1
}

// around returns the characters before and after the mark at i; the latter is 0 at the end of the text.
func around(text string, i int, mark string) [2]rune {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, size := utf8.DecodeRuneInString(text[i+len(mark):])
	if size == 0 {
		after = 0
	}
	return [2]rune{before, after}
}

// encode splits word before each mark that no token crosses.
func (m *bpe) encode(dst []int, word string, sc *scratch) []int {
	for at := 0; m.mark != ""; {
		i := markWithin(word[at:], m.mark)
		if i < 0 {
			break
		}
		i += at
		if sides := around(word, i, m.mark); len(m.across) > 0 && (m.across[sides] || m.across[[2]rune{sides[0], 0}]) {
			at = i
			continue
		}
		dst = m.encodeWord(dst, word[:i], sc)
		word, at = word[i:], 0
	}
	return m.encodeWord(dst, word, sc)
}

func (m *bpe) encodeWord(dst []int, word string, sc *scratch) []int {
	if m.whole {
		if id, ok := m.vocab.get(word); ok {
			return append(dst, int(id))
		}
	}
	ids, ok := sc.cache.get(word)
	if !ok {
		sc.ids, sc.starts = sc.ids[:0], sc.starts[:0]
		if m.raw {
			for i := range len(word) {
				sc.ids = append(sc.ids, m.bytes[word[i]]...)
			}
		} else {
			m.characters(word, sc)
		}
		for range len(sc.ids) + 1 { // unused: rank looks ids up
			sc.starts = append(sc.starts, 0)
		}
		merge(m, word, sc)
		ids = sc.ids
		sc.cache.put(word, ids)
	}
	for _, id := range ids {
		dst = append(dst, int(id))
	}
	return dst
}

// characters appends a symbol for each character of word. A character that the vocabulary lacks becomes bytes or the
// unknown token.
func (m *bpe) characters(word string, sc *scratch) {
	pending := false // an unknown token, not appended yet, since others may join it
	flush := func() {
		if pending {
			sc.ids = append(sc.ids, m.unk)
		}
		pending = false
	}
	for i, r := range word {
		size := utf8.RuneLen(r)
		last := i+size == len(word)
		id, ok := int32(0), false
		if m.prefix == "" && (m.suffix == "" || !last) {
			id, ok = m.vocab.get(word[i : i+size])
		} else {
			sc.buf = sc.buf[:0]
			if i > 0 {
				sc.buf = append(sc.buf, m.prefix...)
			}
			sc.buf = append(sc.buf, word[i:i+size]...)
			if last {
				sc.buf = append(sc.buf, m.suffix...)
			}
			id, ok = m.vocab.get(fastjson.View(sc.buf))
		}
		switch {
		case ok:
			flush()
			sc.ids = append(sc.ids, id)
		case m.fallback && m.inBytes(word, i, size, last, sc):
			// The reference does not write a pending unknown token before these.
		case m.unk >= 0:
			if pending && !m.fuse {
				flush()
			}
			pending = true
		}
	}
	flush()
}

// inBytes appends one character, with its prefix and suffix, as byte tokens, if all of them exist.
func (m *bpe) inBytes(word string, i, size int, last bool, sc *scratch) bool {
	text := word[i : i+size]
	if i > 0 {
		text = m.prefix + text
	}
	if last {
		text += m.suffix
	}
	for j := range len(text) {
		if m.fallbacks[text[j]] < 0 {
			return false
		}
	}
	for j := range len(text) {
		sc.ids = append(sc.ids, m.fallbacks[text[j]])
	}
	return true
}

// newFallbacks returns the byte tokens of a vocabulary.
func newFallbacks(id func(string) (int32, bool)) (out [256]int32) {
	for b := range out {
		out[b] = -1
		if n, ok := id(fmt.Sprintf("<0x%02X>", b)); ok {
			out[b] = n
		}
	}
	return out
}

// toRaw converts a model over GPT-2's characters to the same one over bytes.
func (m *bpe) toRaw() {
	chars := byteChars()
	sc := &scratch{}
	for b := range m.bytes {
		sc.ids = sc.ids[:0]
		m.characters(string(chars[b]), sc)
		m.bytes[b] = append([]int32(nil), sc.ids...)
	}
	vocab := (*index)(nil)
	if m.whole {
		vocab = newIndex(len(m.vocab.texts))
		for i, token := range m.vocab.texts {
			if raw, ok := rawBytes(token); ok {
				vocab.set(raw, m.vocab.ids[i])
			}
		}
	}
	m.vocab, m.raw = vocab, true
}

// rawBytes returns the bytes that token stands for, if it consists of GPT-2's characters.
func rawBytes(token string) (string, bool) {
	out, ok := appendRaw(make([]byte, 0, len(token)), token)
	return fastjson.View(out), ok
}

// appendRaw appends the bytes that token stands for, if it consists of GPT-2's characters.
func appendRaw(out []byte, token string) ([]byte, bool) {
	for _, r := range token {
		switch {
		case r >= '!' && r <= '~' || r >= 0xA1 && r <= 0xAC || r >= 0xAE && r <= 0xFF:
			out = append(out, byte(r))
		case r >= 256 && r < 256+33: // 0 to the space
			out = append(out, byte(r-256))
		case r >= 289 && r < 289+34: // 0x7F to 0xA0
			out = append(out, byte(r-289+0x7F))
		case r == 323:
			out = append(out, 0xAD)
		default:
			return out, false
		}
	}
	return out, true
}

// ranks is byte pair encoding by ranks alone, the form of tiktoken's files: two symbols merge if their concatenated
// bytes are a token, the lowest id first.
type ranks struct {
	tokens []string
	vocab  *index
	bytes  [256]int32
	two    []int32 // indexed by two bytes; -1: no token
	short  *table  // tokens of three to seven bytes by shortKey, in a third of the time of a map of strings
	long   *table  // longer tokens by longKey
	seed   maphash.Seed
}

func newRankModel(tokens []string) (*ranks, error) {
	m := &ranks{tokens: tokens, vocab: newIndex(len(tokens)), two: make([]int32, 1<<16),
		short: newTable(len(tokens) / 2), long: newTable(len(tokens) / 4), seed: maphash.MakeSeed()}
	for i := range m.two {
		m.two[i] = -1
	}
	for id, token := range tokens {
		if token == "" {
			continue
		}
		m.vocab.set(token, int32(id))
		switch {
		case len(token) == 2:
			m.two[int(token[0])<<8|int(token[1])] = int32(id)
		case len(token) <= shortToken:
			a, b := shortKey(token)
			m.short.set(a, b, 0, int32(id))
		default:
			a, b := m.longKey(token)
			m.long.set(a, b, 0, int32(id))
		}
	}
	for b := range m.bytes {
		id, ok := m.vocab.get(string([]byte{byte(b)}))
		if !ok {
			return nil, fmt.Errorf("the byte 0x%02X is not a token", b)
		}
		m.bytes[b] = id
	}
	return m, nil
}

// shortToken is the maximum length of a token with a unique shortKey: its bytes and length fill 59 bits.
const shortToken = 7

// shortKey returns a short text as two numbers, the first of which is not negative.
func shortKey(s string) (a, b int32) {
	key := uint64(len(s))
	for i := range min(len(s), shortToken) {
		key = key<<8 | uint64(s[i])
	}
	return int32(key >> 32 & math.MaxInt32), int32(key)
}

// longKey returns a hash of a longer text. Other texts may have the same one.
func (m *ranks) longKey(s string) (a, b int32) {
	key := maphash.String(m.seed, s)
	return int32(key >> 33), int32(key)
}

// find returns the id of a token.
func (m *ranks) find(text string) (id int32, ok bool) {
	switch {
	case len(text) < 2:
		id, ok = m.vocab.get(text)
	case len(text) == 2:
		id = m.two[int(text[0])<<8|int(text[1])]
		ok = id >= 0
	case len(text) <= shortToken:
		a, b := shortKey(text)
		_, id, ok = m.short.get(a, b)
	default:
		a, b := m.longKey(text)
		if _, id, ok = m.long.get(a, b); ok && m.tokens[id] != text {
			id, ok = m.vocab.get(text)
		}
	}
	return id, ok
}

func (m *ranks) rank(word string, sc *scratch, left, _, end int32) (int32, int32, bool) {
	id, ok := m.find(word[sc.starts[left]:end])
	return id, id, ok
}

func (m *ranks) encode(dst []int, word string, sc *scratch) []int {
	ids, ok := sc.cache.get(word)
	if !ok {
		sc.ids, sc.starts = sc.ids[:0], sc.starts[:0]
		if id, ok := m.find(word); ok {
			sc.ids = append(sc.ids, id)
		} else {
			for i := range len(word) {
				sc.ids = append(sc.ids, m.bytes[word[i]])
				sc.starts = append(sc.starts, int32(i))
			}
			sc.starts = append(sc.starts, int32(len(word)))
			merge(m, word, sc)
		}
		ids = sc.ids
		sc.cache.put(word, ids)
	}
	for _, id := range ids {
		dst = append(dst, int(id))
	}
	return dst
}
