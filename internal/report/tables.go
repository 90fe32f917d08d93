package report

import (
	"math"
	"slices"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// tables returns the tables above the figures: comparisons, results and errors.
func (r *report) tables() []table.Table {
	out := r.comparisons()
	if len(r.sources) > 1 {
		out = append(out, r.sides())
	}
	if len(r.points) > 0 {
		out = append(out, r.results())
	}
	if t := r.errors(); len(t.Rows) > 0 {
		out = append(out, t)
	}
	if t := r.serverTimes(); len(t.Rows) > 0 {
		out = append(out, t)
	}
	return out
}

// details returns the distributions of every load point.
func (r *report) details() []table.Table {
	var out []table.Table
	for i := range r.points {
		if t := r.distributionTable(&r.points[i]); len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// column is a column of the results.
type column struct {
	name string
	cell func(*point) string
}

// columns returns the columns of the results that have a value for at least one load point.
func (r *report) columns(value func(ms float64) string) []column {
	count := func(of func(*point) float64) func(*point) string {
		return func(p *point) string { return chart.Number(of(p)) }
	}
	has := func(of func(p *point) bool) bool {
		return slices.ContainsFunc(r.points, func(p point) bool { return of(&p) })
	}
	out := []column{
		{"requests", count(func(p *point) float64 { return float64(p.Requests) })},
		{"ok", func(p *point) string { return percent(float64(p.SuccessRate)) }},
		{"requests/s", count(func(p *point) float64 { return float64(p.RequestsPerS) })},
		{"steady requests/s", count(func(p *point) float64 { return float64(p.Steady.RequestsPerS) })},
	}
	switch {
	case has(func(p *point) bool { return p.OutputTokens > 0 }):
		out = append(out, column{"output tokens/s", count(func(p *point) float64 { return float64(p.OutputPerS) })})
	case has(func(p *point) bool { return p.InputTokens > 0 }):
		out = append(out, column{"input tokens/s", count(func(p *point) float64 { return float64(p.InputPerS) })})
	}
	if has(func(p *point) bool { return p.ItemsPerS.Known() }) {
		out = append(out, column{"items/s", count(func(p *point) float64 { return float64(p.ItemsPerS) })})
	}
	for _, m := range [][2]string{{"ttft_ms", "TTFT"}, {"tpot_ms", "TPOT"}, {"latency_ms", "latency"},
		{"response_ms", "response time"}} {
		if !has(func(p *point) bool { m := p.Metrics.Get(m[0]); return m != nil && m.N+m.Failed > 0 }) {
			continue
		}
		for _, q := range []float64{50, 99} {
			out = append(out, column{r.tr(m[1]) + " " + dist.PercentileName(q),
				func(p *point) string { return value(p.percentile(m[0], q)) }})
		}
	}
	if has(func(p *point) bool { return p.Goodput != nil }) {
		out = append(out, column{"goodput", func(p *point) string { return percent(float64(p.Goodput.Share)) }})
	}
	out = append(out, r.spendColumns()...)
	if len(r.slos) > 0 {
		out = append(out, column{"SLO", func(p *point) string { return r.verdict(p.Gates) }})
	}
	if has(func(p *point) bool { return p.Saturated != "" }) {
		out = append(out, column{"server", func(p *point) string {
			return r.tr(map[bool]string{true: "kept up", false: "saturated"}[p.Saturated == ""])
		}})
	}
	return append(out, column{"client", func(p *point) string { return r.tr(p.Client.Level) }})
}

// results has one row for each load point.
func (r *report) results() table.Table {
	unit, value := r.unitOf(r.points, "ttft_ms", "tpot_ms", "latency_ms", "response_ms")
	t := table.Table{Title: r.tr("Results"), Header: []string{r.tr("load point")}}
	note := "Times in %s. Warm-up is left out. Failed requests are ∞ in response times, which count from when a " +
		"request was due; other times are those of successful requests."
	if r.dropFailures {
		note = "Times in %s. Warm-up is left out. All times are those of successful requests."
	}
	notes := []string{r.trf(note, unit)}
	if r.failuresMiss() {
		notes = append(notes, r.tr("In SLOs on TTFT, TPOT and latency failed requests are ∞, too."))
	}
	t.Notes = []string{strings.Join(append(notes, r.notes()...), " ")}
	columns := r.columns(value)
	for _, c := range columns {
		t.Header = append(t.Header, r.tr(c.name))
	}
	for i := range r.points {
		row := []string{r.points[i].label}
		for _, c := range columns {
			row = append(row, c.cell(&r.points[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// failuresMiss reports whether failed requests count in an SLO on a time that the table has of successes alone.
func (r *report) failuresMiss() bool {
	failed := slices.ContainsFunc(r.points, func(p point) bool { return p.Failed > 0 })
	return failed && !r.dropFailures && slices.ContainsFunc(r.slos, func(g gate.Gate) bool {
		return slices.Contains([]string{"ttft_ms", "tpot_ms", "latency_ms"}, g.Metric)
	})
}

// ofPercentiles returns the beginnings of notes that a page leaves out: a chart shows no digits that a sketch would
// change, and no band for an unknown interval.
func ofPercentiles() []string {
	return []string{"percentiles of ", "the peak of requests in flight", "too short to know the interval"}
}

// notes returns the notes on load points, each once.
func (r *report) notes() []string {
	var notes []string
	of := map[string][]string{}
	for i := range r.points {
		for _, n := range r.points[i].Notes {
			if slices.ContainsFunc(ofPercentiles(), func(begin string) bool { return strings.HasPrefix(n, begin) }) {
				continue
			}
			if of[n] == nil {
				notes = append(notes, n)
			}
			of[n] = append(of[n], r.points[i].label)
		}
	}
	for i, n := range notes {
		if notes[i] = n + "."; len(of[n]) < len(r.points) {
			notes[i] = join(of[n]) + ": " + n + "."
		}
	}
	if len(notes) > mostNotes {
		notes = append(notes[:mostNotes], r.trf("… and %d more notes, which perf-stats has.", len(notes)-mostNotes))
	}
	return notes
}

// mostNotes limits the notes on load points.
const mostNotes = 6

// unitOf returns the unit of durations in one table, which is ms unless the median of one is long, and a function that
// formats a value in ms.
func (r *report) unitOf(points []point, keys ...string) (unit string, value func(ms float64) string) {
	for i := range points {
		for _, key := range keys {
			if v := points[i].percentile(key, 50); v >= longMs && !math.IsInf(v, 0) {
				return "s", func(ms float64) string { return chart.Number(ms / 1000) }
			}
		}
	}
	return "ms", chart.Number
}

// verdict returns in words that all gates are met, or lists those that are not.
func (r *report) verdict(gates []gate.Result) string {
	var missed []string
	for _, g := range gates {
		if !g.Pass {
			missed = append(missed, g.Gate)
		}
	}
	switch {
	case len(missed) == 0:
		return r.tr("met")
	case len(gates) == 1:
		return r.tr("missed")
	}
	return r.trf("missed: %s", strings.Join(missed, ", "))
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	return table.Percent(share) + " %"
}

// distributionTable has one row for each distribution of a load point.
func (r *report) distributionTable(p *point) table.Table {
	t := table.Table{Title: p.label, Header: []string{r.tr("metric"), "n", r.tr("mean"), r.tr("min"), "p50", "p90",
		"p95", "p99", "p99.9", r.tr("max")}}
	for _, m := range p.Metrics {
		if m.N == 0 || m.Key == "content_ttft_ms" && p.Metrics.ContentRepeats() {
			continue
		}
		name, value := r.tr(m.Name), chart.Number
		if strings.HasSuffix(m.Key, "_ms") {
			unit, scaled := r.unitOf([]point{*p}, m.Key)
			name, value = name+" ("+unit+")", scaled
		}
		row := []string{name, chart.Number(float64(m.N + m.Failed)), value(float64(m.Mean)), value(float64(m.Min))}
		for _, q := range []float64{50, 90, 95, 99, 99.9} {
			row = append(row, value(m.At(q)))
		}
		t.Rows = append(t.Rows, append(row, value(float64(m.Max))))
	}
	return t
}

// errors has one row for each kind of error, the most frequent first, and a column of counts for each source.
func (r *report) errors() table.Table {
	t := table.Table{Title: r.tr("Errors"), Header: []string{r.tr("kind")}, Words: true}
	if len(r.sources) == 1 {
		t.Header = append(t.Header, r.tr("count"))
	} else {
		for _, src := range r.sources {
			t.Header = append(t.Header, src.name)
		}
	}
	t.Header = append(t.Header, r.tr("load points"), r.tr("for example"))
	type total struct {
		kind, example string
		all           int64
		counts        []int64 // of each source
		points        []string
	}
	var kinds []*total
	for i := range r.points {
		p := &r.points[i]
		for _, e := range p.Errors {
			k := slices.IndexFunc(kinds, func(t *total) bool { return t.kind == e.Kind })
			if k < 0 {
				k = len(kinds)
				kinds = append(kinds, &total{kind: e.Kind, example: e.Example, counts: make([]int64, len(r.sources))})
			}
			kinds[k].all += e.Count
			kinds[k].counts[slices.Index(r.sources, p.src)] += e.Count
			if !slices.Contains(kinds[k].points, p.run) {
				kinds[k].points = append(kinds[k].points, p.run)
			}
		}
	}
	slices.SortStableFunc(kinds, func(a, b *total) int { return int(b.all - a.all) })
	for _, k := range kinds[:min(len(kinds), mostErrors)] {
		row := []string{visible.Shorten(k.kind, 40)}
		for _, n := range k.counts {
			row = append(row, chart.Number(float64(n)))
		}
		t.Rows = append(t.Rows, append(row, join(k.points), visible.Shorten(k.example, 200)))
	}
	return t
}

// mostErrors limits the kinds of error that are listed.
const mostErrors = 20
