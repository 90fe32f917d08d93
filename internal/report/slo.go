package report

import (
	"strings"

	"perfpipe/internal/chart"
)

// limits returns the marks of the SLOs of a metric, on the axis of the metric.
func (r *report) limits(key string, onY bool) []chart.Mark {
	var out []chart.Mark
	for _, s := range r.slos {
		if s.Metric == key && s.Upper() {
			label := strings.TrimSpace("SLO "+s.Stat) + " " + milliseconds(s.Bound)
			out = append(out, chart.Mark{At: s.Bound, OnY: onY, Label: label, Color: -1})
		}
	}
	return out
}
