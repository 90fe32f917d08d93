package report

import (
	"slices"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
)

// joules returns the energy of an output token, or NaN.
func (p *point) joules() float64 { return float64(p.Energy.OutputToken()) }

// byTokens returns the cost of a million output tokens by prices of tokens, or NaN, and byHour by that of an hour.
func (p *point) byTokens() float64 { return float64(p.Cost.MillionByTokens()) }
func (p *point) byHour() float64   { return float64(p.Cost.MillionByHour()) }

// spending draws what the load points of a sweep cost, in money and energy, against the latency that they had.
func spending(r *report) []chart.Figure {
	ladders, _, _ := r.ladders()
	latency := func(p *point) float64 { return p.percentile("latency_ms", 50) }
	figure := func(name, title string, y chart.Axis) chart.Figure {
		f := r.sweepFigure(durationAxis(r.tr("latency p50")), y)
		f.Name, f.Title = name, r.tr(title)
		f.Note = r.tr("Each point is a load; down and to the left is better.")
		return f
	}
	line := func(f *chart.Figure, l ladder, name string, color int, of func(*point) float64) {
		s := l.along(r.tr(name), color, latency, of)
		if len(r.sources) > 1 {
			s.Name, s.Color, s.Dash = l.src.name+" · "+s.Name, l.color, color
		}
		if noNumbers(s.X) || noNumbers(s.Y) {
			return
		}
		if name != "by tokens" { // whose line is nearly flat
			s.Labels = l.labels()
			s.Labels[len(s.Labels)-1] = "" // the name of the line is there
		}
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at least %s %s. ", s.Name, chart.Number(slices.Min(s.Y)), f.Y.Unit)
	}
	cost := figure("cost", "Cost against latency",
		chart.Axis{Label: r.tr("a million output tokens"), Unit: "$", Zero: true})
	energy := figure("energy", "Energy against latency",
		chart.Axis{Label: r.tr("an output token"), Unit: "J", Zero: true})
	for _, l := range ladders {
		line(&cost, l, "by tokens", 0, (*point).byTokens)
		line(&cost, l, "by the hour", 1, (*point).byHour)
		line(&energy, l, "energy", 0, (*point).joules)
	}
	return []chart.Figure{cost, energy}
}

// spendColumns returns the columns of the results for energy and money.
func (r *report) spendColumns() []column {
	var out []column
	for _, c := range []struct {
		name string
		of   func(*point) float64
	}{
		{"J per output token", (*point).joules},
		{"$ per million output tokens", (*point).byTokens},
		{"$ per million, by the hour", (*point).byHour},
	} {
		if slices.ContainsFunc(r.points, func(p point) bool { return dist.Num(c.of(&p)).Known() }) {
			out = append(out, column{c.name, func(p *point) string { return chart.Number(c.of(p)) }})
		}
	}
	return out
}
