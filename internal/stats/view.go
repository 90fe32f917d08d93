package stats

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
)

// view provides the values of a group in the order of due times.
type view struct {
	g     *accumulator
	opt   *Options
	order []uint32 // of series.order
}

func (g *accumulator) view(opt *Options) *view { return &view{g, opt, g.series.order()} }

// column returns the values of distribution i, in which failures are +∞.
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

// estimates returns the estimates of the mean and the percentiles of distribution i. It returns none for pooled
// metrics, since the values of one request are not independent.
func (v *view) estimates(i int, percentiles []float64) (mean confidence.Estimate, ps []confidence.Estimate, ok bool) {
	m := &metric.All()[i]
	if m.Pooled {
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
	at := d.Ranks(int64(len(col)), m.Scale)
	return confidence.OfMean(d.Mean(m.Scale), col), confidence.OfPercentiles(col, percentiles, at), true
}

// column returns a figure of all complete conversations, divided by unit and in the order of due times. Those that
// failed are +∞.
func (s *sessions) column(of func(*metric.Conversation) (int64, bool), unit float64) []float32 {
	type value struct {
		due    int64 // µs
		v      int64
		finite bool
	}
	all := make([]value, 0, len(s.byName))
	for _, t := range s.byName {
		if v, finite := of(&t.Conversation); !t.incomplete() {
			all = append(all, value{t.DueUs, v, finite})
		}
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

// intervals sets the confidence intervals of m, the metric of distribution i.
func (m *Metric) intervals(v *view, i int, percentiles []float64) {
	mean, ps, ok := v.estimates(i, percentiles)
	if !ok {
		return
	}
	m.MeanCI, m.short = mean.Interval(), map[int64][]string{}
	short := func(e *confidence.Estimate, name string) {
		if e.Need > 0 {
			m.short[e.Need] = append(m.short[e.Need], name)
		}
	}
	short(&mean, "mean")
	for k := range ps {
		m.Percentiles[k].CI = ps[k].Interval()
		short(&ps[k], dist.PercentileName(percentiles[k]))
	}
}

// shortNotes returns notes on intervals that need more values, with the approximate number of requests needed.
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
	keys := slices.SortedFunc(maps.Keys(names), func(a, b short) int {
		return cmp.Or(cmp.Compare(a.need, b.need), cmp.Compare(a.which, b.which))
	})
	for _, k := range keys {
		notes = append(notes, fmt.Sprintf("too short to know the interval of the %s of %s: about %d requests would do",
			k.which, joinAnd(names[k]), k.need))
	}
	return notes
}
