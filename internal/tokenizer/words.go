package tokenizer

import (
	"math"
	"sync"
	"unicode/utf8"

	"perfpipe/internal/fastjson"
)

// wordPiece is BERT's model: the longest prefix of a word that is a token, then the longest of the rest, and so on.
type wordPiece struct {
	vocab  *index
	prefix string // of tokens within a word
	unk    int32
	most   int // maximum number of characters; a longer word is unknown
}

func (m *wordPiece) encode(dst []int, word string, sc *scratch) []int {
	if utf8.RuneCountInString(word) > m.most {
		return append(dst, int(m.unk))
	}
	begin := len(dst)
	for start := 0; start < len(word); {
		end := len(word)
		for ; end > start; end-- {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			sc.buf = sc.buf[:0]
			if start > 0 {
				sc.buf = append(sc.buf, m.prefix...)
			}
			sc.buf = append(sc.buf, word[start:end]...)
			if id, ok := m.vocab.get(fastjson.View(sc.buf)); ok {
				dst = append(dst, int(id))
				break
			}
		}
		if end == start {
			return append(dst[:begin], int(m.unk))
		}
		start = end
	}
	return dst
}

// wordLevel has a token for each word, and one for all others.
type wordLevel struct {
	vocab *index
	unk   int32 // -1: none
}

func (m *wordLevel) encode(dst []int, word string, _ *scratch) []int {
	id, ok := m.vocab.get(word)
	if !ok {
		id = m.unk
	}
	if id < 0 {
		return dst
	}
	return append(dst, int(id))
}

// unigram is SentencePiece's model: the split of a word into tokens with the highest sum of scores.
type unigram struct {
	vocab     *index
	scores    []float64
	trie      *trie
	unk       int32 // -1: none
	unkScore  float64
	fallback  bool
	fallbacks [256]int32
}

// pathNode is the best path to a byte of a word.
type pathNode struct {
	score float64
	from  int32 // beginning of its last token; -1: no path yet
	id    int32
}

// unkPenalty is subtracted from the worst score for an unknown character.
const unkPenalty = 10

func newUnigram(tokens []string, scores []float64) *unigram {
	m := &unigram{vocab: newIndex(len(tokens)), scores: scores, unk: -1}
	var other sync.WaitGroup // on another core: a user waits for the first line
	other.Go(func() { m.trie = newTrie(tokens) })
	least := math.Inf(1)
	for id, token := range tokens {
		m.vocab.set(token, int32(id))
		least = min(least, scores[id])
	}
	m.unkScore = least - unkPenalty
	other.Wait()
	return m
}

func (m *unigram) encode(dst []int, word string, sc *scratch) []int {
	best := m.bestPath(word, sc)
	// Backwards: collect the pieces, joining consecutive unknown ones.
	sc.starts = append(sc.starts[:0], int32(len(word)))
	sc.ids = sc.ids[:0]
	for end := int32(len(word)); end > 0; {
		at := best[end]
		if n := len(sc.ids); at.id == m.unk && n > 0 && sc.ids[n-1] == m.unk {
			sc.starts[n] = at.from
		} else {
			sc.ids = append(sc.ids, at.id)
			sc.starts = append(sc.starts, at.from)
		}
		end = at.from
	}
	for i := len(sc.ids) - 1; i >= 0; i-- {
		text := word[sc.starts[i+1]:sc.starts[i]]
		if id, ok := m.vocab.get(text); ok {
			dst = append(dst, int(id))
		} else if !m.fallback || !m.inBytes(&dst, text) {
			if m.unk >= 0 {
				dst = append(dst, int(m.unk))
			}
		}
	}
	return dst
}

// bestPath goes through word once; of equal sums it keeps the first.
func (m *unigram) bestPath(word string, sc *scratch) []pathNode {
	best := sc.best[:0]
	for range len(word) + 1 {
		best = append(best, pathNode{from: -1})
	}
	sc.best = best
	reach := func(to int, score float64, from int, id int32) {
		if n := &best[to]; n.from < 0 || score > n.score {
			*n = pathNode{score, int32(from), id}
		}
	}
	for start := 0; start < len(word); {
		_, size := utf8.DecodeRuneInString(word[start:])
		so, single, at := best[start].score, false, int32(0)
		for i := start; i < len(word); i++ {
			if at = m.trie.child(at, word[i]); at < 0 {
				break
			}
			if id := m.trie.value[at]; id >= 0 {
				reach(i+1, m.scores[id]+so, start, id)
				single = single || i+1-start == size
			}
		}
		if !single {
			reach(start+size, m.unkScore+so, start, m.unk)
		}
		start += size
	}
	return best
}

func (m *unigram) inBytes(dst *[]int, text string) bool {
	for i := range len(text) {
		if m.fallbacks[text[i]] < 0 {
			return false
		}
	}
	for i := range len(text) {
		*dst = append(*dst, int(m.fallbacks[text[i]]))
	}
	return true
}
