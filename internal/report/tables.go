package report

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"llmperf/internal/chart"
	"llmperf/internal/stats"
)

// facts are the configuration as the records tell it, and the sums of the whole.
func (r *report) facts() [][2]string {
	var out [][2]string
	fact := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{r.tr(name), value})
		}
	}
	var requests, ok, warmup int64
	for _, p := range r.points {
		requests, ok, warmup = requests+p.Requests, ok+p.OK, warmup+p.Warmup
	}
	fact("Requests", chart.Number(float64(requests)))
	fact("Failed", chart.Number(float64(requests-ok)))
	if warmup > 0 {
		fact("Warm-up, left out", chart.Number(float64(warmup)))
	}
	fact("Model", join(r.all(func(p *point) []string { return p.Model })))
	fact("Server", join(r.all(servers)))
	fact("API", join(r.all(func(p *point) []string { return p.API })))
	fact("Operation", join(r.all(func(p *point) []string { return p.Op })))
	fact("Load", join(r.all(func(p *point) []string {
		if p.Mode == "" {
			return nil
		}
		return []string{r.tr(p.Mode)}
	})))
	if len(r.points) > 1 {
		fact("Load points", chart.Number(float64(len(r.points))))
	}
	var prompt, output extent
	var first, last int64
	for _, s := range r.sources {
		prompt.merge(s.prompt)
		output.merge(s.output)
	}
	for _, p := range r.points {
		if p.LastEndUs > 0 {
			if first == 0 || p.FirstScheduledUs < first {
				first = p.FirstScheduledUs
			}
			last = max(last, p.LastEndUs)
		}
	}
	fact("Prompt tokens", prompt.words())
	fact("Output tokens", output.words())
	if last > 0 {
		fact("Began (UTC)", time.UnixMicro(first).UTC().Format("2006-01-02 15:04:05"))
		fact("Took", time.Duration((last-first)*1000).Round(100*time.Millisecond).String())
	}
	return out
}

func (e extent) words() string {
	switch {
	case !e.seen:
		return ""
	case e.lo == e.hi:
		return chart.Number(float64(e.lo))
	}
	return chart.Number(float64(e.lo)) + " – " + chart.Number(float64(e.hi))
}

// servers are the URLs without what may be a secret: user, password and query.
func servers(p *point) []string {
	var out []string
	for _, u := range p.URL {
		if parsed, err := url.Parse(u); err == nil {
			parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
			out = append(out, parsed.String())
		}
	}
	return out
}

// tables are the results in numbers.
func (r *report) tables() []chart.Table {
	if len(r.points) == 0 {
		return nil
	}
	out := []chart.Table{r.results()}
	if len(r.points) <= 3 {
		for i := range r.points {
			out = append(out, r.distributionTable(&r.points[i]))
		}
	}
	if t := r.errors(); len(t.Rows) > 0 {
		out = append(out, t)
	}
	return out
}

// results has one row for each load point.
func (r *report) results() chart.Table {
	t := chart.Table{Title: r.tr("Results"), Head: []string{
		r.tr("load point"), r.tr("requests"), r.tr("ok"), r.tr("requests/s"), r.tr("output tokens/s"), "TTFT p50", "p99", "TPOT p50", "p99",
		r.tr("latency") + " p50", "p99", r.tr("response time") + " p99",
	}, Note: r.tr("Times in ms. Warm-up left out; percentiles are of successful requests, nearest rank.")}
	if r.points[0].Goodput != nil {
		t.Head = append(t.Head, r.tr("goodput"))
	}
	if len(r.slos) > 0 {
		t.Head = append(t.Head, "SLO")
	}
	t.Head = append(t.Head, r.tr("client"))
	for i := range r.points {
		p := &r.points[i]
		row := []string{p.label, chart.Number(float64(p.Requests)), percent(float64(p.SuccessRate)), chart.Number(float64(p.RequestsPerS)), chart.Number(float64(p.OutputPerS))}
		for _, key := range []string{"ttft_ms", "tpot_ms", "latency_ms"} {
			row = append(row, chart.Number(p.percentile(key, 50)), chart.Number(p.percentile(key, 99)))
		}
		row = append(row, chart.Number(p.percentile("response_ms", 99)))
		if p.Goodput != nil {
			row = append(row, percent(float64(p.Goodput.Share)))
		}
		if len(p.Gates) > 0 {
			row = append(row, r.verdict(p.Gates))
		}
		t.Rows = append(t.Rows, append(row, r.tr(p.Client.Level)))
	}
	return t
}

// verdict says whether all gates are met, and which are not.
func (r *report) verdict(gates []stats.GateResult) string {
	var missed []string
	for _, g := range gates {
		if !g.Pass {
			missed = append(missed, g.Gate)
		}
	}
	if len(missed) == 0 {
		return r.tr("met")
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
	t := chart.Table{Title: r.tr("Metrics"), Head: []string{"", r.tr("mean"), r.tr("min"), "p50", "p90", "p95", "p99", "p99.9", r.tr("max")}}
	if len(r.points) > 1 {
		t.Title += ": " + p.label
	}
	for _, m := range p.Metrics {
		if m.N == 0 {
			continue
		}
		row := []string{r.metricName(m), chart.Number(float64(m.Mean)), chart.Number(float64(m.Min))}
		for _, q := range []float64{50, 90, 95, 99, 99.9} {
			row = append(row, chart.Number(m.At(q)))
		}
		t.Rows = append(t.Rows, append(row, chart.Number(float64(m.Max))))
	}
	return t
}

// metricName is a metric's name with its unit.
func (r *report) metricName(m stats.Metric) string {
	if len(m.Key) > 3 && m.Key[len(m.Key)-3:] == "_ms" {
		return r.tr(m.Name) + " (ms)"
	}
	return r.tr(m.Name)
}

// errors has one row for each kind of error, the most frequent first.
func (r *report) errors() chart.Table {
	t := chart.Table{Title: r.tr("Errors"), Head: []string{r.tr("kind"), r.tr("count"), r.tr("load points"), r.tr("for example")}, Text: true}
	type total struct {
		stats.ErrorCount
		points []string
	}
	var kinds []*total
	for i := range r.points {
		for _, e := range r.points[i].Errors {
			k := slices.IndexFunc(kinds, func(t *total) bool { return t.Kind == e.Kind })
			if k < 0 {
				k = len(kinds)
				kinds = append(kinds, &total{ErrorCount: stats.ErrorCount{Kind: e.Kind, Example: e.Example}})
			}
			kinds[k].Count += e.Count
			kinds[k].points = append(kinds[k].points, r.points[i].label)
		}
	}
	slices.SortStableFunc(kinds, func(a, b *total) int { return int(b.Count - a.Count) })
	for _, k := range kinds[:min(len(kinds), mostErrors)] {
		t.Rows = append(t.Rows, []string{clip(k.Kind, 40), chart.Number(float64(k.Count)), join(k.points), clip(k.Example, 200)})
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
