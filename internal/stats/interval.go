package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// confidence is that of every interval.
const confidence = 0.95

// Interval is a 95 % confidence interval. An end that the values do not bound is null.
type Interval [2]Num

// rankInterval gives the ranks, from 1, of the two values between which the percentile p of the population lies with a
// probability of at least 95 %, whatever its distribution: the number of n values below it is binomial (order
// statistics; Hahn and Meeker, Statistical Intervals, 5.2). A rank of 0 or n+1 is beyond the values.
func rankInterval(n int64, p float64) (low, high int64) {
	below := distuv.Binomial{N: float64(n), P: p / 100}
	cdf := func(k int) float64 { return below.CDF(float64(k)) }
	// P(B < low) is at most 2.5 %, and P(B < high) at least 97.5 %.
	low = int64(sort.Search(int(n), func(k int) bool { return cdf(k) > (1-confidence)/2 }))
	high = int64(sort.Search(int(n), func(k int) bool { return cdf(k) >= (1+confidence)/2 })) + 1
	return low, high
}

// intervals fills the confidence intervals of s, which has the values of d. It takes the values as independent.
func (d *Dist) intervals(s *Stat, unit float64) {
	n := d.N() + d.inf
	for i, p := range s.Percentiles {
		low, high := rankInterval(n, p.P)
		s.Percentiles[i].CI = &Interval{d.value(low, unit), d.value(high, unit)}
	}
	mean := Interval{nan(), nan()}
	if n > 1 && d.inf == 0 {
		// Student's t; s.SD is the population's.
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile((1 + confidence) / 2)
		half := Num(t) * s.SD / Num(math.Sqrt(float64(n-1)))
		mean = Interval{s.Mean - half, s.Mean + half}
	}
	s.MeanCI = &mean
}

// value is the value of rank r: NaN beyond all values, +∞ where it is a failure.
func (d *Dist) value(r int64, unit float64) Num {
	switch {
	case r < 1 || r > d.N()+d.inf:
		return nan()
	case r > d.N():
		return inf()
	case d.sketch != nil:
		return Num(float64(d.sketch.at(r)) / unit)
	case r <= int64(len(d.list)):
		return Num(float64(d.list[r-1]) / unit)
	}
	return Num(float64(d.wide[r-1-int64(len(d.list))]) / unit)
}
