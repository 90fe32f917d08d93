package stats

import (
	"fmt"
	"math"
	"sort"

	"perfpipe/internal/dist"

	"gonum.org/v1/gonum/stat/distuv"
)

// confidence is that of every interval.
const confidence = 0.95

// estimate is a figure and how much is known of it.
type estimate struct {
	value  float64
	linear bool                                   // differences count, rather than ratios
	ends   func(conf float64) (low, high float64) // the interval; ±Inf where the values do not bound it; nil if too little is known
	why    string                                 // too little is known
	need   int64                                  // requests that would do, about; 0 if their number does not matter
}

// known returns an estimate of a figure that cannot vary.
func known(v float64) estimate {
	return estimate{value: v, ends: func(float64) (float64, float64) { return v, v }}
}

// interval is the 95 % interval of the estimate.
func (e *estimate) interval() *dist.Interval {
	if e.ends == nil {
		return &dist.Interval{dist.NaN(), dist.NaN()}
	}
	low, high := e.ends(confidence)
	out := dist.Interval{dist.Num(low), dist.Num(high)}
	if math.IsInf(low, -1) {
		out[0] = dist.NaN()
	}
	if math.IsInf(high, 1) {
		out[1] = dist.NaN()
	}
	return &out
}

// tooShort is a figure of which too little is known, with how many requests would do.
func tooShort(value, need float64) estimate {
	n := about(need)
	return estimate{value: value, why: fmt.Sprintf("too short to know: about %d requests would do", n), need: n}
}

// about rounds up to two digits.
func about(v float64) int64 {
	if !(v < 1e15) {
		return 0
	}
	step := math.Pow(10, max(0, math.Floor(math.Log10(max(v, 1)))-1))
	return int64(math.Ceil(v/step) * step)
}

// ofMean estimates the mean of a distribution, of whose values col has all or a sample, in the order in which their
// requests were due. Its interval is by Student's t of the effective number of values, on the scale of logarithms if all
// are positive: the mean of a queue is more often far below its truth than above.
func ofMean(mean float64, col []float32) estimate {
	n := len(col)
	least, sum, square := math.Inf(1), 0.0, 0.0
	for _, v := range col {
		least = min(least, float64(v))
		sum += float64(v)
	}
	for _, v := range col {
		d := float64(v) - sum/float64(n)
		square += d * d
	}
	if n == 0 || math.IsInf(mean, 0) {
		return estimate{value: mean, why: "some requests have no such time, since they failed"}
	}
	if n < 2 {
		return tooShort(mean, fewest)
	}
	number, independent := effective(n, func(i int) float64 { return float64(col[i]) })
	if number < fewest && !independent {
		return tooShort(mean, float64(n)*fewest/number)
	}
	se := math.Sqrt(square / float64(n-1) / number)
	e := estimate{value: mean, linear: !(least > 0)}
	e.ends = func(conf float64) (float64, float64) {
		half := student(number-1, conf) * se
		if e.linear {
			return mean - half, mean + half
		}
		return mean * math.Exp(-half/mean), mean * math.Exp(half/mean)
	}
	return e
}

// student is the quantile of Student's t that a two-sided interval takes.
func student(degrees, conf float64) float64 {
	if conf >= 1 {
		return math.Inf(1)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: max(1, degrees)}.Quantile((1 + conf) / 2)
}

// worth is how many independent values a series is worth for a figure.
type worth struct {
	number      float64
	independent bool
}

// cautious is the lesser of two.
func (w worth) cautious(o worth) worth {
	return worth{min(w.number, o.number), w.independent && o.independent}
}

// ofShareBelow is what col is worth for the share of values that are at most q.
func ofShareBelow(col []float32, q float32) worth {
	number, independent := effective(len(col), func(i int) float64 {
		if col[i] <= q {
			return 1
		}
		return 0
	})
	return worth{number, independent}
}

// ofPercentile estimates the percentile p of n values that are worth w for it, of which at returns the one of a rank from
// 1. Its interval has order statistics as its ends (Hahn and Meeker, Statistical Intervals, 5.2), of the effective number
// of values for the share that is at most the percentile.
func ofPercentile(n int64, p float64, w worth, at func(rank int64) float64) estimate {
	value, number, independent := at(dist.Rank(n, p)), w.number, w.independent
	tail := min(p, 100-p) / 100
	switch {
	case independent:
		if never := math.Pow(1-tail, float64(n)); never > (1-confidence)/2 && p < 100 {
			return tooShort(value, math.Log((1-confidence)/2)/math.Log(1-tail))
		}
	case number < fewest || number*tail < fewestTail:
		return tooShort(value, float64(n)*max(fewest, fewestTail/tail)/number)
	}
	if tail == 0 {
		return estimate{value: value, why: "no number of values bounds the greatest"}
	}
	e := estimate{value: value, linear: !(at(1) > 0)}
	e.ends = func(conf float64) (float64, float64) {
		low, high := rankInterval(n, number, p, conf)
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

// between returns the value of a rank, or what lies between two.
func between(rank float64, at func(rank int64) float64) float64 {
	whole, part := math.Modf(rank)
	low := at(int64(whole))
	if part == 0 || math.IsInf(low, 0) {
		return low
	}
	return low + part*(at(int64(whole)+1)-low)
}

// rankInterval returns the ranks, from 1, of the two of n values between which the percentile p of the population lies with
// a probability of conf, whatever its distribution, if they are worth number independent ones. A rank below 1 or above n is
// beyond the values. Of independent values the number of those below it is binomial, and a rank between two is where its
// distribution, taken as straight between them, reaches the probability (Hettmansperger and Sheather 1986). Else it is the
// interval of Clopper and Pearson for the share below, of the effective number.
func rankInterval(n int64, number, p, conf float64) (low, high float64) {
	outside := (1 - conf) / 2
	if number >= float64(n) {
		below := distuv.Binomial{N: float64(n), P: p / 100}
		reach := func(share float64) float64 { // how many values are below it with that probability, at most
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

// clopperPearson is an end of the interval for a share that was seen among number values: the lower one if quantile is
// less than a half, else the upper one.
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

// ofShare estimates a share, of which ok are all or some in order.
func ofShare(ok []bool, share float64) estimate {
	number, _ := effective(len(ok), func(i int) float64 {
		if ok[i] {
			return 1
		}
		return 0
	})
	return estimate{value: share, linear: true, ends: func(conf float64) (float64, float64) {
		outside := (1 - conf) / 2
		return clopperPearson(share, number, outside), clopperPearson(share, number, 1-outside)
	}}
}
