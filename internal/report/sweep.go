package report

import (
	"math"
	"slices"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
	"perfpipe/internal/saturation"
	"perfpipe/internal/stats"
)

// ladder is the load points of one source in ascending order of load.
type ladder struct {
	src    *Source
	points []*point
	color  int
}

// ladders returns the sources that have several load points, and the axis of their load.
func (r *report) ladders() (out []ladder, load func(*point) float64, axis chart.Axis) {
	load, axis = r.loadAxis()
	for i, src := range r.sources {
		l := ladder{src: src, color: i}
		for k := range r.points {
			if p := &r.points[k]; p.src == src && p.OK > 0 {
				l.points = append(l.points, p)
			}
		}
		if len(l.points) < 2 {
			continue
		}
		slices.SortStableFunc(l.points, func(a, b *point) int {
			switch {
			case load(a) < load(b):
				return -1
			case load(a) > load(b):
				return 1
			}
			return 0
		})
		out = append(out, l)
	}
	return out, load, axis
}

// loadAxis returns the load of a point, and its axis: the rate asked for, else the slots, else the rate achieved.
func (r *report) loadAxis() (load func(*point) float64, axis chart.Axis) {
	rate, slots := true, true
	for i := range r.points {
		rate = rate && r.points[i].Rate > 0
		slots = slots && r.points[i].Parallel > 0
	}
	switch {
	case rate:
		load = func(p *point) float64 { return p.Rate }
		axis = chart.Axis{Label: r.tr("rate asked"), Unit: r.tr("requests/s"), Zero: true}
	case slots:
		load = func(p *point) float64 { return float64(p.Parallel) }
		axis = chart.Axis{Label: r.tr("concurrency"), Unit: r.tr("requests"), Zero: true, Whole: true}
	default:
		load = func(p *point) float64 { return float64(p.RequestsPerS) }
		axis = chart.Axis{Label: r.tr("rate achieved"), Unit: r.tr("requests/s"), Zero: true}
	}
	return load, axis
}

// sweep draws how throughput and latency change with load.
func sweep(r *report) []chart.Figure {
	ladders, load, axis := r.ladders()
	if len(ladders) == 0 {
		return nil
	}
	achieved := func(p *point) float64 { return float64(p.RequestsPerS) }
	achievedAxis := chart.Axis{Label: r.tr("rate achieved"), Unit: r.tr("requests/s"), Zero: true}
	out := []chart.Figure{r.throughput(ladders, load, axis)}
	for _, d := range durations() {
		if d.key == "itl_ms" {
			continue
		}
		f := r.againstLoad(ladders, d, load, axis)
		f.Name, f.Title = d.name+"-load", r.trf("%s against load", r.tr(d.title))
		f.Marks = append(f.Marks, r.knees(ladders, load)...)
		out = append(out, f)
	}
	for _, d := range durations() {
		if d.key != "ttft_ms" && d.key != "latency_ms" {
			continue
		}
		f := r.againstLoad(ladders, d, achieved, achievedAxis)
		f.Name, f.Title = d.name+"-throughput", r.trf("%s against throughput", r.tr(d.title))
		f.Note = r.tr("The curve turns back where more load no longer brings more throughput.")
		out = append(out, f)
	}
	return append(out, r.interactivity(ladders))
}

func (r *report) sweepFigure(x, y chart.Axis) chart.Figure {
	return chart.Figure{Section: r.tr("Load"), X: x, Y: y}
}

// along returns a line of one value of every load point. A point is hollow if the load generator may have limited it.
func (l ladder) along(name string, color int, x, y func(*point) float64) chart.Series {
	s := chart.Series{Name: name, Kind: chart.Line, Color: color}
	for _, p := range l.points {
		s.X, s.Y = append(s.X, x(p)), append(s.Y, y(p))
		s.Hollow = append(s.Hollow, p.limited())
		s.Text = append(s.Text, p.hover())
	}
	return s
}

// limited reports whether the load generator, not the server, may have made the figures.
func (p *point) limited() bool {
	return p.Client.Level == stats.Strained || p.Client.Level == stats.Bottleneck
}

func (p *point) hover() string {
	switch {
	case p.limited():
		return p.label + " (" + p.Client.Reason + ")"
	case p.Saturated != "":
		return p.label + " (" + p.Saturated + ")"
	}
	return p.label
}

func (r *report) limitedNote(ladders []ladder) string {
	for _, l := range ladders {
		if slices.ContainsFunc(l.points, (*point).limited) {
			return r.tr("Hollow points: the load generator was at its limit there.")
		}
	}
	return ""
}

func (r *report) throughput(ladders []ladder, load func(*point) float64, axis chart.Axis) chart.Figure {
	f := r.sweepFigure(axis, chart.Axis{Label: r.tr("rate achieved"), Unit: r.tr("requests/s"), Zero: true})
	f.Name, f.Title, f.Note = "throughput-load", r.tr("Throughput against load"), r.limitedNote(ladders)
	var top float64
	for _, l := range ladders {
		name := r.tr("achieved")
		if len(r.sources) > 1 {
			name = l.src.name
		}
		s := l.along(name, l.color, load, func(p *point) float64 { return float64(p.RequestsPerS) })
		top = max(top, slices.Max(s.X))
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s requests/s. ", name, chart.Number(slices.Max(s.Y)))
	}
	for _, l := range ladders {
		if l.points[0].Goodput == nil {
			continue
		}
		s := l.along(r.tr("goodput"), l.color+1, load, func(p *point) float64 { return float64(p.Goodput.PerS) })
		if len(r.sources) > 1 {
			s.Name, s.Color, s.Dash = l.src.name+" · "+s.Name, l.color, 1
		}
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s requests/s. ", s.Name, chart.Number(slices.Max(s.Y)))
	}
	f.Marks = r.best(ladders, load)
	if axis.Label == r.tr("rate asked") {
		f.Series = append(f.Series, chart.Series{Name: r.tr("as asked"), Kind: chart.Line, Color: 7, Faint: true, Dash: 1,
			X: chart.Column{0, top}, Y: chart.Column{0, top}})
	}
	return f
}

// againstLoad draws percentiles of a duration along a ladder.
func (r *report) againstLoad(ladders []ladder, d timed, x func(*point) float64, axis chart.Axis) chart.Figure {
	f := r.sweepFigure(axis, durationAxis(r.tr(d.label)))
	f.Note = r.limitedNote(ladders)
	failed := false
	for _, l := range ladders {
		for i, p := range []float64{50, 90, 99} {
			if len(r.sources) > 1 && p == 90 {
				continue
			}
			at := func(pt *point) float64 { return pt.percentile(d.key, p) }
			s := l.along(dist.PercentileName(p), i, x, at)
			if len(r.sources) > 1 {
				s.Name, s.Color, s.Dash = l.src.name+" · "+dist.PercentileName(p), l.color, i/2
			}
			failed = failed || slices.ContainsFunc(s.Y, func(v float64) bool { return math.IsInf(v, 1) })
			if noNumbers(s.Y) {
				continue
			}
			f.Series = append(f.Series, s)
			first, last := l.points[0], l.points[len(l.points)-1]
			f.Alt += r.trf("%s: %s ms at %s, %s ms at %s. ", s.Name, chart.Number(at(first)), first.label,
				chart.Number(at(last)), last.label)
		}
	}
	f.Marks = r.limits(d.key, true)
	if failed {
		f.Note = strings.TrimSpace(f.Note + " " + r.tr("Percentiles among the failed requests are ∞ and not drawn."))
	}
	return f
}

// mostLabels limits the points of a line that are labelled.
const mostLabels = 10

// interactivity draws the throughput of all users over the speed of one.
func (r *report) interactivity(ladders []ladder) chart.Figure {
	f := r.sweepFigure(chart.Axis{Label: r.tr("speed of one user"), Unit: r.tr("tokens/s"), Zero: true},
		chart.Axis{Label: r.tr("throughput of all"), Unit: r.tr("tokens/s"), Zero: true})
	f.Name, f.Title = "interactivity", r.tr("Throughput against the speed of one user")
	f.Note = r.tr("Median over requests; up and to the right is better. Each point is a load.")
	for _, l := range ladders {
		name := r.tr("load points")
		if len(r.sources) > 1 {
			name = l.src.name
		}
		s := l.along(name, l.color, func(p *point) float64 { return p.percentile("user_tokens_per_s", 50) },
			func(p *point) float64 { return float64(p.OutputPerS) })
		if noNumbers(s.X) {
			continue
		}
		s.Labels = l.labels()
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s tokens/s together. ", name, chart.Number(slices.Max(s.Y)))
	}
	return f
}

// labels returns the names of the load points, of many only some.
func (l ladder) labels() []string {
	every := (len(l.points) + mostLabels - 1) / mostLabels
	labels := make([]string, len(l.points))
	for i, p := range l.points {
		if i%every == 0 || i == len(l.points)-1 {
			labels[i] = p.run
		}
	}
	return labels
}

// best marks on each ladder the load of the highest throughput that meets all SLOs.
func (r *report) best(ladders []ladder, load func(*point) float64) []chart.Mark {
	var out []chart.Mark
	for _, l := range ladders {
		for _, p := range l.points {
			if p.Best {
				out = append(out, chart.Mark{At: load(p), Label: r.trf("highest within the SLO: %s", p.label), Color: l.color})
			}
		}
	}
	return out
}

// knees marks the knee of each ladder of at least four load points: the one of the highest power among those that the
// server kept up with. It may lie beyond the least and the greatest load.
func (r *report) knees(ladders []ladder, load func(*point) float64) []chart.Mark {
	var out []chart.Mark
	for _, l := range ladders {
		var rungs []saturation.Rung
		for _, p := range l.points {
			rungs = append(rungs, p.Rung())
		}
		k := saturation.Knee(rungs)
		if k < 0 || len(l.points) < 4 {
			continue
		}
		at := load(l.points[k])
		text := "knee %s"
		switch k {
		case 0:
			text = "knee %s or less"
		case len(rungs) - 1:
			text = "knee %s or more"
		}
		m := chart.Mark{At: at, Label: r.trf(text, chart.Number(at)), Color: -1}
		if len(ladders) > 1 {
			m.Color = l.color
		}
		out = append(out, m)
	}
	return out
}
