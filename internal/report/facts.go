package report

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/chart"
	"perfpipe/internal/table"
)

// facts returns what is known about one source: the requests and their sums, the server, the times.
func (r *report) facts(src *Source) [][2]string {
	var out [][2]string
	fact := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{r.tr(name), value})
		}
	}
	points := r.of(src)
	var requests, ok, warmup int64
	var first, last int64
	for _, p := range points {
		requests, ok, warmup = requests+p.Requests, ok+p.OK, warmup+p.Warmup
		if p.LastEndUs > 0 {
			if first == 0 || p.FirstScheduledUs < first {
				first = p.FirstScheduledUs
			}
			last = max(last, p.LastEndUs)
		}
	}
	fact("Requests", chart.Number(float64(requests)))
	fact("Failed", chart.Number(float64(requests-ok)))
	if warmup > 0 {
		fact("Warm-up, left out", chart.Number(float64(warmup)))
	}
	fact("Model", join(all(points, func(p *point) []string { return p.Model })))
	fact("Server", join(all(points, servers)))
	fact("API", join(all(points, func(p *point) []string { return p.API })))
	fact("Operation", join(all(points, func(p *point) []string { return p.Op })))
	fact("Load", join(all(points, func(p *point) []string {
		if p.Mode == "" {
			return nil
		}
		return []string{r.tr(p.Mode)}
	})))
	if len(points) > 1 {
		fact("Load points", chart.Number(float64(len(points))))
	}
	fact("Prompt tokens", src.prompt.words())
	fact("Output tokens", src.output.words())
	if last > 0 {
		fact("Began (UTC)", time.UnixMicro(first).UTC().Format("2006-01-02 15:04:05"))
		took := time.Duration(last-first) * time.Microsecond
		if took >= 10*time.Second {
			took = took.Round(100 * time.Millisecond)
		}
		fact("Took", took.Round(time.Millisecond).String())
	}
	if len(points) == 1 {
		fact("Steady state", r.steady(points[0]))
	}
	for _, f := range src.Facts { // the records have the others
		if name, ok := map[string]string{"command": "Command", "version": "Version", "host": "Host", "end": "End"}[f[0]]; ok {
			fact(name, f[1])
		}
	}
	return out
}

// steady describes the steady state of a load point.
func (r *report) steady(p *point) string {
	w := &p.Steady
	if !w.DurationS.Known() {
		return r.tr("none found")
	}
	at := func(us int64) string {
		return chart.Number(math.Round(max(0, float64(us-p.FirstScheduledUs)/1e5)) / 10)
	}
	return r.trf("%s to %s s: %s requests/s", at(w.FromUs), at(w.ToUs), chart.Number(float64(w.RequestsPerS)))
}

// sides returns a table of facts with a column for each source.
func (r *report) sides() table.Table {
	t := table.Table{Title: r.tr("Sides"), Header: []string{""}, Words: true}
	var names []string
	values := map[string][]string{}
	for i, src := range r.sources {
		t.Header = append(t.Header, src.name)
		for _, f := range r.facts(src) {
			if values[f[0]] == nil {
				names = append(names, f[0])
				values[f[0]] = slices.Repeat([]string{"–"}, len(r.sources))
			}
			values[f[0]][i] = f[1]
		}
	}
	for _, name := range names {
		t.Rows = append(t.Rows, append([]string{name}, values[name]...))
	}
	return t
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

// servers returns the URLs without the parts that may be secret: user, password and query.
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

// of returns the load points of one source.
func (r *report) of(src *Source) []*point {
	var out []*point
	for i := range r.points {
		if r.points[i].src == src {
			out = append(out, &r.points[i])
		}
	}
	return out
}

// all returns the distinct values of load points.
func all(points []*point, of func(*point) []string) []string {
	var out []string
	for _, p := range points {
		for _, v := range of(p) {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// join lists the first few values.
func join(values []string) string {
	if len(values) > 4 {
		return strings.Join(values[:4], ", ") + fmt.Sprintf(", … (%d)", len(values))
	}
	return strings.Join(values, ", ")
}
