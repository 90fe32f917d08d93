package format

import (
	"fmt"
	"math"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// distributions returns a table with a row for each distribution. The cells of a row have one unit.
func distributions(b *stats.Block, ci bool) *table.Table {
	t := &table.Table{Header: []string{"", "mean", "sd"}}
	for _, p := range b.Metrics[0].Percentiles {
		t.Header = append(t.Header, dist.PercentileName(p.P))
	}
	t.Header = append(t.Header, "max")
	for _, m := range b.Metrics {
		if m.Key == "content_ttft_ms" && b.Metrics.ContentRepeats() {
			continue
		}
		name, scale := m.Name, dist.Num(1)
		if strings.HasSuffix(m.Key, "_ms") {
			ms, unit := durationUnit(typical(&m))
			name, scale = name+" ("+unit+")", dist.Num(ms)
		}
		row := []string{name, number(m.Mean / scale), number(m.SD / scale)}
		for _, p := range m.Percentiles {
			row = append(row, number(p.Value/scale))
		}
		t.Rows = append(t.Rows, append(row, number(m.Max/scale)))
		if ci && m.MeanCI != nil {
			t.Rows = append(t.Rows, intervals(&m, scale))
		}
	}
	return t
}

// typical returns the value that determines the unit of a row.
func typical(m *stats.Metric) float64 {
	for _, v := range []dist.Num{m.Mean, m.Min} {
		if v.Known() {
			return float64(v)
		}
	}
	return 0
}

// intervals returns the row of confidence intervals below that of a distribution.
func intervals(m *stats.Metric, scale dist.Num) []string {
	cell := func(ci *dist.Interval) string {
		if math.IsNaN(float64(ci[0])) && math.IsNaN(float64(ci[1])) {
			return ""
		}
		return number(ci[0]/scale) + " to " + number(ci[1]/scale)
	}
	row := []string{"95 % interval", cell(m.MeanCI), ""}
	for _, p := range m.Percentiles {
		row = append(row, cell(p.CI))
	}
	return append(row, "")
}

// fewNotes returns a note on the percentiles of TTFT, TPOT, latency and response time that are their maximum, because
// there are too few requests.
func fewNotes(metrics stats.Metrics) []string {
	var n int64
	for i := range metrics {
		if k := metric.Index(metrics[i].Key); metric.All()[k].Failing {
			n = max(n, metrics[i].N+metrics[i].Failed)
		}
	}
	var names []string
	for _, p := range metrics[0].Percentiles {
		if n > 0 && p.P < 100 && dist.Rank(n, p.P) == n {
			names = append(names, dist.PercentileName(p.P))
		}
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("too few requests for %s: it is the maximum of %d", names[0], n)}
	}
	list := strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	return []string{fmt.Sprintf("too few requests for %s: they are the maximum of %d", list, n)}
}
