package prompage

import (
	"maps"
	"math"
	"slices"
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// Encoder encodes the successive contents of one page. The zero value is ready for the first.
type Encoder struct {
	known map[string]*sent // by Text and bounds
	order []*sent          // by ID
	page  int              // counts the pages
}

// sent is a series with the value that the last Delta left it at.
type sent struct {
	id   int
	page int // the last that had it
	value
}

// Encode returns what changed since the last call.
func (e *Encoder) Encode(families map[string]*dto.MetricFamily) Delta {
	if e.known == nil {
		e.known = map[string]*sent{}
	}
	e.page++
	var d Delta
	d.Values = map[string][]float64{}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, p := range flatten(name, families[name]) {
			key := p.series.key()
			s, known := e.known[key]
			if !known {
				s = &sent{id: len(e.order), value: value{num: math.NaN(), counts: make([]float64, len(p.value.counts))}}
				p.series.ID = s.id
				d.Series = append(d.Series, p.series)
				e.known[key], e.order = s, append(e.order, s)
			}
			s.page = e.page
			d.put(s, p.value)
			if s.num = p.value.num; finite(s.num) {
				s.counts = p.value.counts
			}
		}
	}
	for _, s := range e.order {
		if s.page != e.page && !math.IsNaN(s.num) { // the page no longer has it
			d.put(s, value{num: math.NaN(), counts: s.counts})
			s.num = math.NaN()
		}
	}
	return d
}

// key identifies a series of a page, and with it the form of its values.
func (s *Series) key() string {
	key := []byte(s.Text())
	for _, le := range s.Le {
		key = strconv.AppendFloat(append(key, ' '), le, 'g', -1, 64)
	}
	return string(append(key, s.Type...))
}

// put sets the new value of a series, unless it is the old one.
func (d *Delta) put(old *sent, v value) {
	if !finite(old.num) && !finite(v.num) || old.num == v.num && slices.Equal(old.counts, v.counts) {
		return
	}
	list := []float64{}
	if finite(v.num) {
		list = append(list, v.num)
		for i, n := range v.counts {
			if n != old.counts[i] {
				list = append(list, float64(i), n)
			}
		}
	}
	d.Values[strconv.Itoa(old.id)] = list
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
