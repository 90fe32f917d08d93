package tokenizer

import "hash/maphash"

// wordCache caches the ids of words. It is emptied when it is full, so that its memory is bounded (about 2 MB). It
// contains no pointers, which the garbage collector would follow.
type wordCache struct {
	slots []cachedWord // by hash, with open addressing
	seed  maphash.Seed
	text  []byte // of all words
	ids   []int32
	words int
}

// cachedWord is the position of a word and its ids. It is free if its text ends at 0: no word is empty.
type cachedWord struct{ from, to, firstID, lastID int32 }

const (
	cacheWords = 1 << 14
	cacheSlots = 2 * cacheWords
	cacheIDs   = 1 << 17
	cacheBytes = 48 // longer words are not cached: they rarely recur
)

// at returns the slot of a word, or the free one to use for it.
func (c *wordCache) at(word string) *cachedWord {
	hash := maphash.String(c.seed, word) % cacheSlots
	for {
		s := &c.slots[hash]
		if s.to == 0 || string(c.text[s.from:s.to]) == word {
			return s
		}
		hash = (hash + 1) % cacheSlots
	}
}

func (c *wordCache) get(word string) ([]int32, bool) {
	if len(word) > cacheBytes || c.slots == nil {
		return nil, false
	}
	s := c.at(word)
	return c.ids[s.firstID:s.lastID], s.to != 0
}

// put adds a word that is not cached yet.
func (c *wordCache) put(word string, ids []int32) {
	switch {
	case len(word) > cacheBytes || word == "":
		return
	case c.slots == nil:
		c.slots, c.seed = make([]cachedWord, cacheSlots), maphash.MakeSeed()
	case c.words == cacheWords || len(c.ids)+len(ids) > cacheIDs:
		clear(c.slots)
		c.text, c.ids, c.words = c.text[:0], c.ids[:0], 0
	}
	s := c.at(word)
	*s = cachedWord{from: int32(len(c.text)), to: int32(len(c.text) + len(word)), firstID: int32(len(c.ids)),
		lastID: int32(len(c.ids) + len(ids))}
	c.text, c.ids = append(c.text, word...), append(c.ids, ids...)
	c.words++
}
