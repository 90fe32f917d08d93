package tokenizer

import (
	"bytes"
	"cmp"
	"slices"
)

// trie finds the words of a list that are prefixes of a text, byte by byte. Its nodes are numbered in order of depth
// from the root, 0, so that siblings are adjacent.
type trie struct {
	first []int32 // first child of each node; the children of node n end where those of n+1 begin
	label []byte  // of the edge to each node
	value []int32 // of each node: the index of the word that ends there, or -1
	root  [256]int32
}

// newTrie returns the trie of a list. Of equal words the last one counts.
func newTrie(words []string) *trie {
	order := make([]int32, len(words))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(words[a], words[b]), cmp.Compare(a, b)) })
	type part struct{ from, to, depth int32 } // range of order: the words that go through a node
	t := &trie{}
	parts := []part{{0, int32(len(order)), 0}}
	t.label, t.value = append(t.label, 0), append(t.value, -1)
	for node := 0; node < len(parts); node++ {
		p := parts[node]
		t.first = append(t.first, int32(len(parts)))
		for ; p.from < p.to && len(words[order[p.from]]) == int(p.depth); p.from++ {
			t.value[node] = order[p.from]
		}
		for p.from < p.to {
			b, end := words[order[p.from]][p.depth], p.from+1
			for end < p.to && words[order[end]][p.depth] == b {
				end++
			}
			parts = append(parts, part{p.from, end, p.depth + 1})
			t.label, t.value = append(t.label, b), append(t.value, -1)
			p.from = end
		}
	}
	t.first = append(t.first, int32(len(parts)))
	for b := range t.root {
		t.root[b] = t.search(0, byte(b))
	}
	return t
}

// child returns the node at the end of the edge b, or -1.
func (t *trie) child(node int32, b byte) int32 {
	if node == 0 {
		return t.root[b]
	}
	return t.search(node, b)
}

func (t *trie) search(node int32, b byte) int32 {
	first := t.first[node]
	if i := bytes.IndexByte(t.label[first:t.first[node+1]], b); i >= 0 {
		return first + int32(i)
	}
	return -1
}

// longest returns the index and length of the longest word that s begins with; the length is 0 if there is none.
func (t *trie) longest(s string) (value int32, length int) {
	node := int32(0)
	for i := range len(s) {
		if node = t.child(node, s[i]); node < 0 {
			break
		}
		if v := t.value[node]; v >= 0 {
			value, length = v, i+1
		}
	}
	return value, length
}
