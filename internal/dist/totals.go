package dist

import (
	"math"
	"math/big"
	"slices"
)

// totals are the number of the finite values of a Dist, their sums and their extremes, all of them exact.
type totals struct {
	n           int64
	least, most int64
	moment
}

func (d *Dist) totals() totals {
	t := totals{n: d.N()}
	if d.sketch != nil {
		t.moment = d.sketch.moments()
		t.least, t.most = d.sketch.extremes()
		return t
	}
	t.least = math.MaxInt64
	if d.list.n() > 0 {
		least, most := d.list.addTo(&t.moment)
		t.least, t.most = int64(least), int64(most)
	}
	for _, v := range d.wide {
		t.least, t.most = min(t.least, v), max(t.most, v)
		t.add(uint64(v), 1)
	}
	return t
}

// mean returns the mean of the values divided by unit, or NaN if there are none.
func (t *totals) mean(unit float64) Num { return Num(float64(t.sum) / float64(t.n) / unit) }

// deviation returns the population standard deviation of the values divided by unit, or NaN if there are none. It is
// √(n·Σv² − (Σv)²) ÷ n, of integers that may exceed 128 bits.
func (t *totals) deviation(unit float64) Num {
	square := new(big.Int).SetUint64(t.sqHi)
	square.Lsh(square, 64).Add(square, new(big.Int).SetUint64(t.sqLo))
	sum := new(big.Int).SetUint64(t.sum)
	square.Mul(square, big.NewInt(t.n)).Sub(square, sum.Mul(sum, sum))
	f, _ := new(big.Float).SetInt(square).Float64()
	return Num(math.Sqrt(f) / float64(t.n) / unit)
}

// ranked returns the values of ranks, counted from 1; for ranks beyond the finite values, any. t is that of d.
func (d *Dist) ranked(ranks []int64, t *totals) []int64 {
	out := make([]int64, len(ranks))
	if d.sketch != nil {
		for i, r := range ranks {
			if out[i] = t.most; r < t.n { // the greatest value is exact
				out[i] = d.sketch.at(r)
			}
		}
		return out
	}
	wide := slices.Sorted(slices.Values(d.wide))
	var low []int64 // ranks in the list
	for _, r := range ranks {
		if r <= int64(d.list.n()) {
			low = append(low, r)
		}
	}
	picked := d.list.pick(low, uint32(t.least), uint32(min(t.most, math.MaxUint32)))
	for i, r := range ranks {
		switch {
		case r <= int64(d.list.n()):
			out[i], picked = int64(picked[0]), picked[1:]
		case r <= t.n:
			out[i] = wide[r-1-int64(d.list.n())]
		}
	}
	return out
}
