package tokenizer

import "math"

// scratch is the working memory of one call of Encode. It is pooled.
type scratch struct {
	ids    []int32 // symbols of a word, merged so far
	starts []int32 // beginning of each in the word, and the end of the last
	ranks  []int32 // rank of each symbol with its right neighbour
	unions []int32 // id that the two merge into
	prev   []int32 // linked list for long words
	next   []int32
	heap   []candidate

	pieces []piece
	words  []piece    // of one piece
	best   []pathNode // of Unigram
	buf    []byte
	cache  wordCache
	tails  wordCache // cache of whole pieces
}

// ranker reports whether two adjacent symbols of a word merge, the rank of the merge (lowest first), and its result.
type ranker interface {
	rank(word string, sc *scratch, left, right, end int32) (rank, id int32, ok bool)
}

const never = math.MaxInt32

// longWord is the number of symbols from which a heap is faster than a scan of all ranks.
const longWord = 100

// merge replaces pairs of sc.ids by their union, the lowest rank first and the leftmost of equal ones, until none is
// left that merges.
func merge(r ranker, word string, sc *scratch) {
	n := len(sc.ids)
	if n < 2 {
		return
	}
	if n >= longWord {
		mergeLong(r, word, sc)
		return
	}
	sc.ranks, sc.unions = append(sc.ranks[:0], make([]int32, n-1)...), append(sc.unions[:0], make([]int32, n-1)...)
	for i := range n - 1 {
		sc.findRank(r, word, i)
	}
	for {
		best, at := int32(never), -1
		for i, rank := range sc.ranks {
			if rank < best {
				best, at = rank, i
			}
		}
		if at < 0 {
			return
		}
		sc.ids[at] = sc.unions[at]
		sc.ids = append(sc.ids[:at+1], sc.ids[at+2:]...)
		sc.starts = append(sc.starts[:at+1], sc.starts[at+2:]...)
		sc.ranks = append(sc.ranks[:at], sc.ranks[at+1:]...)
		sc.unions = append(sc.unions[:at], sc.unions[at+1:]...)
		if at < len(sc.ranks) {
			sc.findRank(r, word, at)
		}
		if at > 0 {
			sc.findRank(r, word, at-1)
		}
	}
}

// findRank looks up the merge of symbol i with its right neighbour.
func (sc *scratch) findRank(r ranker, word string, i int) {
	rank, id, ok := r.rank(word, sc, int32(i), int32(i+1), sc.starts[i+2])
	if !ok {
		rank = never
	}
	sc.ranks[i], sc.unions[i] = rank, id
}

// candidate is a pair of a long word that may merge.
type candidate struct {
	rank, left  int32
	leftID      int32 // the symbols when it was added: if they changed, it is outdated
	rightID, id int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.left < d.left
}

// mergeLong is merge in O(n log n): symbols in a linked list, candidates in a heap.
func mergeLong(r ranker, word string, sc *scratch) {
	n := int32(len(sc.ids))
	sc.prev, sc.next, sc.heap = sc.prev[:0], sc.next[:0], sc.heap[:0]
	for i := range n {
		sc.prev, sc.next = append(sc.prev, i-1), append(sc.next, i+1)
	}
	push := func(left int32) {
		right := sc.next[left]
		if right >= n {
			return
		}
		if rank, id, ok := r.rank(word, sc, left, right, sc.starts[sc.next[right]]); ok {
			sc.push(candidate{rank, left, sc.ids[left], sc.ids[right], id})
		}
	}
	for i := range n - 1 {
		push(i)
	}
	const gone = -1 // no id is negative
	for len(sc.heap) > 0 {
		c := sc.pop()
		if sc.ids[c.left] != c.leftID || sc.next[c.left] >= n || sc.ids[sc.next[c.left]] != c.rightID {
			continue
		}
		right := sc.next[c.left]
		sc.ids[c.left], sc.ids[right] = c.id, gone
		sc.next[c.left] = sc.next[right]
		if sc.next[right] < n {
			sc.prev[sc.next[right]] = c.left
		}
		if sc.prev[c.left] >= 0 {
			push(sc.prev[c.left])
		}
		push(c.left)
	}
	kept := sc.ids[:0]
	for _, id := range sc.ids {
		if id != gone {
			kept = append(kept, id)
		}
	}
	sc.ids = kept
}

func (sc *scratch) push(c candidate) {
	h := append(sc.heap, c)
	i := len(h) - 1
	for i > 0 && c.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = c
	sc.heap = h
}

func (sc *scratch) pop() candidate {
	h := sc.heap
	top, c := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(c) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = c
	}
	sc.heap = h
	return top
}
