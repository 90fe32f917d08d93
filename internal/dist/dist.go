package dist

import (
	"iter"
	"math"
	"slices"
)

// defaultLimit is the Limit of a Dist with Limit 0: 262,144 values, which take 1 MiB.
const defaultLimit = 1 << 18

// MaxValue is the least value that a Dist rejects: 12.7 days in µs.
const MaxValue = 1 << 40

// Dist is a distribution of non-negative integers (µs, ns, tokens): exact up to a limit, then a sketch whose relative
// error is at most SketchError. A Dist depends only on its values and its limit, not on the order in which the values
// were added or merged. The zero value is empty and has the default limit.
type Dist struct {
	Limit int // maximum number of values that are stored exactly; 0: 262,144, negative: no limit

	list   list    // values below 2³², while within the limit
	wide   []int64 // values of 2³² and above, while within the limit
	sketch *sketch // all values, once the limit is exceeded; nil before
	inf    int64   // number of values of +∞: failures
}

// Add adds a value. It reports false, and adds nothing, if v is negative or at least MaxValue: such a value comes from
// a faulty clock, not from a measurement.
func (d *Dist) Add(v int64) bool {
	if d.sketch == nil && uint64(v) <= math.MaxUint32 && d.N() < d.Bound() { // the common case, without a call
		d.list.add(uint32(v))
		return true
	}
	return d.AddN(v, 1)
}

// AddN adds a value n times.
func (d *Dist) AddN(v, n int64) bool {
	if v < 0 || v >= MaxValue {
		return false
	}
	if d.sketch == nil && d.N()+n > d.Bound() {
		d.spill()
	}
	if d.sketch != nil {
		d.sketch.add(v, n)
		return true
	}
	for range n {
		if v <= math.MaxUint32 {
			d.list.add(uint32(v))
		} else {
			d.wide = append(d.wide, v)
		}
	}
	return true
}

// AddAll adds values. It reports false if Add would reject any of them; the others are added.
func (d *Dist) AddAll(values []int64) bool {
	valid := true
	for i, v := range values {
		if d.sketch != nil {
			return d.sketch.addAll(values[i:]) && valid
		}
		valid = d.Add(v) && valid
	}
	return valid
}

// AddInf adds a value of +∞: a request that was due but was never answered.
func (d *Dist) AddInf() { d.inf++ }

// SetFailed sets the number of values of +∞.
func (d *Dist) SetFailed(n int64) { d.inf = n }

// N returns the number of finite values.
func (d *Dist) N() int64 {
	if d.sketch != nil {
		return d.sketch.n
	}
	return int64(d.list.n() + len(d.wide))
}

// Failed returns the number of values of +∞.
func (d *Dist) Failed() int64 { return d.inf }

// Exact reports whether every value is known exactly.
func (d *Dist) Exact() bool { return d.sketch == nil || d.sketch.exact() }

// Bound returns the maximum number of values that are stored exactly.
func (d *Dist) Bound() int64 {
	switch {
	case d.Limit < 0:
		return math.MaxInt64
	case d.Limit == 0:
		return defaultLimit
	}
	return int64(d.Limit)
}

// spill moves the values into a sketch.
func (d *Dist) spill() {
	k := &sketch{}
	for v := range d.Values() {
		k.add(v, 1)
	}
	d.sketch, d.list, d.wide = k, list{}, nil
}

// Merge adds the values of o, which is not modified.
func (d *Dist) Merge(o *Dist) {
	d.inf += o.inf
	if d.sketch == nil && (o.sketch != nil || d.N()+o.N() > d.Bound()) {
		d.spill()
	}
	switch {
	case o.sketch != nil:
		d.sketch.merge(o.sketch)
	case d.sketch != nil:
		for v := range o.Values() {
			d.sketch.add(v, 1)
		}
	default:
		d.list.join(&o.list)
		d.wide = append(d.wide, o.wide...)
	}
}

// Values yields the finite values with their counts, in unspecified order. Those of a sketch are within SketchError.
func (d *Dist) Values() iter.Seq2[int64, int64] {
	return func(yield func(v, n int64) bool) {
		if d.sketch != nil {
			d.sketch.each(yield)
			return
		}
		for _, c := range d.list.chunks() {
			for _, v := range c {
				if !yield(int64(v), 1) {
					return
				}
			}
		}
		for _, v := range d.wide {
			if !yield(v, 1) {
				return
			}
		}
	}
}

// Take removes and returns the only value of an exact Dist, +∞ for a failure. It reports whether there was one.
func (d *Dist) Take() (v float64, ok bool) {
	switch {
	case len(d.list.last) > 0:
		v, ok = float64(d.list.last[0]), true
	case len(d.wide) > 0:
		v, ok = float64(d.wide[0]), true
	case d.inf > 0:
		v, ok = math.Inf(1), true
	}
	d.list.last, d.wide, d.inf = d.list.last[:0], d.wide[:0], 0
	return v, ok
}

// Sorted returns the values of an exact Dist in ascending order, divided by unit, +∞ last.
func (d *Dist) Sorted(unit float64) []float64 {
	data := make([]float64, 0, d.N()+d.inf)
	for _, v := range d.list.sorted() {
		data = append(data, float64(v)/unit)
	}
	for _, v := range slices.Sorted(slices.Values(d.wide)) {
		data = append(data, float64(v)/unit)
	}
	for range d.inf {
		data = append(data, math.Inf(1))
	}
	return data
}

// Mean returns the mean of all values, divided by unit. It is +∞ if any value is, and NaN if there are none.
func (d *Dist) Mean(unit float64) float64 {
	if d.inf > 0 {
		return math.Inf(1)
	}
	return float64(d.FiniteMean(unit))
}

// FiniteMean returns the mean of the finite values, divided by unit, or NaN if there are none.
func (d *Dist) FiniteMean(unit float64) Num {
	t := d.totals()
	return t.mean(unit)
}
