// Package prompage stores every series of Prometheus pages that are read repeatedly: gauges, counters and histograms.
//
// An Encoder turns each page into a Delta, which has only what changed since the page before, so that an hour of a page
// with hundreds of series takes a few megabytes. A Log collects the deltas of a page, and returns the Figures of a
// stretch of time: rates, means and percentiles, those of histograms from the differences of their buckets.
package prompage

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Kind is the kind of a series.
type Kind string

// The kinds of series. A summary becomes counters of its sum and count, and a gauge for each quantile.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter"
	Histogram Kind = "histogram"
)

// Series identifies a series of a page.
type Series struct {
	ID     int               `json:"id"` // in the deltas
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Type   Kind              `json:"type"`
	Le     []float64         `json:"le,omitempty"` // upper bounds of a histogram's buckets, without +Inf
}

// Text returns the name with the labels, as Prometheus writes it.
func (s *Series) Text() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	var b strings.Builder
	b.WriteString(s.Name)
	sep := byte('{')
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		b.WriteByte(sep)
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(strconv.Quote(s.Labels[key]))
		sep = ','
	}
	b.WriteByte('}')
	return b.String()
}

// Short returns the text of s with only those labels that distinguish it from others of its name.
func Short(s *Series, others []*Series) string {
	differ := map[string]string{}
	for _, o := range others {
		if o.Name != s.Name {
			continue
		}
		for key, v := range s.Labels {
			if other, ok := o.Labels[key]; !ok || other != v {
				differ[key] = v
			}
		}
	}
	return (&Series{Name: s.Name, Labels: differ}).Text()
}

// Delta is what one page has changed since the page before, as members of a line of JSON.
type Delta struct {
	// Series lists those that were not on an earlier page. An ID of 0 begins a new list.
	Series []Series `json:"series,omitempty"`
	// Values has the new values by ID: one number for a gauge or counter, and for a histogram its sum, then pairs of the
	// index of a bucket that changed and its own count, which is not cumulative. An empty list is NaN, or a series that
	// the page no longer has.
	Values map[string][]float64 `json:"values,omitempty"`
}

// value is the value of a series on a page.
type value struct {
	num    float64   // of a gauge or counter; the sum of a histogram. NaN: none
	counts []float64 // of a histogram's buckets, each without those below
}
