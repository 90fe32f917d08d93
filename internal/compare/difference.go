package compare

import (
	"math"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"

	"gonum.org/v1/gonum/stat/distuv"
)

// difference compares a figure of two sides, of which each has one run or several.
func difference(a, b []confidence.Estimate) Change {
	c := Change{Old: dist.NaN(), New: dist.NaN(), Delta: dist.NaN(), CI: dist.Interval{dist.NaN(), dist.NaN()}, P: dist.NaN(), Adjusted: dist.NaN()}
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
		c.between(a[0], b[0])
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

// relative is new ÷ old − 1. Two failures differ by nothing.
func relative(old, new float64) float64 {
	if old == new {
		return 0
	}
	return new/old - 1
}

// between sets interval and P of one run a side.
func (c *Change) between(a, b confidence.Estimate) {
	ends := func(conf float64) (low, high float64) { return mover(a, b, conf) }
	low, high := ends(confidence.Level)
	c.CI = dist.Interval{bounded(low), bounded(high)}
	if math.IsInf(a.Value, 0) || math.IsInf(b.Value, 0) || a.Value == 0 {
		c.CI = dist.Interval{dist.NaN(), dist.NaN()} // it has no relative difference
	}
	c.P = dist.Num(level(ends))
}

func bounded(v float64) dist.Num {
	if math.IsInf(v, 0) {
		return dist.NaN()
	}
	return dist.Num(v)
}

// mover returns the interval of new ÷ old − 1 from those of the two figures, by the method of variance estimates recovery
// (Zou and Donner 2008): on the scale of logarithms, or of the values themselves if they are shares or may be zero. If one
// side is ∞, it is +1 or −1 where the intervals do not overlap.
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
	if a.Linear || b.Linear || !(a.Value > 0 && b.Value > 0) { // zero has no logarithm
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

// level returns the P at which an interval of confidence 1 − P just reaches zero.
func level(ends func(conf float64) (low, high float64)) float64 {
	shows := func(p float64) bool {
		low, high := ends(1 - p)
		return low > 0 || high < 0
	}
	most := 1 - 1e-9
	if !shows(most) {
		return 1
	}
	const least = 1e-12
	if shows(least) {
		return least
	}
	low, high := math.Log(least), math.Log(most) // of it nothing is shown; of it something is
	for range 40 {
		if middle := (low + high) / 2; shows(math.Exp(middle)) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Exp(high)
}

// welch sets interval and P of several runs a side, by Welch's test.
func (c *Change) welch(a, b []confidence.Estimate) {
	moments := func(list []confidence.Estimate) (mean, ofMean, n float64) {
		mean, n = averageOf(list), float64(len(list))
		square := 0.0
		for _, e := range list {
			square += (e.Value - mean) * (e.Value - mean)
		}
		return mean, square / (n - 1) / n, n
	}
	x, vx, nx := moments(a)
	y, vy, ny := moments(b)
	d := y - x
	switch {
	case math.IsNaN(d) || math.IsInf(d, 0):
		c.Test, c.Why = "", "the figure of some runs is ∞"
		return
	case vx+vy == 0:
		c.CI = dist.Interval{c.Delta, c.Delta}
		c.P = 1
		if d != 0 {
			c.P = 0
		}
		return
	}
	se := math.Sqrt(vx + vy)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: (vx + vy) * (vx + vy) / (vx*vx/(nx-1) + vy*vy/(ny-1))}
	half := t.Quantile((1+confidence.Level)/2) * se
	if x > 0 {
		c.CI = dist.Interval{dist.Num((d - half) / x), dist.Num((d + half) / x)}
	}
	c.P = dist.Num(2 * t.Survival(math.Abs(d)/se))
}
