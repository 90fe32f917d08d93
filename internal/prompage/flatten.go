package prompage

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// point is a series of a page with its value.
type point struct {
	series Series
	value  value
}

// flatten returns the series of a metric family.
func flatten(name string, family *dto.MetricFamily) []point {
	var out []point
	for _, m := range family.Metric {
		labels := Labels(m)
		add := func(name string, labels map[string]string, kind Kind, v float64) {
			out = append(out, point{Series{Name: name, Labels: labels, Type: kind}, value{num: v}})
		}
		switch {
		case m.Histogram != nil:
			out = append(out, histogram(name, labels, m.Histogram))
		case m.Summary != nil:
			add(name+"_sum", labels, Counter, m.Summary.GetSampleSum())
			add(name+"_count", labels, Counter, float64(m.Summary.GetSampleCount()))
			for _, q := range m.Summary.Quantile {
				add(name, with(labels, "quantile", strconv.FormatFloat(q.GetQuantile(), 'g', -1, 64)), Gauge, q.GetValue())
			}
		case m.Counter != nil:
			add(name, labels, Counter, m.Counter.GetValue())
		case m.Gauge != nil:
			add(name, labels, Gauge, m.Gauge.GetValue())
		case m.Untyped != nil && strings.HasSuffix(name, "_total"):
			add(name, labels, Counter, m.Untyped.GetValue())
		case m.Untyped != nil:
			add(name, labels, Gauge, m.Untyped.GetValue())
		}
	}
	return out
}

// histogram makes the counts of the buckets their own. A page read while they changed may have a bucket with less than
// the one below: it counts as empty.
func histogram(name string, labels map[string]string, h *dto.Histogram) point {
	buckets := slices.Clone(h.Bucket)
	slices.SortFunc(buckets, func(a, b *dto.Bucket) int { return cmp.Compare(a.GetUpperBound(), b.GetUpperBound()) })
	p := point{Series{Name: name, Labels: labels, Type: Histogram}, value{num: h.GetSampleSum()}}
	below := 0.
	put := func(cumulative float64) {
		p.value.counts = append(p.value.counts, max(0, cumulative-below))
		below = max(below, cumulative)
	}
	for _, b := range buckets {
		if le := b.GetUpperBound(); !math.IsInf(le, 1) && !math.IsNaN(le) {
			p.series.Le = append(p.series.Le, le)
			put(count(b.GetCumulativeCount(), b.GetCumulativeCountFloat()))
		}
	}
	put(count(h.GetSampleCount(), h.GetSampleCountFloat()))
	return p
}

func count(n uint64, f float64) float64 {
	if f > 0 {
		return f
	}
	return float64(n)
}

// Labels returns the labels of a metric.
func Labels(m *dto.Metric) map[string]string {
	if len(m.Label) == 0 {
		return nil
	}
	labels := make(map[string]string, len(m.Label))
	for _, l := range m.Label {
		labels[l.GetName()] = l.GetValue()
	}
	return labels
}

func with(labels map[string]string, key, v string) map[string]string {
	out := map[string]string{key: v}
	maps.Copy(out, labels)
	return out
}
