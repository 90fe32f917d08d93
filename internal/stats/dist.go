package stats

import (
	"math"
	"math/big"
	"slices"
	"strconv"

	mstats "github.com/montanaflynn/stats"
)

// DefaultExactLimit is the number of values up to which a Dist keeps each one. 262,144 values take 1 MiB.
const DefaultExactLimit = 1 << 18

// maxValue bounds what a Dist takes: in µs, twelve days.
const maxValue = 1 << 40

// Dist is a distribution of non-negative whole numbers (µs, ns, tokens): exact up to a limit, then a sketch whose
// error is at most SketchError. Two of them merge into just what one would have been that saw all values, in any order:
// a Dist is a function of the multiset of its values and the limit.
type Dist struct {
	limit  int      // 0 is DefaultExactLimit, negative no limit
	list   []uint32 // the values below 2³², until the limit
	wide   []int64  // the values from 2³², until the limit
	sketch *sketch  // all values, after the limit
	inf    int64    // values of +∞: failures
}

// Add takes one value. It reports false, and takes nothing, where v is negative or beyond twelve days in µs: such a
// value is a clock's fault and not a measurement.
func (d *Dist) Add(v int64) bool {
	if d.sketch == nil && uint64(v) <= math.MaxUint32 && d.N() < d.bound() { // most are, and quickly
		d.list = append(d.list, uint32(v))
		return true
	}
	return d.AddN(v, 1)
}

// AddN takes a value n times over.
func (d *Dist) AddN(v, n int64) bool {
	if v < 0 || v >= maxValue {
		return false
	}
	if d.sketch == nil && d.N()+n > d.bound() {
		d.spill()
	}
	if d.sketch != nil {
		d.sketch.add(v, n)
		return true
	}
	for range n {
		if v <= math.MaxUint32 {
			d.list = append(d.list, uint32(v))
		} else {
			d.wide = append(d.wide, v)
		}
	}
	return true
}

// AddInf takes a value of +∞: a request that was due and never had its answer.
func (d *Dist) AddInf() { d.inf++ }

// N is the number of finite values.
func (d *Dist) N() int64 {
	if d.sketch != nil {
		return d.sketch.n
	}
	return int64(len(d.list) + len(d.wide))
}

// Failed is the number of values of +∞.
func (d *Dist) Failed() int64 { return d.inf }

// Exact says whether every value is known as it was.
func (d *Dist) Exact() bool { return d.sketch == nil || d.sketch.exact() }

// addAll takes values, and reports false, leaving them out, where some are none.
func (d *Dist) addAll(values []int64) bool {
	valid := true
	for i, v := range values {
		if d.sketch != nil {
			return d.sketch.addAll(values[i:]) && valid
		}
		valid = d.Add(v) && valid
	}
	return valid
}

func (d *Dist) bound() int64 {
	switch {
	case d.limit < 0:
		return math.MaxInt64
	case d.limit == 0:
		return DefaultExactLimit
	}
	return int64(d.limit)
}

// spill puts the values kept so far into the sketch.
func (d *Dist) spill() {
	d.sketch = &sketch{}
	for _, v := range d.list {
		d.sketch.add(int64(v), 1)
	}
	for _, v := range d.wide {
		d.sketch.add(v, 1)
	}
	d.list, d.wide = nil, nil
}

// Merge adds o's values. o stays as it is.
func (d *Dist) Merge(o *Dist) {
	d.inf += o.inf
	if d.sketch == nil && (o.sketch != nil || d.N()+o.N() > d.bound()) {
		d.spill()
	}
	switch {
	case o.sketch != nil:
		d.sketch.merge(o.sketch)
	case d.sketch != nil:
		for v := range o.values() {
			d.sketch.add(v, 1)
		}
	default:
		d.list = append(d.list, o.list...)
		d.wide = append(d.wide, o.wide...)
	}
}

// values gives each value with its multiplicity; in ascending order after sort, always where it is a sketch.
func (d *Dist) values() func(yield func(v, n int64) bool) {
	return func(yield func(v, n int64) bool) {
		if d.sketch != nil {
			d.sketch.each(yield)
			return
		}
		for _, v := range d.list {
			if !yield(int64(v), 1) {
				return
			}
		}
		for _, v := range d.wide {
			if !yield(v, 1) {
				return
			}
		}
	}
}

func (d *Dist) sort() {
	radixSort(d.list)
	slices.Sort(d.wide)
}

// Stat is what a table says of one distribution. Numbers that do not exist (of no values, or beyond a failure, which is
// +∞) are NaN or +Inf, written as null in JSON.
type Stat struct {
	N           int64        `json:"n"`      // finite values
	Failed      int64        `json:"failed"` // values of +∞
	Mean        Num          `json:"mean"`
	SD          Num          `json:"sd"` // population standard deviation
	Min         Num          `json:"min"`
	Max         Num          `json:"max"`
	Percentiles []Percentile `json:"percentiles"`
	Approx      bool         `json:"approx,omitempty"` // values are within SketchError
	MeanCI      *Interval    `json:"mean_ci"`          // nil if none was asked for, or there is none

	short map[int64][]string // figures of which too little is known, by the requests that would do
}

// Percentile is the nearest-rank percentile: the value of rank ⌈nP/100⌉, one that was observed.
type Percentile struct {
	P     float64   `json:"p"`
	Value Num       `json:"value"`
	CI    *Interval `json:"ci"`
}

// At gives the percentile p, or NaN where it was not asked for.
func (s *Stat) At(p float64) float64 {
	for _, q := range s.Percentiles {
		if q.P == p {
			return float64(q.Value)
		}
	}
	return math.NaN()
}

// Stat computes the figures of the distribution, each value divided by unit (1000 makes ms of µs).
func (d *Dist) Stat(percentiles []float64, unit float64) Stat {
	s := Stat{N: d.N(), Failed: d.inf, Mean: nan(), SD: nan(), Min: nan(), Max: nan(), Approx: !d.Exact()}
	if d.sketch != nil {
		d.sketchStat(&s, percentiles, unit)
		return s
	}
	data := d.floats(unit)
	if n := len(data); n > 0 {
		s.Mean, s.SD = meanAndDeviation(data)
		s.Min, s.Max = Num(data[0]), Num(data[n-1])
	}
	for _, p := range percentiles {
		v := nan()
		if n := int64(len(data)); n > 0 {
			v = Num(data[rank(n, p)-1])
		}
		s.Percentiles = append(s.Percentiles, Percentile{P: p, Value: v})
	}
	return s
}

// meanAndDeviation returns the mean and the population standard deviation. The library's functions return the same bits
// but scan the values four times more.
func meanAndDeviation(data []float64) (mean, deviation Num) {
	sum, square, n := 0.0, 0.0, float64(len(data))
	for _, v := range data {
		sum += v
	}
	for _, v := range data {
		d := v - sum/n
		square += d * d
	}
	return Num(sum / n), Num(math.Sqrt(square / n))
}

// mean is that of all values, divided by unit: +∞ if one is, NaN if there are none.
func (d *Dist) mean(unit float64) float64 {
	if d.inf > 0 {
		return math.Inf(1)
	}
	sum := 0.0
	if d.sketch != nil {
		sum, _ = d.sketch.moments()
	} else {
		for v, n := range d.values() {
			sum += float64(v) * float64(n)
		}
	}
	return sum / float64(d.N()) / unit
}

// floats gives the sorted values, +∞ last. It is for a Dist that is exact.
func (d *Dist) floats(unit float64) mstats.Float64Data {
	d.sort()
	data := make(mstats.Float64Data, 0, d.N()+d.inf)
	for v := range d.values() {
		data = append(data, float64(v)/unit)
	}
	for range d.inf {
		data = append(data, math.Inf(1))
	}
	return data
}

// sketchStat does from counts what Stat does from values.
func (d *Dist) sketchStat(s *Stat, percentiles []float64, unit float64) {
	sum, square := d.sketch.moments()
	n := float64(d.N())
	s.Mean, s.SD = Num(sum/n/unit), Num(math.Sqrt(max(0, square/n-sum/n*(sum/n)))/unit)
	least, most := d.sketch.extremes()
	s.Min, s.Max = Num(float64(least)/unit), Num(float64(most)/unit)
	if d.inf > 0 {
		s.Mean, s.SD, s.Max = inf(), nan(), inf()
	}
	for _, p := range percentiles {
		v := math.Inf(1)
		switch r := rank(d.N()+d.inf, p); {
		case r == d.N():
			v = float64(most) / unit
		case r < d.N():
			v = float64(d.sketch.at(r)) / unit
		}
		s.Percentiles = append(s.Percentiles, Percentile{P: p, Value: Num(v)})
	}
}

// rank is the nearest rank of percentile p among n values, from 1.
func rank(n int64, p float64) int64 {
	r := float64(n) * p / 100
	whole := math.Round(r)
	if math.Abs(r-whole) > 1e-6*max(1, r) {
		return max(1, int64(math.Ceil(r)))
	}
	// It is whole or nearly so: the percentile as it was written decides. 99.9 of 1,000 is 999, whatever floats say.
	exact, _ := new(big.Rat).SetString(strconv.FormatFloat(p, 'f', -1, 64)) // it is a number
	exact.Mul(exact, big.NewRat(n, 100))
	if exact.Cmp(new(big.Rat).SetInt64(int64(whole))) > 0 {
		return max(1, int64(whole)+1)
	}
	return max(1, int64(whole))
}
