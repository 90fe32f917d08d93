package dist

import (
	"iter"
	"maps"
	"math"
	"slices"
)

// binsPerOctave is the resolution of a Histogram: a bin is 0.07 % wide.
const binsPerOctave = 1024

// Histogram counts values in bins of equal ratio. Values below 0.001 are counted in the lowest bin.
type Histogram struct {
	count map[int]int64 // by the number of the bin
	n     int64         // values
}

// NewHistogram returns a Histogram of values, each with its count.
func NewHistogram(values iter.Seq2[float64, int64]) *Histogram {
	h := &Histogram{count: map[int]int64{}}
	for v, n := range values {
		h.count[int(math.Floor(math.Log2(max(v, 0.001))*binsPerOctave))] += n
		h.n += n
	}
	return h
}

// edge returns the lower edge of bin i.
func edge(i int) float64 { return math.Exp2(float64(i) / binsPerOctave) }

// Bars yields the edges of each bar and its share of all values. The number of bars is about the square root of the
// number of values, from 8 to 50.
func (h *Histogram) Bars(yield func(from, to, share float64)) {
	if h.n == 0 {
		return
	}
	bins := slices.Sorted(maps.Keys(h.count))
	lo, hi := bins[0], bins[len(bins)-1]
	n := min(max(int(math.Sqrt(float64(h.n))), 8), 50)
	width := max(1, (hi-lo)/n+1)
	counts := make([]int64, (hi-lo)/width+1)
	for i, c := range h.count {
		counts[(i-lo)/width] += c
	}
	for k, c := range counts {
		yield(edge(lo+k*width), edge(lo+(k+1)*width), float64(c)/float64(h.n))
	}
}

// Cumulative yields about 150 points of the cumulative distribution: a value, and the share of values at or below it.
func (h *Histogram) Cumulative(yield func(v, share float64)) {
	var seen int64
	shown := math.Inf(-1)
	bins := slices.Sorted(maps.Keys(h.count))
	for k, i := range bins {
		if k == 0 {
			yield(edge(i), 0)
		}
		seen += h.count[i]
		share := float64(seen) / float64(h.n)
		if share-shown >= 1.0/150 || k == len(bins)-1 {
			yield(edge(i+1), share)
			shown = share
		}
	}
}
