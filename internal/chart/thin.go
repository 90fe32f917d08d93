package chart

import (
	"math"
	"slices"
)

// Thin returns about n of the points of a line, chosen so that it looks the same: by the largest triangles of three
// buckets (Steinarsson, "Downsampling Time Series for Visual Representation", 2013), and the least and the greatest
// value of each bucket, so that no spike is lost.
func Thin(x, y Column, n int) (Column, Column) {
	if len(x) <= n || n < 8 {
		return x, y
	}
	buckets := (n - 2) / 3
	outX, outY := Column{x[0]}, Column{y[0]}
	bound := func(b int) int { return 1 + b*(len(x)-2)/buckets }
	last := 0
	for b := range buckets {
		from, to := bound(b), bound(b+1)
		meanX, meanY := mean(x, y, to, bound(min(b+2, buckets)))
		keep := [3]int{from, from, from} // triangle, least, greatest
		area := -1.0
		for i := from; i < to; i++ {
			if a := math.Abs((x[last]-meanX)*(y[i]-y[last]) - (x[last]-x[i])*(meanY-y[last])); a > area {
				area, keep[0] = a, i
			}
			if y[i] < y[keep[1]] {
				keep[1] = i
			}
			if y[i] > y[keep[2]] {
				keep[2] = i
			}
		}
		last = keep[0]
		slices.Sort(keep[:])
		for k, i := range keep {
			if k == 0 || i != keep[k-1] {
				outX, outY = append(outX, x[i]), append(outY, y[i])
			}
		}
	}
	return append(outX, x[len(x)-1]), append(outY, y[len(y)-1])
}

// mean returns the centre of the points in [from, to), or the last point of all if that range is empty.
func mean(x, y Column, from, to int) (mx, my float64) {
	if from >= to {
		return x[len(x)-1], y[len(y)-1]
	}
	for i := from; i < to; i++ {
		mx, my = mx+x[i], my+y[i]
	}
	n := float64(to - from)
	return mx / n, my / n
}
