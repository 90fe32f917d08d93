package tokenizer

import (
	"hash/maphash"
	"math/bits"
)

// index maps the texts of a vocabulary to their ids. It is filled in a fifth of the time of a Go map, which a user
// waits for: the texts of a file are one block of memory, and a slot has no pointer.
type index struct {
	texts []string    // in the order of the file
	ids   []int32     // of texts
	slots []indexSlot // by hash, with open addressing; at most half of them are used
	seed  maphash.Seed
}

// indexSlot refers to an entry. It is free if entry is 0.
type indexSlot struct {
	tag   uint32 // of the hash, so that texts are rarely compared in vain
	entry int32  // 1 + the index of the text
}

// newIndex returns an index with memory for n texts.
func newIndex(n int) *index {
	return &index{texts: make([]string, 0, n), ids: make([]int32, 0, n), seed: maphash.MakeSeed(),
		slots: make([]indexSlot, 1<<bits.Len(uint(max(8, 2*n-1))))}
}

// at returns the slot of text, or the free one to use for it, and the tag of the text.
func (x *index) at(text string) (slot *indexSlot, tag uint32) {
	hash := maphash.String(x.seed, text)
	tag = uint32(hash >> 32)
	for i := int(uint32(hash)) & (len(x.slots) - 1); ; i = (i + 1) & (len(x.slots) - 1) {
		s := &x.slots[i]
		if s.entry == 0 || s.tag == tag && x.texts[s.entry-1] == text {
			return s, tag
		}
	}
}

// find returns the index of text in texts, or -1.
func (x *index) find(text string) int {
	s, _ := x.at(text)
	return int(s.entry) - 1
}

// get returns the id of text.
func (x *index) get(text string) (id int32, ok bool) {
	i := x.find(text)
	if i < 0 {
		return 0, false
	}
	return x.ids[i], true
}

// set sets the id of text, also if it has one already.
func (x *index) set(text string, id int32) {
	s, tag := x.at(text)
	if s.entry != 0 {
		x.ids[s.entry-1] = id
		return
	}
	if 2*(len(x.texts)+1) > len(x.slots) {
		x.grow()
		s, tag = x.at(text)
	}
	x.texts, x.ids = append(x.texts, text), append(x.ids, id)
	*s = indexSlot{tag, int32(len(x.texts))}
}

func (x *index) grow() {
	x.slots = make([]indexSlot, 2*len(x.slots))
	for i, text := range x.texts {
		s, tag := x.at(text)
		*s = indexSlot{tag, int32(i + 1)}
	}
}
