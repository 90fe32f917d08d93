package stats

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"llmperf/internal/record"
)

// maxSeries bounds the requests whose values are kept with their time. Beyond, every second one is forgotten, by the time
// at which it was due: intervals then go by the others, and are wider than they need be.
const maxSeries = 1 << 21

// series is the values of each request with when it was due, for what depends on their order: requests that stood in a
// queue together are alike.
type series struct {
	halvings int // only times whose hash begins with so many zero bits are kept
	due      []int64
	ok       []bool
	cols     [][]float32 // by metric, in its unit; NaN if a request has none; nil if none has
	scratch  Dist
}

func (s *series) add(r *record.Record) {
	due := due(r)
	if s.halvings > 0 && !s.chosen(due) {
		return
	}
	s.columns()
	s.due, s.ok = append(s.due, due), append(s.ok, r.OK)
	for i := range metrics {
		m := &metrics[i]
		if m.add == nil || m.pooled() {
			continue
		}
		d := &s.scratch
		d.list, d.wide, d.inf = d.list[:0], d.wide[:0], 0
		m.add(d, r)
		v := absent()
		switch {
		case len(d.list) > 0:
			v = float32(float64(d.list[0]) / m.unit)
		case len(d.wide) > 0:
			v = float32(float64(d.wide[0]) / m.unit)
		case d.inf > 0:
			v = float32(math.Inf(1))
		}
		s.put(i, v)
	}
	s.bound(maxSeries)
}

func absent() float32 { return float32(math.NaN()) }

func (s *series) columns() {
	if s.cols == nil {
		s.cols = make([][]float32, len(metrics))
		s.scratch.limit = -1
	}
}

// put adds the value of the last request.
func (s *series) put(i int, v float32) {
	if s.cols[i] == nil {
		if v != v {
			return
		}
		s.cols[i] = slices.Repeat([]float32{absent()}, len(s.due)-1)
	}
	s.cols[i] = append(s.cols[i], v)
}

func (s *series) chosen(due int64) bool {
	h := uint64(due) * 0x9E3779B97F4A7C15
	h ^= h >> 32
	return bits.LeadingZeros64(h*0xBF58476D1CE4E5B9) >= s.halvings
}

// bound forgets requests until at most n are left.
func (s *series) bound(n int) {
	for len(s.due) > n && s.halvings < 32 {
		s.halvings++
		s.thin()
	}
}

// thin forgets the requests that the present sample has no place for.
func (s *series) thin() {
	to := 0
	for i, due := range s.due {
		if !s.chosen(due) {
			continue
		}
		s.due[to], s.ok[to] = due, s.ok[i]
		for _, c := range s.cols {
			if c != nil {
				c[to] = c[i]
			}
		}
		to++
	}
	s.due, s.ok = s.due[:to], s.ok[:to]
	for i, c := range s.cols {
		if c != nil {
			s.cols[i] = c[:to]
		}
	}
}

func (s *series) clone() *series {
	c := &series{halvings: s.halvings, due: slices.Clone(s.due), ok: slices.Clone(s.ok)}
	for _, col := range s.cols {
		c.cols = append(c.cols, slices.Clone(col))
	}
	return c
}

func (s *series) merge(o *series) {
	if len(o.due) == 0 {
		return
	}
	if o.halvings > s.halvings {
		s.halvings = o.halvings
		s.thin()
	}
	if o.halvings < s.halvings {
		o = o.clone()
		o.halvings = s.halvings
		o.thin()
	}
	s.columns()
	before := len(s.due)
	s.due, s.ok = append(s.due, o.due...), append(s.ok, o.ok...)
	for i, c := range o.cols {
		switch {
		case c == nil && s.cols[i] == nil:
			continue
		case s.cols[i] == nil:
			s.cols[i] = slices.Repeat([]float32{absent()}, before)
		case c == nil:
			c = slices.Repeat([]float32{absent()}, len(o.due))
		}
		s.cols[i] = append(s.cols[i], c...)
	}
	s.bound(maxSeries)
}

// order returns the indexes of the requests in the order in which they were due.
func (s *series) order() []uint32 {
	type at struct {
		due int64
		i   uint32
	}
	all := make([]at, len(s.due))
	sorted := true
	for i, due := range s.due {
		all[i] = at{due, uint32(i)}
		sorted = sorted && (i == 0 || due > s.due[i-1])
	}
	if !sorted {
		slices.SortFunc(all, func(a, b at) int {
			if a.due != b.due {
				return cmp.Compare(a.due, b.due)
			}
			return s.compare(a.i, b.i)
		})
	}
	out := make([]uint32, len(all))
	for k, a := range all {
		out[k] = a.i
	}
	return out
}

// compare orders requests that were due at the same time, so that the order in which they were read does not matter.
func (s *series) compare(a, b uint32) int {
	for _, c := range s.cols {
		if c != nil && c[a] != c[b] {
			return cmp.Compare(c[a], c[b])
		}
	}
	return 0
}

// in returns the values of column c in that order, without those that are absent.
func in(order []uint32, c []float32) []float32 {
	out := make([]float32, 0, len(c))
	for _, i := range order {
		if v := c[i]; v == v {
			out = append(out, v)
		}
	}
	return out
}

// pooled reports whether the values are parts of answers, of which one request has many.
func (m *metric) pooled() bool { return m.key == "itl_ms" }
