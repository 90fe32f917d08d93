package dist

import (
	"math"
	"math/big"
	"sort"
	"strconv"
)

// Rank returns the nearest rank ⌈np/100⌉ of percentile p among n values, counted from 1.
func Rank(n int64, p float64) int64 {
	r := float64(n) * p / 100
	whole := math.Round(r)
	if math.Abs(r-whole) > 1e-6*max(1, r) {
		return max(1, int64(math.Ceil(r)))
	}
	// The rank is close to an integer, so the binary approximation of p could round it either way. Compute it from the
	// decimal form of p: p99.9 of 1,000 values has rank 999.
	exact, _ := new(big.Rat).SetString(strconv.FormatFloat(p, 'f', -1, 64)) // a formatted float always parses
	exact.Mul(exact, big.NewRat(n, 100))
	if exact.Cmp(new(big.Rat).SetInt64(int64(whole))) > 0 {
		return max(1, int64(whole)+1)
	}
	return max(1, int64(whole))
}

// Ranks returns a function from a rank, counted from 1, to its value divided by unit. The ranks are those of a sample
// of n values; they are scaled if n is not the number of all values.
func (d *Dist) Ranks(n int64, unit float64) func(rank int64) float64 {
	all := d.N() + d.inf
	scale := func(r int64) int64 {
		if n == all {
			return r
		}
		return min(all, max(1, int64(math.Ceil(float64(r)*float64(all)/float64(n)))))
	}
	if d.sketch == nil {
		data := d.Sorted(unit)
		return func(r int64) float64 {
			if r = scale(r); r < 1 || r > all {
				return math.NaN()
			}
			return data[r-1]
		}
	}
	var values, upTo []int64
	seen := int64(0)
	for v, count := range d.Values() {
		seen += count
		values, upTo = append(values, v), append(upTo, seen)
	}
	return func(r int64) float64 {
		r = scale(r)
		i := sort.Search(len(upTo), func(i int) bool { return upTo[i] >= r })
		if i == len(upTo) {
			return math.Inf(1)
		}
		return float64(values[i]) / unit
	}
}
