package dist

import (
	"math"
	"math/bits"
	"slices"

	"perfpipe/internal/radix"
)

// list is a list of values below 2³². It grows by chunks, so that values are neither copied nor cleared as it grows,
// and shares the chunks of lists that it joins. Values are never overwritten, so that lists with common chunks may be
// read and appended to concurrently.
type list struct {
	full   [][]uint32 // chunks that do not grow, which may be shared
	before int        // number of values in full
	last   []uint32   // the chunk that grows
}

const (
	minChunk = 1 << 6
	maxChunk = 1 << 14
)

// n returns the number of values.
func (l *list) n() int { return l.before + len(l.last) }

func (l *list) add(v uint32) {
	if len(l.last) == cap(l.last) {
		l.grow()
	}
	l.last = append(l.last, v)
}

// grow begins a new chunk, which is as long as all before.
func (l *list) grow() {
	n := l.n()
	if len(l.last) > 0 {
		l.full = append(l.full, l.last)
	}
	l.before, l.last = n, make([]uint32, 0, min(max(n, minChunk), maxChunk))
}

// join adds the values of o. It copies short chunks, so that many short lists do not leave as many chunks.
func (l *list) join(o *list) {
	for _, c := range o.chunks() {
		if len(c) < maxChunk/2 {
			for _, v := range c {
				l.add(v)
			}
			continue
		}
		l.full = append(l.full, slices.Clip(c))
		l.before += len(c)
	}
}

// chunks returns all values. They must not be changed.
func (l *list) chunks() [][]uint32 {
	if len(l.last) == 0 {
		return l.full
	}
	return append(slices.Clip(l.full), l.last)
}

// sorted returns the values in ascending order.
func (l *list) sorted() []uint32 {
	all := slices.Concat(l.chunks()...)
	radix.Sort(all)
	return all
}

// addTo adds all values to m, and returns the least and the greatest.
func (l *list) addTo(m *moment) (least, most uint32) {
	least = math.MaxUint32
	for _, c := range l.chunks() {
		for _, v := range c {
			least, most = min(least, v), max(most, v)
			m.add(uint64(v), 1)
		}
	}
	return least, most
}

// digit is the number of bits by which pick divides the range of the values.
const digit = 11

// pick returns the values of ranks, counted from 1 in ascending order, of values from least to most. It takes a
// fraction of the time and memory of sorting: it counts the values in each of 2048 parts of the range, and sorts only
// the parts that have a rank.
func (l *list) pick(ranks []int64, least, most uint32) []uint32 {
	chunks, shift := l.chunks(), max(0, bits.Len32(most-least)-digit)
	var count [1 << digit]int64
	for _, c := range chunks {
		for _, v := range c {
			count[(v-least)>>shift]++
		}
	}
	var parts [][]uint32
	var slot [1 << digit]uint16 // index in parts, counted from 1
	place := func(r int64) (part int, rank int64) {
		for part = 0; r > count[part]; part++ {
			r -= count[part]
		}
		return part, r
	}
	for _, r := range ranks {
		if k, _ := place(r); slot[k] == 0 {
			parts = append(parts, make([]uint32, 0, count[k]))
			slot[k] = uint16(len(parts))
		}
	}
	for _, c := range chunks {
		for _, v := range c {
			if at := slot[(v-least)>>shift]; at > 0 {
				parts[at-1] = append(parts[at-1], v)
			}
		}
	}
	for _, values := range parts {
		radix.Sort(values)
	}
	out := make([]uint32, len(ranks))
	for i, r := range ranks {
		k, r := place(r)
		out[i] = parts[slot[k]-1][r-1]
	}
	return out
}
