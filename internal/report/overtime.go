package report

import (
	"math"
	"slices"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
)

// timeline is the bins of one source, wide enough for several requests each.
type timeline struct {
	src   *Source
	bins  []stats.CourseBin
	width int64 // µs
	color int
}

func (r *report) timelines() []timeline {
	var out []timeline
	for i, s := range r.sources {
		if bins, _, width := s.course.Bins(int(min(max(s.sample.seen/10, 12), 200))); len(bins) > 0 {
			out = append(out, timeline{s, bins, width, i})
		}
	}
	return out
}

// x returns the seconds since the start at which bin i begins.
func (t timeline) x(i int) float64 { return float64(int64(i)*t.width) / 1e6 }

func (t timeline) seconds() float64 { return float64(t.width) / 1e6 }

// curve returns a value of every bin as a line of steps.
func (t timeline) curve(name string, color int, value func(*stats.CourseBin) float64) chart.Series {
	s := chart.Series{Name: name, Kind: chart.Steps, Color: color}
	for i := range t.bins {
		s.X, s.Y = append(s.X, t.x(i)), append(s.Y, value(&t.bins[i]))
	}
	if n := len(s.X); n > 0 {
		s.X, s.Y = append(s.X, t.x(n)), append(s.Y, s.Y[n-1]) // to the end of the last bin
	}
	return s
}

// overTime draws figures along the run, whose time axes zoom together.
func overTime(r *report) []chart.Figure {
	lines := r.timelines()
	if len(lines) == 0 {
		return nil
	}
	out := []chart.Figure{r.requestRate(lines), r.tokenRate(lines), r.inFlight(lines)}
	for kind, d := range overTimeDurations() {
		out = append(out, r.durationOverTime(lines, kind, d))
	}
	return append(out, r.errorsOverTime(lines), r.lagOverTime(lines))
}

func overTimeDurations() []timed {
	all := durations()
	return []timed{stats.TimeTTFT: all[0], stats.TimeTPOT: all[1], stats.TimeLatency: all[3]}
}

// timeFigure returns a figure along the run without series. The warm-up is shaded and the load points are marked.
func (r *report) timeFigure(name, title, note string, y chart.Axis) chart.Figure {
	f := chart.Figure{
		Name: name, Section: r.tr("Over time"), Title: r.tr(title), Note: r.tr(note), Wide: true, Height: 230, Link: "time",
		X: chart.Axis{Label: r.tr("time"), Unit: "s"}, Y: y,
	}
	for _, src := range r.sources { // all of them on one scale
		f.X.To = max(f.X.To, src.end())
	}
	if len(r.sources) > 1 {
		return f
	}
	src := r.sources[0]
	at := func(us int64) float64 { return float64(us-src.start()) / 1e6 }
	for _, p := range r.points {
		s := src.during(p.Run, p.FirstScheduledUs)
		if s == nil {
			continue
		}
		if s.warmup.seen {
			f.Spans = append(f.Spans, chart.Span{From: at(s.warmup.lo), To: at(p.firstMeasured(s)), Label: r.tr("warm-up")})
		}
	}
	every := (len(r.points) + mostTimeMarks - 1) / mostTimeMarks
	for i := 0; i < len(r.points) && len(r.points) > 1; i += max(1, every) {
		if s := src.during(r.points[i].Run, r.points[i].FirstScheduledUs); s != nil {
			f.Marks = append(f.Marks, chart.Mark{At: at(s.all.lo), Label: r.points[i].label, Color: -1})
		}
	}
	return f
}

// mostTimeMarks limits the load points that are marked along the run.
const mostTimeMarks = 12

// firstMeasured returns when the warm-up was over, in µs.
func (p *point) firstMeasured(s *stretch) int64 {
	return max(s.warmup.hi, min(p.FirstScheduledUs, s.all.hi))
}

func (r *report) requestRate(lines []timeline) chart.Figure {
	f := r.timeFigure("request-rate", "Request rate", "Requests due (asked) and requests that succeeded (achieved).",
		chart.Axis{Label: r.tr("requests"), Unit: "1/s", Zero: true})
	for _, t := range lines {
		asked := t.curve(r.lineOf(t, "asked"), 7, func(s *stats.CourseBin) float64 { return float64(s.Due) / t.seconds() })
		if asked.Faint = true; len(lines) > 1 {
			asked.Color, asked.Dash = t.color, 2
		}
		done := t.curve(r.lineOf(t, "achieved"), t.color,
			func(s *stats.CourseBin) float64 { return float64(s.OK) / t.seconds() })
		f.Series = append(f.Series, asked, done)
		f.Alt += r.trf("%s: at most %s requests/s. ", done.Name, chart.Number(slices.Max(done.Y)))
	}
	return f
}

// lineOf returns the name of a line, with its source if there are several.
func (r *report) lineOf(t timeline, what string) string {
	if len(r.sources) == 1 {
		return r.tr(what)
	}
	return t.src.name + " · " + r.tr(what)
}

func (r *report) tokenRate(lines []timeline) chart.Figure {
	f := r.timeFigure("token-rate", "Output tokens per second",
		"All requests together, each token counted when it arrived.",
		chart.Axis{Label: r.tr("output tokens"), Unit: "1/s", Zero: true})
	for _, t := range lines {
		s := t.curve(r.lineOf(t, "output tokens"), t.color,
			func(s *stats.CourseBin) float64 { return float64(s.Output) / t.seconds() })
		if top := slices.Max(s.Y); top > 0 {
			f.Series = append(f.Series, s)
			f.Alt += r.trf("%s: at most %s tokens/s. ", s.Name, chart.Number(top))
		}
	}
	return f
}

func (r *report) inFlight(lines []timeline) chart.Figure {
	f := r.timeFigure("in-flight", "Requests in flight", "The time-weighted mean of each interval.",
		chart.Axis{Label: r.tr("in flight"), Zero: true})
	for _, t := range lines {
		s := t.curve(r.lineOf(t, "in flight"), t.color, func(s *stats.CourseBin) float64 { return s.InFlight })
		f.Series = append(f.Series, s)
		f.Alt += r.trf("%s: at most %s. ", s.Name, chart.Number(slices.Max(s.Y)))
	}
	return f
}

func (r *report) durationOverTime(lines []timeline, kind int, d timed) chart.Figure {
	f := r.timeFigure(d.name+"-time", d.title, "", durationAxis(r.tr(d.label)))
	f.Title = r.trf("%s: over time", r.tr(d.title))
	f.Marks = append(f.Marks, r.limits(d.key, true)...)
	top, least := 99.0, int64(leastP99)
	for _, t := range lines {
		if t.src.sample.seen < enoughP99 {
			top, least = 100, leastP90
		}
	}
	f.Note = r.trf("Of the requests sent in each interval, which has at least %d; read off bins 2 %% wide.", least)
	for _, t := range lines {
		parts := t.intervals(r, kind, least)
		for i, p := range []float64{50, 90, top} {
			if len(r.sources) > 1 && p == 90 {
				continue
			}
			name := dist.PercentileName(p)
			if p == 100 {
				name = "max"
			}
			s := t.percentile(r, parts, p, least)
			if s.Name, s.Color = r.lineOf(t, name), i; len(r.sources) > 1 {
				s.Color, s.Dash = t.color, i/2
			}
			if !noNumbers(s.Y) {
				f.Series = append(f.Series, s)
			}
		}
	}
	f.Alt = r.trf("Percentiles of %s in each interval of the run.", r.tr(d.label))
	return f
}

// interval is successive bins of a timeline, and the values of the requests that were sent in them.
type interval struct {
	from, to int // the first bin, and the one after the last that has values
	dist.Levels
}

// add adds bin i of a timeline.
func (p *interval) add(i int, values *dist.Levels) {
	if values.N() > 0 {
		p.to = i + 1
	}
	p.Merge(values)
}

// idle reports whether nothing was sent after the interval, until bin next, for longer than it took itself.
func (p *interval) idle(next int) bool { return p.N() > 0 && next-p.to > p.to-p.from }

// The least number of values in an interval for these percentiles, since with fewer values the percentile is the
// maximum. A source with fewer than enoughP99 requests shows the maximum instead of p99.
const (
	leastP90  = 20
	leastP99  = 100
	enoughP99 = 10 * leastP99
)

// intervals cuts the timeline into parts, each with at least the given number of values and within one load point.
// A part has fewer values only if its load point has.
func (t timeline) intervals(r *report, kind int, least int64) []interval {
	begins := t.begins(r)
	out := []interval{{}}
	whole := true // the last part is the only one of its load point
	for i := range t.bins {
		last := &out[len(out)-1]
		switch {
		case begins[i] && i > last.from:
			out, whole = append(joinShort(out, least, whole), interval{from: i}), true
		case last.N() >= least:
			out, whole = append(out, interval{from: i}), false
		}
		out[len(out)-1].add(i, &t.bins[i].Times[kind])
	}
	return joinShort(out, least, whole)
}

// joinShort joins the last interval to the one before if it is short and both belong to one load point.
func joinShort(list []interval, least int64, whole bool) []interval {
	last := len(list) - 1
	if whole || list[last].N() >= least {
		return list
	}
	list[last-1].add(list[last].to-1, &list[last].Levels)
	return list[:last]
}

// percentile returns a percentile of every interval, with a gap if an interval has too few values, and while nothing
// was sent.
func (t timeline) percentile(r *report, parts []interval, p float64, least int64) chart.Series {
	s := chart.Series{Kind: chart.Steps}
	point := func(bin int, v float64, text string) {
		s.X, s.Y, s.Text = append(s.X, t.x(bin)), append(s.Y, v), append(s.Text, text)
	}
	for i := range parts {
		v, text, next := math.NaN(), r.trf("%d requests", parts[i].N()), len(t.bins)
		if i+1 < len(parts) {
			next = parts[i+1].from
		}
		if parts[i].N() >= min(least, leastP90) {
			v = parts[i].At(p)
		}
		point(parts[i].from, v, text)
		switch {
		case parts[i].idle(next):
			point(parts[i].to, v, text)
			point(parts[i].to, math.NaN(), "")
		case next == len(t.bins):
			point(next, v, text)
		}
	}
	return s
}

// begins reports for each bin whether a load point begins in it.
func (t timeline) begins(r *report) []bool {
	out := make([]bool, len(t.bins)+1)
	for _, p := range r.of(t.src) {
		if s := t.src.during(p.Run, p.FirstScheduledUs); s != nil && s.all.seen {
			out[min(max(0, int((s.all.lo-t.src.start())/t.width)), len(t.bins))] = true
		}
	}
	return out
}

// noNumbers reports whether a column has nothing to draw.
func noNumbers(c chart.Column) bool {
	return !slices.ContainsFunc(c, func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) })
}

func (r *report) errorsOverTime(lines []timeline) chart.Figure {
	f := r.timeFigure("errors-time", "Errors by kind", "Failed requests at the time of their end.",
		chart.Axis{Label: r.tr("errors"), Unit: "1/s", Zero: true})
	f.Stacked = len(lines) == 1
	for _, t := range lines {
		for _, name := range stats.ErrorKinds() {
			s := chart.Series{Name: r.lineOf(t, name), Kind: chart.Bars, Color: len(f.Series)}
			var n int64
			for i := range t.bins {
				n += t.bins[i].Failed[name]
				s.X, s.X2 = append(s.X, t.x(i)), append(s.X2, t.x(i+1))
				s.Y = append(s.Y, float64(t.bins[i].Failed[name])/t.seconds())
			}
			if n > 0 {
				f.Series = append(f.Series, s)
				f.Alt += r.trf("%s: %s requests. ", s.Name, chart.Number(float64(n)))
			}
		}
	}
	return f
}

func (r *report) lagOverTime(lines []timeline) chart.Figure {
	f := r.timeFigure("lag-time", "Lag of the load generator",
		"How late requests went out, the worst of each interval. Lag is the client's own doing, not the server's.",
		chart.Axis{Label: r.tr("lag"), Unit: "ms", Zero: true, Least: 1})
	for _, t := range lines {
		s := t.curve(r.lineOf(t, "worst lag"), t.color, func(s *stats.CourseBin) float64 { return s.MaxLag })
		known := slices.DeleteFunc(slices.Clone(s.Y), math.IsNaN)
		if len(known) > 0 {
			f.Series = append(f.Series, s)
			f.Alt += r.trf("%s: at most %s ms. ", s.Name, chart.Number(slices.Max(known)))
		}
	}
	return f
}

// heatmaps draws how often each duration occurred in each interval of the run.
func heatmaps(r *report) []chart.Figure {
	if len(r.sources) > 1 || r.sources[0].sample.seen < leastDensity {
		return nil
	}
	var out []chart.Figure
	for _, t := range r.timelines() {
		for kind, d := range overTimeDurations() {
			if kind == stats.TimeTPOT {
				continue
			}
			f := r.timeFigure(d.name+"-heatmap", d.title,
				"Requests sent in each interval, by their duration: two bands are two kinds of request, a slope is a queue "+
					"that grows.",
				durationAxis(r.tr(d.label)))
			f.Title, f.Height = r.trf("%s: heatmap", r.tr(d.title)), 320
			f.Series = []chart.Series{heatCells(r, t, kind)}
			f.Alt = r.trf("Heatmap of %s over time.", r.tr(d.label))
			out = append(out, f)
		}
	}
	return out
}

// heatCells returns the cells of a heatmap, with about fifty rows.
func heatCells(r *report, t timeline, kind int) chart.Series {
	s := chart.Series{Name: r.tr("requests"), Kind: chart.Cells, VLabel: r.tr("requests")}
	var all extent
	for i := range t.bins {
		if l := &t.bins[i].Times[kind]; l.N() > 0 {
			lo, hi := l.Range()
			all.add(int64(lo))
			all.add(int64(hi))
		}
	}
	if !all.seen {
		return s
	}
	k := int((all.hi-all.lo)/50) + 1
	for i := range t.bins {
		for row, n := range t.bins[i].Times[kind].Rows(int(all.lo), k) {
			lo := int(all.lo) + row*k
			s.X, s.X2 = append(s.X, t.x(i)), append(s.X2, t.x(i+1))
			s.Y, s.Y2 = append(s.Y, dist.LevelEdge(lo)), append(s.Y2, dist.LevelEdge(lo+k))
			s.V = append(s.V, float64(n))
		}
	}
	return s
}
