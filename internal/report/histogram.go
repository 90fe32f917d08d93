package report

import (
	"iter"
	"maps"
	"math"
	"slices"

	"llmperf/internal/chart"
	"llmperf/internal/stats"
)

// fine is how many bins of a histogram an octave has: a bin is 0.07 % wide.
const fine = 1024

// histogram counts values in bins of equal ratio. Values below 0.001 lie in the lowest bin.
type histogram struct {
	count map[int]int64
	n     int64
}

func newHistogram(values iter.Seq2[float64, int64]) *histogram {
	h := &histogram{count: map[int]int64{}}
	for v, n := range values {
		h.count[bin(v)] += n
		h.n += n
	}
	return h
}

func bin(v float64) int { return int(math.Floor(math.Log2(max(v, 0.001)) * fine)) }

func edge(i int) float64 { return math.Exp2(float64(i) / fine) }

// bars are the shares, in percent, in as many bars as the square root of the number of values, from 8 to 50.
func (h *histogram) bars(name string) chart.Series {
	s := chart.Series{Name: name, Kind: chart.Bars}
	if h.n == 0 {
		return s
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
		s.X, s.X2 = append(s.X, edge(lo+k*width)), append(s.X2, edge(lo+(k+1)*width))
		s.Y = append(s.Y, 100*float64(c)/float64(h.n))
	}
	return s
}

// cumulative is the share of values, in percent, up to each value: at most about 150 points.
func (h *histogram) cumulative(name string, color, dash int) chart.Series {
	s := chart.Series{Name: name, Kind: chart.Line, Color: color, Dash: dash}
	var seen int64
	shown := math.Inf(-1)
	bins := slices.Sorted(maps.Keys(h.count))
	for k, i := range bins {
		if k == 0 {
			s.X, s.Y = append(s.X, edge(i)), append(s.Y, 0)
		}
		seen += h.count[i]
		share := 100 * float64(seen) / float64(h.n)
		if share-shown >= 2.0/3 || k == len(bins)-1 {
			s.X, s.Y = append(s.X, edge(i+1)), append(s.Y, share)
			shown = share
		}
	}
	return s
}

// sorted gives percentiles in ascending order.
func sorted(p []stats.Percentile) []stats.Percentile {
	return slices.SortedFunc(slices.Values(p), func(a, b stats.Percentile) int {
		switch {
		case a.P < b.P:
			return -1
		case a.P > b.P:
			return 1
		}
		return 0
	})
}
