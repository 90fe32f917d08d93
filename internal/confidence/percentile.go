package confidence

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"perfpipe/internal/dist"
)

// OfPercentiles estimates percentiles of a distribution. col holds all of its values or a sample, in the order in which
// their requests were due, +∞ for failures. at returns the value of a rank from 1 to len(col).
func OfPercentiles(col []float32, percentiles []float64, at func(rank int64) float64) []Estimate {
	number, independent := effective(len(col), func(k int) float64 {
		if math.IsInf(float64(col[k]), 1) {
			return 0 // a failure; +∞ has no variance
		}
		return float64(col[k])
	})
	sizes := sizesAt(col, percentiles, at)
	out := make([]Estimate, len(percentiles))
	for k, p := range percentiles {
		s := sizes[k]
		if !independent && p > 50 { // the few values of a tail are not enough to estimate their autocorrelation
			s = s.least(sampleSize{number, false})
		}
		out[k] = ofPercentile(int64(len(col)), p, s, at)
	}
	return out
}

// sampleSize is the effective size of a sample for one figure.
type sampleSize struct {
	number      float64
	independent bool // the values seem independent
}

// least returns the lesser of two sizes, and independent only if both are.
func (s sampleSize) least(o sampleSize) sampleSize {
	return sampleSize{min(s.number, o.number), s.independent && o.independent}
}

// ofShareBelow returns the effective size of col for the share of values that are at most q.
func ofShareBelow(col []float32, q float32) sampleSize {
	number, independent := effective(len(col), func(i int) float64 {
		if col[i] <= q {
			return 1
		}
		return 0
	})
	return sampleSize{number, independent}
}

// maxSizes limits the number of percentiles at which the effective sample size is computed. Between two of them it is
// the lesser of their sizes.
const maxSizes = 12

// sizesAt returns the effective size of col for each percentile.
func sizesAt(col []float32, percentiles []float64, at func(rank int64) float64) []sampleSize {
	order := make([]int, len(percentiles)) // indexes of percentiles, ascending by value
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(percentiles[a], percentiles[b]) })
	compute := func(k int) sampleSize {
		return ofShareBelow(col, float32(at(dist.Rank(int64(len(col)), percentiles[order[k]]))))
	}
	out := make([]sampleSize, len(percentiles))
	last := len(order) - 1
	if last < maxSizes {
		for k := range order {
			out[order[k]] = compute(k)
		}
		return out
	}
	step := (last + maxSizes - 2) / (maxSizes - 1)
	left := compute(0)
	for from := 0; from < last; from += step {
		to := min(from+step, last)
		right := compute(to)
		out[order[from]] = left
		for k := from + 1; k < to; k++ {
			out[order[k]] = left.least(right)
		}
		left, out[order[to]] = right, right
	}
	return out
}

// ofPercentile estimates the percentile p of n values, whose effective size for the share at or below p is s. The ends
// of the interval are order statistics (Hahn and Meeker, Statistical Intervals, 5.2).
func ofPercentile(n int64, p float64, s sampleSize, at func(rank int64) float64) Estimate {
	value := at(dist.Rank(n, p))
	tail := min(p, 100-p) / 100
	switch {
	case s.independent:
		if never := math.Pow(1-tail, float64(n)); never > (1-Level)/2 && p < 100 {
			return tooShort(value, math.Log((1-Level)/2)/math.Log(1-tail))
		}
	case s.number < fewest || s.number*tail < fewestTail:
		return tooShort(value, float64(n)*max(fewest, fewestTail/tail)/s.number)
	}
	if tail == 0 {
		return Estimate{Value: value, Why: "no number of values bounds the greatest"}
	}
	e := Estimate{Value: value, Linear: !(at(1) > 0)}
	e.Ends = func(level float64) (float64, float64) {
		low, high := rankInterval(n, s.number, p, level)
		from, to := math.Inf(-1), math.Inf(1)
		if low >= 1 {
			from = between(low, at)
		}
		if high <= float64(n) {
			to = between(high, at)
		}
		return from, to
	}
	return e
}

// between returns the value of a fractional rank, interpolated between the two nearest ranks.
func between(rank float64, at func(rank int64) float64) float64 {
	whole, part := math.Modf(rank)
	low := at(int64(whole))
	if part == 0 || math.IsInf(low, 0) {
		return low
	}
	return low + part*(at(int64(whole)+1)-low)
}

// rankInterval returns the ranks, counted from 1, of the two of n values between which the percentile p of the
// population lies with probability level, for any distribution. number is the effective sample size of the n values. A
// rank below 1 or above n means that the values do not bound the percentile on that side.
//
// The number of independent values below the percentile is binomial. A fractional rank is the point at which that
// distribution, interpolated linearly, reaches the probability (Hettmansperger and Sheather 1986). For correlated
// values, the ranks are those of the Clopper-Pearson interval of the share below, with the effective sample size.
func rankInterval(n int64, number, p, level float64) (low, high float64) {
	outside := (1 - level) / 2
	if number >= float64(n) {
		below := distuv.Binomial{N: float64(n), P: p / 100}
		reach := func(share float64) float64 { // the quantile of that number
			k := sort.Search(int(n), func(k int) bool { return below.CDF(float64(k)) > share })
			before := below.CDF(float64(k - 1))
			if step := below.CDF(float64(k)) - before; step > 0 {
				return float64(k) + max(0, share-before)/step
			}
			return float64(k)
		}
		return reach(outside), reach(1 - outside)
	}
	share := p / 100
	low = math.Floor(clopperPearson(share, number, outside) * float64(n))
	high = math.Ceil(clopperPearson(share, number, 1-outside)*float64(n)) + 1
	return low, min(high, float64(n+1))
}

// clopperPearson returns an end of the Clopper-Pearson interval of a share that was observed in number values: the
// lower end if quantile is less than 0.5, else the upper end.
func clopperPearson(share, number, quantile float64) float64 {
	seen := share * number
	a, b := seen, number-seen+1
	if quantile > 0.5 {
		a, b = seen+1, number-seen
	}
	switch {
	case a <= 0 || quantile <= 0:
		return 0
	case b <= 0 || quantile >= 1:
		return 1
	}
	return distuv.Beta{Alpha: a, Beta: b}.Quantile(quantile)
}
