package prompage

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Log is what a page had over time.
type Log struct {
	atUs   []int64  // of the pages, µs since the epoch, in order
	tracks []*track // in the order of their first page
	names  map[string]*track
	ids    map[int]*track // of the present list
}

// track is the history of a series. It has a value for each page on which the value changed.
type track struct {
	Series
	page   []int // indices of Log.atUs, in order
	values []value
}

// Add adds the next page.
func (l *Log) Add(atUs int64, d Delta) error {
	if l.names == nil {
		l.names, l.ids = map[string]*track{}, map[int]*track{}
	}
	for _, s := range d.Series {
		if err := s.check(); err != nil {
			return err
		}
		if s.ID == 0 { // another process continued the file
			l.restart()
		}
		key := s.key()
		t := l.names[key]
		if t == nil {
			t = &track{Series: s}
			l.names[key], l.tracks = t, append(l.tracks, t)
		}
		l.ids[s.ID] = t
	}
	l.atUs = append(l.atUs, atUs)
	for _, id := range slices.Sorted(maps.Keys(d.Values)) {
		n, err := strconv.Atoi(id)
		t := l.ids[n]
		if err != nil || t == nil {
			return fmt.Errorf("values: there is no series %q", id)
		}
		if err := t.add(len(l.atUs)-1, d.Values[id]); err != nil {
			return err
		}
	}
	return nil
}

// restart forgets the IDs. What is not on the next page has ended.
func (l *Log) restart() {
	for _, t := range l.ids {
		if n := len(t.values); n > 0 {
			t.put(len(l.atUs), value{num: math.NaN(), counts: make([]float64, len(t.values[n-1].counts))})
		}
	}
	clear(l.ids)
}

func (s *Series) check() error {
	switch {
	case s.Type != Gauge && s.Type != Counter && s.Type != Histogram:
		return fmt.Errorf("series %d: type is %q", s.ID, s.Type)
	case s.Name == "":
		return fmt.Errorf("series %d: no name", s.ID)
	case !slices.IsSorted(s.Le):
		return fmt.Errorf("series %d: le is not in order", s.ID)
	}
	return nil
}

// add adds a value; an empty list is none.
func (t *track) add(page int, list []float64) error {
	v := value{num: math.NaN()}
	if len(list) > 0 {
		v.num = list[0]
	}
	if t.Type != Histogram {
		if len(list) > 1 {
			return fmt.Errorf("values: %s takes one number", t.Text())
		}
		t.put(page, v)
		return nil
	}
	v.counts = make([]float64, len(t.Le)+1)
	if n := len(t.values); n > 0 {
		copy(v.counts, t.values[n-1].counts)
	}
	if len(list) > 0 && len(list)%2 == 0 {
		return fmt.Errorf("values: %s takes a sum, and an index and a count for each bucket", t.Text())
	}
	for i := 1; i < len(list); i += 2 {
		b := list[i]
		if !(b >= 0 && b < float64(len(v.counts))) {
			return fmt.Errorf("values: %s has no bucket %v", t.Text(), b)
		}
		v.counts[int(b)] = list[i+1]
	}
	t.put(page, v)
	return nil
}

func (t *track) put(page int, v value) {
	if n := len(t.page); n > 0 && t.page[n-1] == page {
		t.values[n-1] = v
		return
	}
	t.page, t.values = append(t.page, page), append(t.values, v)
}
