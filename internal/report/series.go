package report

import (
	"math"
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
			r.addCurve(f, &c)
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
func (r *report) addCurve(f *chart.Figure, c *prompage.Curve) {
	lines := [][]float64{c.Values}
	names := []string{""}
	if c.Type == prompage.Histogram {
		lines, names = [][]float64{c.Values, c.P50, c.P99}, []string{r.tr("mean"), "p50", "p99"}
	}
	labels := strings.TrimPrefix(c.Text(), c.Name)
	for i, values := range lines {
		s := chart.Series{Name: strings.TrimSpace(names[i] + " " + labels), Kind: chart.Steps, Color: len(f.Series)}
		if s.Name == "" {
			s.Name = c.Name
		}
		known := false
		for k, v := range values {
			s.X, s.Y = append(s.X, float64(c.AtUs[k]-r.sources[0].start())/1e6), append(s.Y, v)
			known = known || !math.IsNaN(v)
		}
		if !known {
			continue
		}
		s.X, s.Y = chart.Thin(s.X, s.Y, mostSamples)
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s. ", s.Name, chart.Number(top(s.Y)))
	}
}
