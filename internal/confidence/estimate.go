// Package confidence estimates means, percentiles, shares and rates with their 95 % confidence intervals, from values
// that may be autocorrelated. Requests that wait in the same queue are, so n of them determine a figure less precisely
// than n independent ones would.
//
// Each estimate is based on the effective sample size: the number of independent values that would determine the figure
// as precisely. If it is too small, the estimate has no interval, but the reason and the number of requests that would
// suffice. docs/metrics.md has the measured coverage of the intervals (scripts/coverage).
package confidence

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"perfpipe/internal/dist"
)

// Level is the confidence level of every interval in a report.
const Level = 0.95

// Estimate is an estimated figure with its uncertainty.
type Estimate struct {
	Value  float64
	Linear bool // compare it with others by differences, not by ratios: it may be zero, or it is a share
	// Ends returns the interval at a confidence level. An end that the values do not bound is ±Inf. Ends is nil if there
	// are too few values for an interval.
	Ends func(level float64) (low, high float64)
	Step float64 // by how much one answer changes a rate, wherever the window begins; 0 for other figures
	Why  string  // the reason if Ends is nil
	Need int64   // about the number of requests that would suffice; 0 if no number would

	n, number float64 // of a share: the size and the effective size of its sample; else 0
}

// known returns the Estimate of a figure without uncertainty.
func known(v float64) Estimate {
	return Estimate{Value: v, Ends: func(float64) (float64, float64) { return v, v }}
}

// tooShort returns an Estimate without an interval, with the number of requests that would suffice.
func tooShort(value, need float64) Estimate {
	n := about(need)
	return Estimate{Value: value, Why: fmt.Sprintf("too short to know: about %d requests would do", n), Need: n}
}

// about rounds v up to two significant digits. It returns 0 if v is NaN, infinite or absurdly large.
func about(v float64) int64 {
	if !(v < 1e15) {
		return 0
	}
	step := math.Pow(10, max(0, math.Floor(math.Log10(max(v, 1)))-1))
	return int64(math.Ceil(v/step) * step)
}

// Interval returns the 95 % interval of the estimate. An end that is unknown or unbounded is NaN.
func (e *Estimate) Interval() *dist.Interval {
	if e.Ends == nil {
		return &dist.Interval{dist.NaN(), dist.NaN()}
	}
	low, high := e.Ends(Level)
	out := dist.Interval{dist.Num(low), dist.Num(high)}
	if math.IsInf(low, -1) {
		out[0] = dist.NaN()
	}
	if math.IsInf(high, 1) {
		out[1] = dist.NaN()
	}
	return &out
}

// OfMean estimates the mean of a distribution. col holds all of its values or a sample, in the order in which their
// requests were due. The interval is that of Student's t with the effective sample size. It is computed on the log
// scale if all values are positive, since the sampling distribution of the mean of a queue is skewed.
func OfMean(mean float64, col []float32) Estimate {
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
		return Estimate{Value: mean, Why: "some requests have no such time, since they failed"}
	}
	if n < 2 {
		return tooShort(mean, fewest)
	}
	number, independent := effective(n, func(i int) float64 { return float64(col[i]) })
	if number < fewest && (!independent || square == 0) { // a few equal values do not show how much others differ
		return tooShort(mean, float64(n)*fewest/number)
	}
	se := math.Sqrt(square / float64(n-1) / number)
	e := Estimate{Value: mean, Linear: !(least > 0)}
	e.Ends = func(level float64) (float64, float64) {
		half := student(number-1, level) * se
		if e.Linear {
			return mean - half, mean + half
		}
		return mean * math.Exp(-half/mean), mean * math.Exp(half/mean)
	}
	return e
}

// student returns the quantile of Student's t for a two-sided interval at a confidence level.
func student(degrees, level float64) float64 {
	if level >= 1 {
		return math.Inf(1)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: max(1, degrees)}.Quantile((1 + level) / 2)
}

// OfShare estimates the share of successful requests. ok holds the outcome of each request or of a sample, in the order
// in which they were due.
func OfShare(ok []bool, share float64) Estimate {
	n := float64(len(ok))
	number, independent := ofOutcomes(ok)
	if number < fewest && !independent { // of a few clusters of failures
		return tooShort(share, n*fewest/number)
	}
	e := ofShare(share, number)
	e.n, e.number = n, number
	return e
}

// Alike returns the estimates of two shares as if the outcomes of both came in clusters of the same length, the longer
// one: a sample without failures does not show how they would be clustered. It returns other estimates as they are.
func Alike(a, b Estimate) (Estimate, Estimate) {
	if a.n == 0 || b.n == 0 {
		return a, b
	}
	per := min(a.number/a.n, b.number/b.n)
	return ofShare(a.Value, per*a.n), ofShare(b.Value, per*b.n)
}

// OfShareWithin estimates the share of requests whose value is within a limit, as within has it. Both are in the order
// in which the requests were due. It also returns the effective sample size. Those beyond the limit may be too few to
// show that they come in clusters, so it is at most that of the greatest tenth of the values.
func OfShareWithin(within []bool, values []float32) (e Estimate, size float64) {
	n := int64(len(values))
	top := slices.Sorted(slices.Values(values))[dist.Rank(n, 90)-1]
	number, _ := ofOutcomes(within)
	size = min(number, ofShareBelow(values, top).number)
	good := 0
	for _, ok := range within {
		if ok {
			good++
		}
	}
	return ofShare(float64(good)/float64(n), size), size
}

// ofOutcomes returns the effective size of a sample of outcomes, and whether they seem independent.
func ofOutcomes(ok []bool) (number float64, independent bool) {
	return effective(len(ok), func(i int) float64 {
		if ok[i] {
			return 1
		}
		return 0
	})
}

// ofShare returns the estimate of a share from a sample of an effective size: the interval of Clopper and Pearson
// (Biometrika 26, 1934), which is exact for independent outcomes.
func ofShare(share, number float64) Estimate {
	return Estimate{Value: share, Linear: true, Ends: func(level float64) (float64, float64) {
		outside := (1 - level) / 2
		return clopperPearson(share, number, outside), clopperPearson(share, number, 1-outside)
	}}
}

const (
	minBatches = 5
	perBatch   = 8 // least number of answers in a batch
)

// Batches returns the number of batches of equal duration into which to divide a run, to estimate the variance of its
// throughput. It is at most most, and 0 if the run has too few answers.
func Batches(answers, most int64) int64 {
	if k := min(most, answers/perBatch); k >= minBatches {
		return k
	}
	return 0
}

// OfRate estimates a rate from the number of answers or tokens in each batch of equal duration. The run has n requests,
// of which ends ended in the batches. counts is nil if the run is too short for batches.
func OfRate(rate float64, counts []float64, ends, n int64) Estimate {
	if counts == nil {
		if rate > 0 {
			return tooShort(rate, float64(n)*minBatches*perBatch/float64(max(1, ends)))
		}
		return Estimate{Value: rate, Why: "no time to divide by"}
	}
	mean, square, sum := average(counts), 0.0, 0.0
	for _, c := range counts {
		square += (c - mean) * (c - mean)
		sum += c
	}
	if sum == 0 {
		return known(rate)
	}
	k := float64(len(counts))
	number, _ := effective(len(counts), func(i int) float64 { return counts[i] })
	step := 1 / float64(max(1, ends)) // the position of the window alone changes the count by one answer
	se := max(math.Sqrt(square/(k-1)/number)/mean, step)
	return Estimate{Value: rate, Step: rate * step, Ends: func(level float64) (float64, float64) {
		half := student(min(number, k)-1, level) * se
		return rate * math.Exp(-half), rate * math.Exp(half)
	}}
}

func average(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
