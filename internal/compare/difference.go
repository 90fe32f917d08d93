package compare

import (
	"math"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// difference compares a figure of two sides. a and b hold the estimates of each run of the old and the new side.
func difference(a, b []confidence.Estimate) Change {
	nan := dist.NaN()
	c := Change{Old: nan, New: nan, Delta: nan, CI: dist.Interval{nan, nan}, P: nan, Adjusted: nan, Possible: nan}
	if len(a) > 0 {
		c.Old = dist.Num(averageOf(a))
	}
	if len(b) > 0 {
		c.New = dist.Num(averageOf(b))
	}
	if len(a) == 0 || len(b) == 0 {
		c.Why = "only one side has it"
		return c
	}
	c.Delta = dist.Num(relative(float64(c.Old), float64(c.New)))
	switch {
	case len(a) > 1 && len(b) > 1:
		c.Test = "Welch"
		c.welch(a, b)
	case len(a) > 1 || len(b) > 1:
		c.Why = "one side is one run, the other several"
	case a[0].Ends == nil || b[0].Ends == nil:
		short := a[0]
		if b[0].Need > short.Need || short.Why == "" {
			short = b[0]
		}
		c.Why, c.Need = short.Why, short.Need
	default:
		c.Test = "intervals"
		c.between(confidence.Alike(a[0], b[0]))
	}
	return c
}

func averageOf(list []confidence.Estimate) float64 {
	sum := 0.0
	for _, e := range list {
		sum += e.Value
	}
	return sum / float64(len(list))
}

// relative returns new ÷ old − 1. It is NaN if both are +∞, due to failures.
func relative(old, new float64) float64 {
	if old == new && !math.IsInf(old, 1) {
		return 0
	}
	return new/old - 1
}

// between sets the interval and P from the estimates of one run on each side.
func (c *Change) between(a, b confidence.Estimate) {
	ends := func(conf float64) (low, high float64) { return mover(a, b, conf) }
	low, high := ends(confidence.Level)
	c.CI = dist.Interval{bounded(max(low, leastDelta)), bounded(high)}
	if math.IsInf(a.Value, 0) || math.IsInf(b.Value, 0) || a.Value == 0 {
		c.CI = dist.Interval{dist.NaN(), dist.NaN()} // the relative difference does not exist
	}
	c.P = dist.Num(pValue(ends))
}

// leastDelta is the least relative difference, since no figure is negative.
const leastDelta = -1

// bounded returns v, or NaN if it is infinite.
func bounded(v float64) dist.Num {
	if math.IsInf(v, 0) {
		return dist.NaN()
	}
	return dist.Num(v)
}

// mover returns the interval of new ÷ old − 1 from the intervals of the two figures, by the method of variance
// estimates recovery (Zou and Donner 2008). It works on the log scale, or on the linear scale for shares and for values
// that may be zero. If a side is ∞, the interval is ±1 if those of the figures do not overlap, else unbounded.
func mover(a, b confidence.Estimate, conf float64) (low, high float64) {
	aLow, aHigh := a.Ends(conf)
	bLow, bHigh := b.Ends(conf)
	if math.IsInf(a.Value, 0) || math.IsInf(b.Value, 0) {
		switch {
		case bLow > aHigh:
			return 1, 1
		case bHigh < aLow:
			return -1, -1
		}
		return math.Inf(-1), math.Inf(1)
	}
	if a.Linear || b.Linear || !(a.Value > 0 && b.Value > 0) {
		d := b.Value - a.Value
		low, high = d-math.Hypot(b.Value-bLow, aHigh-a.Value), d+math.Hypot(bHigh-b.Value, a.Value-aLow)
		if a.Value > 0 {
			low, high = low/a.Value, high/a.Value
		}
		return low, high
	}
	log := func(v float64) float64 { return math.Log(max(v, 0)) }
	x, y := log(a.Value), log(b.Value)
	d := y - x
	low, high = d-math.Hypot(y-log(bLow), log(aHigh)-x), d+math.Hypot(log(bHigh)-y, x-log(aLow))
	return math.Expm1(low), math.Expm1(high)
}

// pValue returns the P at which the interval of confidence 1 − P just reaches zero. It finds P by bisection, between
// least and most.
func pValue(ends func(conf float64) (low, high float64)) float64 {
	excludes := func(p float64) bool { // reports whether the interval excludes zero
		low, high := ends(1 - p)
		return low > 0 || high < 0
	}
	const least, most = 1e-12, 1 - 1e-9
	if !excludes(most) {
		return 1
	}
	if excludes(least) {
		return least
	}
	low, high := math.Log(least), math.Log(most) // the interval excludes zero at high, but not at low
	for range 40 {
		if middle := (low + high) / 2; excludes(math.Exp(middle)) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Exp(high)
}

// permutation is the Test of sides whose runs all have the same figure.
const permutation = "permutation"

// welch sets the interval and P from the estimates of several runs on each side, by Welch's t-test. If neither side
// varies, that test does not exist: P is the probability that the runs fall apart into the two sides by chance, and
// there is no interval.
func (c *Change) welch(a, b []confidence.Estimate) {
	moments := func(list []confidence.Estimate) (mean, varianceOfMean, n float64) {
		mean, n = averageOf(list), float64(len(list))
		square, step := 0.0, 0.0
		for _, e := range list {
			square += (e.Value - mean) * (e.Value - mean)
			step = max(step, e.Step) // the same in every run, so it does not average out
		}
		return mean, square/(n-1)/n + step*step, n
	}
	x, vx, nx := moments(a)
	y, vy, ny := moments(b)
	d := y - x
	switch {
	case math.IsNaN(d) || math.IsInf(d, 0):
		c.Test, c.Why = "", "the figure of some runs is ∞"
		return
	case vx+vy == 0:
		c.Test, c.P = permutation, 1
		if d != 0 {
			c.P = dist.Num(2 / combin.GeneralizedBinomial(nx+ny, nx))
		}
		return
	}
	se := math.Sqrt(vx + vy)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: (vx + vy) * (vx + vy) / (vx*vx/(nx-1) + vy*vy/(ny-1))}
	half := t.Quantile((1+confidence.Level)/2) * se
	if x > 0 {
		c.CI = dist.Interval{dist.Num(max((d-half)/x, leastDelta)), dist.Num((d + half) / x)}
	}
	c.P = dist.Num(2 * t.Survival(math.Abs(d)/se))
}
