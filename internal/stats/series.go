package stats

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"

	"github.com/cespare/xxhash/v2"
)

// maxSeries limits the requests in a series. Each time there are more, the series drops half of them, chosen by key.
// Intervals are then computed from a sample, which makes them wider than necessary.
const maxSeries = 1 << 17

// series holds the values of each request with its due time, for statistics that depend on their order: requests that
// wait in a queue together have correlated times.
type series struct {
	halvings int         // number of leading zero bits that a key must have to be kept
	due      []int64     // µs since the epoch
	key      []uint32    // hash of the request
	ok       []bool      // the request succeeded
	cols     [][]float32 // values by metric, in its unit; NaN if a request has none; nil if no request has one
	scratch  dist.Dist   // converts the value of one request
}

func (s *series) add(r *metric.Observation) {
	due := metric.DueUs(r.Record)
	key := keyOf(due, uint64(r.Seq)^xxhash.Sum64String(r.ID))
	if !s.chosen(key) {
		return
	}
	s.columns()
	s.due, s.key, s.ok = append(s.due, due), append(s.key, key), append(s.ok, r.OK)
	for i := range metric.All() {
		m := &metric.All()[i]
		if m.Add == nil || m.Pooled {
			continue
		}
		d := &s.scratch
		m.Add(d, r)
		v := absent()
		if value, ok := d.Take(); ok {
			v = float32(value / m.Scale)
		}
		s.put(i, v)
	}
	s.bound(maxSeries)
}

func absent() float32 { return float32(math.NaN()) }

func (s *series) columns() {
	if s.cols == nil {
		s.cols = make([][]float32, len(metric.All()))
		s.scratch.Limit = -1
	}
}

// put appends the value of the last request to column i.
func (s *series) put(i int, v float32) {
	if s.cols[i] == nil {
		if v != v {
			return
		}
		s.cols[i] = slices.Repeat([]float32{absent()}, len(s.due)-1)
	}
	s.cols[i] = append(s.cols[i], v)
}

// keyOf returns the key of a request: a hash of its due time, sequence number and ID. Requests that were due at the
// same time have different keys, so that neither the sample nor their order depends on their values.
func keyOf(due int64, request uint64) uint32 {
	h := (uint64(due) ^ request*0x94D049BB133111EB) * 0x9E3779B97F4A7C15
	h ^= h >> 32
	return uint32(h * 0xBF58476D1CE4E5B9 >> 32)
}

// chosen reports whether the request with that key is in the sample.
func (s *series) chosen(key uint32) bool { return bits.LeadingZeros32(key) >= s.halvings }

// bound halves the sample until at most n requests are left.
func (s *series) bound(n int) {
	for len(s.due) > n && s.halvings < 32 {
		s.halvings++
		s.thin()
	}
}

// thin drops the requests that are not in the sample.
func (s *series) thin() {
	to := 0
	for i, key := range s.key {
		if !s.chosen(key) {
			continue
		}
		s.due[to], s.key[to], s.ok[to] = s.due[i], key, s.ok[i]
		for _, c := range s.cols {
			if c != nil {
				c[to] = c[i]
			}
		}
		to++
	}
	s.due, s.key, s.ok = s.due[:to], s.key[:to], s.ok[:to]
	for i, c := range s.cols {
		if c != nil {
			s.cols[i] = c[:to]
		}
	}
}

// merge adds the requests of o. It does not modify o.
func (s *series) merge(o *series) {
	if len(o.due) == 0 {
		return
	}
	if o.halvings > s.halvings {
		s.halvings = o.halvings
		s.thin()
	}
	s.columns()
	before := len(s.due)
	for i, key := range o.key {
		if s.chosen(key) {
			s.due, s.key, s.ok = append(s.due, o.due[i]), append(s.key, key), append(s.ok, o.ok[i])
		}
	}
	for m, from := range o.cols {
		s.mergeColumn(m, before, from, o.key)
	}
	for m := len(o.cols); m < len(s.cols); m++ {
		s.mergeColumn(m, before, nil, o.key)
	}
	s.bound(maxSeries)
}

// mergeColumn appends the values in from of the chosen keys to column m. The series had before requests.
func (s *series) mergeColumn(m, before int, from []float32, keys []uint32) {
	if from == nil && s.cols[m] == nil {
		return
	}
	if s.cols[m] == nil {
		s.cols[m] = slices.Repeat([]float32{absent()}, before)
	}
	col := s.cols[m]
	for i, key := range keys {
		switch {
		case !s.chosen(key):
		case from == nil:
			col = append(col, absent())
		default:
			col = append(col, from[i])
		}
	}
	s.cols[m] = col
}

// order returns the indexes of the requests sorted by due time, and by key if that is equal, so that the order in which
// the records were read does not matter.
func (s *series) order() []uint32 {
	out := make([]uint32, len(s.due))
	for i := range out {
		out[i] = uint32(i)
	}
	slices.SortFunc(out, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.due[a], s.due[b]), cmp.Compare(s.key[a], s.key[b]))
	})
	return out
}

// in returns the values of column c in the given order, without absent ones.
func in(order []uint32, c []float32) []float32 {
	out := make([]float32, 0, len(c))
	for _, i := range order {
		if v := c[i]; v == v {
			out = append(out, v)
		}
	}
	return out
}
