package stats

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
)

// view is the values of a group in the order in which their requests were due.
type view struct {
	g     *group
	opt   *Options
	order []uint32
}

func (g *group) view(opt *Options) *view { return &view{g, opt, g.series.order()} }

// column returns the values of distribution i, +∞ for failures.
func (v *view) column(i int) []float32 {
	if of := metric.All()[i].OfConversation; of != nil {
		return v.g.sessions.column(of, metric.All()[i].Scale)
	}
	if v.g.series.cols == nil || v.g.series.cols[i] == nil {
		return nil
	}
	col := in(v.order, v.g.series.cols[i])
	if v.opt.DropFailures {
		col = slices.DeleteFunc(col, func(x float32) bool { return math.IsInf(float64(x), 1) })
	}
	return col
}

// estimates returns those of the mean and of the percentiles of distribution i. There are none of parts of answers: those
// of one answer are not independent.
func (v *view) estimates(i int, percentiles []float64) (mean estimate, ps []estimate, ok bool) {
	if metric.All()[i].Pooled {
		return mean, nil, false
	}
	col := v.column(i)
	if len(col) == 0 {
		return mean, nil, false
	}
	d := v.g.dist(i)
	if v.opt.DropFailures {
		d.SetFailed(0)
	}
	at := d.Ranks(int64(len(col)), metric.All()[i].Scale)
	mean = ofMean(d.Mean(metric.All()[i].Scale), col)
	number, independent := effective(len(col), func(k int) float64 { return finite(col[k]) })
	n := int64(len(col))
	worths := worthsAt(col, percentiles, at)
	for k, p := range percentiles {
		w := worths[k]
		if !independent && p > 50 { // the few values of a tail say less of how alike neighbours are
			w = w.cautious(worth{number, false})
		}
		ps = append(ps, ofPercentile(n, p, w, at))
	}
	return mean, ps, true
}

// mostWorths is at how many percentiles the effective number is computed: between two of many it is the lesser of theirs.
const mostWorths = 12

// worthsAt returns what col is worth at each percentile.
func worthsAt(col []float32, percentiles []float64, at func(rank int64) float64) []worth {
	order := byValue(percentiles)
	out := make([]worth, len(percentiles))
	last := len(order) - 1
	compute := func(k int) worth {
		return ofShareBelow(col, float32(at(dist.Rank(int64(len(col)), percentiles[order[k]]))))
	}
	if last < mostWorths {
		for k := range order {
			out[order[k]] = compute(k)
		}
		return out
	}
	step := (last + mostWorths - 2) / (mostWorths - 1)
	left := compute(0)
	for from := 0; from < last; from += step {
		to := min(from+step, last)
		right := compute(to)
		out[order[from]] = left
		for k := from + 1; k < to; k++ {
			out[order[k]] = left.cautious(right)
		}
		left, out[order[to]] = right, right
	}
	return out
}

// finite is v, or 0 for a failure.
func finite(v float32) float64 {
	if math.IsInf(float64(v), 1) {
		return 0
	}
	return float64(v)
}

// column returns the values of conversations in the order in which they were due, +∞ for those that failed.
func (s *sessions) column(of func(*metric.Conversation) (int64, bool), unit float64) []float32 {
	type value struct {
		due    int64 // µs
		v      int64
		finite bool
	}
	all := make([]value, 0, len(s.byName))
	for _, t := range s.byName {
		v, finite := of(&t.Conversation)
		all = append(all, value{t.DueUs, v, finite})
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.v, b.v)) })
	col := make([]float32, len(all))
	for i, t := range all {
		col[i] = float32(float64(t.v) / unit)
		if !t.finite {
			col[i] = float32(math.Inf(1))
		}
	}
	return col
}

// intervals fills the confidence intervals of m, which is of distribution i.
func (m *Metric) intervals(v *view, i int, percentiles []float64) {
	mean, ps, ok := v.estimates(i, percentiles)
	if !ok {
		return
	}
	m.MeanCI, m.short = mean.interval(), map[int64][]string{}
	short := func(e *estimate, name string) {
		if e.need > 0 {
			m.short[e.need] = append(m.short[e.need], name)
		}
	}
	short(&mean, "mean")
	for k := range ps {
		m.Percentiles[k].CI = ps[k].interval()
		short(&ps[k], dist.PercentileName(percentiles[k]))
	}
}

// shortNotes tells of which intervals too little is known, and how many requests would do.
func (m Metrics) shortNotes() (notes []string) {
	type short struct {
		need  int64
		which string
	}
	names := map[short][]string{}
	for i := range m {
		if k := metric.Index(m[i].Key); k >= 0 && metric.All()[k].Failing {
			for need, which := range m[i].short {
				k := short{need, joinAnd(which)}
				names[k] = append(names[k], m[i].Name)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(names), func(a, b short) int { return cmp.Or(cmp.Compare(a.need, b.need), cmp.Compare(a.which, b.which)) })
	for _, k := range keys {
		notes = append(notes, fmt.Sprintf("too short to know the interval of the %s of %s: about %d requests would do", k.which, joinAnd(names[k]), k.need))
	}
	return notes
}
