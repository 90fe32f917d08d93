package prompage

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Figures sum up a series over a stretch of time. Those that its kind does not have are nil.
type Figures struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Type   Kind              `json:"type"`

	// Delta is how much a counter grew, or how many values a histogram counted, between the last page before the
	// stretch and the first one after it. A restart of the server, which makes totals smaller, counts as one from zero.
	Delta *float64 `json:"delta,omitempty"`
	PerS  *float64 `json:"per_s,omitempty"` // Delta ÷ the time between those pages

	// Mean of a gauge is that of the pages within the stretch, and of a histogram Δsum ÷ Δcount.
	Mean *float64 `json:"mean,omitempty"`
	// P50 and P99 of a gauge are by nearest rank of the pages. Those of a histogram are interpolated within a bucket, as
	// Prometheus does; beyond the last bound they are that bound.
	P50 *float64 `json:"p50,omitempty"`
	P99 *float64 `json:"p99,omitempty"`
	Max *float64 `json:"max,omitempty"` // of a gauge

	// P50In and P99In are the bounds of the buckets that have the percentiles; the last bucket has no upper one.
	P50In []float64 `json:"p50_in,omitempty"`
	P99In []float64 `json:"p99_in,omitempty"`
}

// Figures returns the figures of the series that accept accepts, or of all if it is nil, between two instants, µs since
// the epoch. Series without a value in that time are left out.
func (l *Log) Figures(from, to int64, accept func(*Series) bool) []Figures {
	first, last, ok := l.around(from, to)
	if !ok {
		return nil
	}
	var out []Figures
	for _, t := range l.tracks {
		if accept != nil && !accept(&t.Series) {
			continue
		}
		f := Figures{Name: t.Name, Labels: t.Labels, Type: t.Type}
		if t.Type == Gauge && !f.gauge(l.within(t, from, to)) || t.Type != Gauge && !finite(t.at(last).num) {
			continue
		}
		if t.Type != Gauge {
			f.growth(t, t.growth(first, last), float64(l.atUs[last]-l.atUs[first])/1e6)
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Figures) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// around returns the last page at or before from, and the first one at or after to, or the nearest ones to them.
func (l *Log) around(from, to int64) (first, last int, ok bool) {
	n := len(l.atUs)
	first = max(0, sort.Search(n, func(i int) bool { return l.atUs[i] > from })-1)
	last = min(n-1, sort.Search(n, func(i int) bool { return l.atUs[i] >= to }))
	return first, last, n > 0 && l.atUs[last] >= from && l.atUs[first] <= to
}

// at returns the value on a page. It has NaN if there is none.
func (t *track) at(page int) value {
	i := sort.SearchInts(t.page, page+1)
	if i == 0 {
		return value{num: math.NaN()}
	}
	return t.values[i-1]
}

// within returns the numbers of the pages of a stretch of time, or else those on both sides of it.
func (l *Log) within(t *track, from, to int64) []float64 {
	first := sort.Search(len(l.atUs), func(i int) bool { return l.atUs[i] >= from })
	end := sort.Search(len(l.atUs), func(i int) bool { return l.atUs[i] > to })
	if first == end {
		first, end = max(0, first-1), min(len(l.atUs), end+1)
	}
	var list []float64
	for page := first; page < end; page++ {
		if v := t.at(page).num; finite(v) {
			list = append(list, v)
		}
	}
	return list
}

// growth returns how much the totals grew between two pages. If the first page lacks the series, they began at zero.
func (t *track) growth(first, last int) value {
	grown := value{counts: make([]float64, len(t.Le)+1)}
	before := t.at(first)
	for i := sort.SearchInts(t.page, first+1); i < len(t.page) && t.page[i] <= last; i++ {
		if v := t.values[i]; finite(v.num) {
			grown.add(before, v)
			before = v
		}
	}
	return grown
}

// add adds the growth from one value to the next.
func (v *value) add(from, to value) {
	if !finite(from.num) || to.total() < from.total() { // it is new, or the server restarted
		from = value{counts: make([]float64, len(v.counts))}
	}
	v.num += to.num - from.num
	for i, n := range to.counts {
		v.counts[i] += max(0, n-from.counts[i])
	}
}

// total returns what only a restart makes smaller.
func (v value) total() float64 {
	if v.counts == nil {
		return v.num
	}
	sum := 0.
	for _, n := range v.counts {
		sum += n
	}
	return sum
}

func (f *Figures) gauge(list []float64) bool {
	if len(list) == 0 {
		return false
	}
	slices.Sort(list)
	sum := 0.
	for _, v := range list {
		sum += v
	}
	rank := func(p float64) *float64 {
		return new(list[int(math.Ceil(p*float64(len(list))))-1])
	}
	f.Mean, f.P50, f.P99, f.Max = known(sum/float64(len(list))), rank(0.5), rank(0.99), rank(1)
	return true
}

func (f *Figures) growth(t *track, grown value, seconds float64) {
	delta := grown.num
	if t.Type == Histogram {
		delta = value{counts: grown.counts}.total()
	}
	f.Delta = known(delta)
	if seconds > 0 {
		f.PerS = known(delta / seconds)
	}
	if t.Type == Histogram && delta > 0 {
		f.Mean = known(grown.num / delta)
		f.P50, f.P50In = quantile(t.Le, grown.counts, 0.5)
		f.P99, f.P99In = quantile(t.Le, grown.counts, 0.99)
	}
}

// known returns nil for what JSON cannot hold.
func known(v float64) *float64 {
	if !finite(v) {
		return nil
	}
	return &v
}

// quantile interpolates within the bucket that has it, and returns the bounds of the bucket. The lowest bucket begins
// at 0, unless its bound is negative. Without bounds there is no quantile.
func quantile(le, counts []float64, q float64) (v *float64, in []float64) {
	if len(le) == 0 {
		return nil, nil
	}
	rank, below := q*value{counts: counts}.total(), 0.
	for i, n := range counts[:len(le)] {
		if n > 0 && below+n >= rank {
			low := min(0, le[0])
			if i > 0 {
				low = le[i-1]
			}
			return known(low + (le[i]-low)*(rank-below)/n), []float64{low, le[i]}
		}
		below += n
	}
	last := le[len(le)-1]
	return known(last), []float64{last}
}
