package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/prompage"
)

const (
	mostSeriesFigures = 60
	mostSeriesLines   = 12 // of one figure
)

// series draws the series of the server's pages that were asked for, a figure for each name.
func series(r *report) []chart.Figure {
	if r.series == nil || len(r.sources) > 1 {
		return nil
	}
	var names []string
	figures := map[string]*chart.Figure{}
	left := map[string]int{} // lines left out
	var all []*prompage.Series
	for _, page := range r.pages {
		all = append(all, slices.DeleteFunc(page.Series(), func(s *prompage.Series) bool { return !r.series(s) })...)
	}
	for _, page := range r.pages {
		for _, c := range page.Curves(r.series) {
			f := figures[c.Name]
			if f == nil {
				if len(names) == mostSeriesFigures {
					continue
				}
				names = append(names, c.Name)
				f = new(r.seriesFigure(&c))
				figures[c.Name] = f
			}
			if len(f.Series) >= mostSeriesLines {
				left[c.Name]++
				continue
			}
			r.addCurve(f, &c, all)
		}
	}
	var out []chart.Figure
	for _, name := range names {
		f := figures[name]
		if n := left[name]; n > 0 {
			f.Note += " " + r.trf("%d more series are not drawn.", n)
		}
		out = append(out, *f)
	}
	return out
}

// seriesFigure returns an empty figure for a curve.
func (r *report) seriesFigure(c *prompage.Curve) chart.Figure {
	note, unit := "Its values on the server's page.", ""
	switch c.Type {
	case prompage.Counter:
		note, unit = "How fast this counter of the server's page grew.", "1/s"
	case prompage.Histogram:
		note = "Of what this histogram of the server's page counted in each step."
	}
	name := "metric-" + strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(c.Name)), "-")
	return r.serverFigure(name, c.Name, note, chart.Axis{Label: c.Name, Unit: unit})
}

// addCurve adds the lines of a curve: one, or mean, median and p99 of a histogram.
func (r *report) addCurve(f *chart.Figure, c *prompage.Curve, all []*prompage.Series) {
	lines, names := [][]float64{c.Values}, []string{""}
	if c.Type == prompage.Histogram {
		lines, names = [][]float64{c.Values, c.P50, c.P99}, []string{r.tr("mean"), "p50", "p99"}
	}
	labels := strings.TrimPrefix(prompage.Short(c.Series, all), c.Name)
	for i, values := range lines {
		s := chart.Series{Name: strings.TrimSpace(names[i] + " " + labels), Kind: chart.Steps, Color: len(f.Series)}
		s.Name = cmp.Or(s.Name, c.Name)
		r.steps(&s, c.AtUs, values)
		if noNumbers(s.Y) {
			continue
		}
		s.X, s.Y = chart.Thin(s.X, s.Y, mostSamples)
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s. ", s.Name, chart.Number(top(s.Y)))
	}
}

// steps sets the points of a line. The last step before an unknown value extends to it.
func (r *report) steps(s *chart.Series, atUs []int64, values []float64) {
	put := func(at int64, v float64) {
		s.X, s.Y = append(s.X, float64(at-r.sources[0].start())/1e6), append(s.Y, v)
	}
	for k, v := range values {
		put(atUs[k], v)
		if next := k + 1; next < len(atUs) && !math.IsNaN(v) && (next == len(values) || math.IsNaN(values[next])) {
			put(atUs[next], v)
		}
	}
}
