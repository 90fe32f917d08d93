package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/stats"
)

// tables stand before the figures: what was compared, the results, and the errors.
func (r *report) tables() []chart.Table {
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
	return out
}

// details are the distributions of every load point.
func (r *report) details() []chart.Table {
	var out []chart.Table
	for i := range r.points {
		if t := r.distributionTable(&r.points[i]); len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// results has one row for each load point.
func (r *report) results() chart.Table {
	unit, value := r.unitOf(r.points, "ttft_ms", "tpot_ms", "latency_ms", "response_ms")
	t := chart.Table{Title: r.tr("Results"), Head: []string{
		r.tr("load point"), r.tr("requests"), r.tr("ok"), r.tr("requests/s"), r.tr("steady requests/s"), r.tr("output tokens/s"),
		"TTFT p50", "TTFT p99", "TPOT p50", "TPOT p99",
		r.tr("latency") + " p50", r.tr("latency") + " p99", r.tr("response time") + " p50", r.tr("response time") + " p99",
	}}
	note := "Times in %s. Warm-up is left out. Failed requests are ∞ in response times, which count from when a request was due; other times are those of successful requests."
	if r.dropFailures {
		note = "Times in %s. Warm-up is left out. All times are those of successful requests."
	}
	t.Note = strings.Join(append([]string{r.trf(note, unit)}, r.notes()...), " ")
	if r.points[0].Goodput != nil {
		t.Head = append(t.Head, r.tr("goodput"))
	}
	if len(r.slos) > 0 {
		t.Head = append(t.Head, "SLO")
	}
	saturated := slices.ContainsFunc(r.points, func(p point) bool { return p.Saturated != "" })
	if saturated {
		t.Head = append(t.Head, r.tr("server"))
	}
	t.Head = append(t.Head, r.tr("client"))
	for i := range r.points {
		p := &r.points[i]
		row := []string{
			p.label, chart.Number(float64(p.Requests)), percent(float64(p.SuccessRate)),
			chart.Number(float64(p.RequestsPerS)), chart.Number(float64(p.Steady.RequestsPerS)), chart.Number(float64(p.OutputPerS)),
		}
		for _, key := range []string{"ttft_ms", "tpot_ms", "latency_ms", "response_ms"} {
			row = append(row, value(p.percentile(key, 50)), value(p.percentile(key, 99)))
		}
		if p.Goodput != nil {
			row = append(row, percent(float64(p.Goodput.Share)))
		}
		if len(p.Gates) > 0 {
			row = append(row, r.verdict(p.Gates))
		}
		if saturated {
			row = append(row, r.tr(map[bool]string{true: "kept up", false: "saturated"}[p.Saturated == ""]))
		}
		t.Rows = append(t.Rows, append(row, r.tr(p.Client.Level)))
	}
	return t
}

// notes are what perf-stats notes of load points, each once. That percentiles come from a sketch is none: a chart shows no
// digits that it would change.
func (r *report) notes() []string {
	var notes []string
	of := map[string][]string{}
	for i := range r.points {
		for _, n := range r.points[i].Notes {
			if strings.HasPrefix(n, "percentiles of ") || strings.HasPrefix(n, "the peak of requests in flight") {
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

// mostNotes is how many notes of load points are shown.
const mostNotes = 6

// unitOf is the unit in which durations of load points are shown in one table, ms unless the median of one is long, and
// how a value in ms is written in it.
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

// verdict says whether all gates are met, and which are not.
func (r *report) verdict(gates []stats.GateResult) string {
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
	return fmt.Sprintf("%.4g %%", share*100)
}

// distributionTable has one row for each distribution of a load point.
func (r *report) distributionTable(p *point) chart.Table {
	t := chart.Table{Title: p.label, Head: []string{r.tr("metric"), "n", r.tr("mean"), r.tr("min"), "p50", "p90", "p95", "p99", "p99.9", r.tr("max")}}
	for _, m := range p.Metrics {
		if m.N == 0 || r.repeats(p, &m) {
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

// repeats reports whether a metric says what TTFT says: the first content is the first output, unless something came
// before it.
func (r *report) repeats(p *point, m *stats.Metric) bool {
	ttft := p.Metrics.Get("ttft_ms")
	return m.Key == "content_ttft_ms" && ttft != nil && m.N == ttft.N && m.Mean == ttft.Mean && m.Max == ttft.Max && m.Min == ttft.Min
}

// errors has one row for each kind of error, the most frequent first, and a column of counts for each source.
func (r *report) errors() chart.Table {
	t := chart.Table{Title: r.tr("Errors"), Head: []string{r.tr("kind")}, Text: true}
	if len(r.sources) == 1 {
		t.Head = append(t.Head, r.tr("count"))
	} else {
		for _, src := range r.sources {
			t.Head = append(t.Head, src.name)
		}
	}
	t.Head = append(t.Head, r.tr("load points"), r.tr("for example"))
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
		row := []string{clip(k.kind, 40)}
		for _, n := range k.counts {
			row = append(row, chart.Number(float64(n)))
		}
		t.Rows = append(t.Rows, append(row, join(k.points), clip(k.example, 200)))
	}
	return t
}

// mostErrors is how many kinds of error are listed.
const mostErrors = 20

// clip cuts a long text.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
