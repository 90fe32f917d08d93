package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
)

// timed is a duration with a percentile curve and a distribution.
type timed struct {
	key, name, label, title, note string
}

// share returns the name of the share of its values.
func (d *timed) share() string {
	switch d.key {
	case "itl_ms":
		return "share of gaps"
	case "conversation_ms":
		return "share of sessions"
	}
	return "share of requests"
}

func durations() []timed {
	return []timed{
		{"ttft_ms", "ttft", "TTFT", "Time to first token (TTFT)", "From sending the request to the first output."},
		{"tpot_ms", "tpot", "TPOT", "Time per output token (TPOT)",
			"Mean time between a request's output tokens after the first."},
		{"itl_ms", "itl", "ITL", "Inter-token latency (ITL)", "Every single gap between output tokens, of all requests."},
		{"latency_ms", "latency", "latency", "Latency, end to end", "From sending the request to the end of its response."},
		{"response_ms", "response", "response time", "Response time",
			"From when the request was due to the end of its response: queueing is in it."},
		{"conversation_ms", "conversation", "conversation", "Session time",
			"From when the first request of a session was due to the end of the last one, tools and users included."},
	}
}

// durationAxis returns the logarithmic axis of a duration in ms.
func durationAxis(label string) chart.Axis {
	return chart.Axis{Label: label, Unit: "ms", Scale: chart.Log, Least: 0.1}
}

// curvePercentiles returns the points of the percentile curves, in even steps on the axis of nines.
func curvePercentiles() []float64 {
	grid := []float64{50, 90, 95, 99, 99.9, 99.99}
	for q := 0.05; q < 4; q += 0.05 {
		grid = append(grid, 100*(1-math.Pow(10, -q)))
	}
	return grid
}

// mostBands limits the curves with bands. More bands would hide one another.
const mostBands = 4

// mostCurves limits the load points with a curve in one figure.
const mostCurves = 10

// curves returns the load points that have a curve: if there are too many, some at even steps, and the best.
func (r *report) curves() ([]point, string) {
	most := max(2, mostCurves/max(1, len(r.sources)))
	var out []point
	left := false
	for _, src := range r.sources {
		points := r.of(src)
		for i, p := range points {
			step := i * (most - 1) / max(1, len(points)-1) // a point has a curve if its step is a new one
			if len(points) <= most || p.Best || i == 0 || step > (i-1)*(most-1)/max(1, len(points)-1) {
				out = append(out, *p)
			} else {
				left = true
			}
		}
	}
	if !left {
		return out, ""
	}
	return out, " " + r.trf("%d of %d load points are drawn; the table of results has all.", len(out), len(r.points))
}

// percentiles draws each duration's percentiles on an axis of nines.
func percentiles(r *report) []chart.Figure {
	var out []chart.Figure
	points, some := r.curves()
	for _, d := range durations() {
		f := chart.Figure{
			Name: d.name + "-percentiles", Section: r.tr("Latency"), Title: r.trf("%s: percentiles", r.tr(d.title)),
			Note: r.tr(d.note) + some,
			X:    chart.Axis{Label: r.tr("percentile"), Scale: chart.Nines},
			Y:    durationAxis(r.tr(d.label)), Ordered: r.ordered(),
		}
		banded, zero, failed := false, false, int64(0)
		for _, p := range points {
			m := p.Metrics.Get(d.key)
			if m == nil || m.N == 0 {
				continue
			}
			s := chart.Series{Name: p.label, Kind: chart.Line, Color: p.color, Dash: p.dash}
			failed, zero = failed+m.Failed, zero || m.Min == 0
			last := 100 * (1 - 1/float64(m.N)) // beyond it, every percentile is the maximum
			for _, q := range ascending(m.Percentiles) {
				if q.P > max(last, 50) {
					continue
				}
				s.X, s.Y = append(s.X, q.P), append(s.Y, float64(q.Value))
				if q.CI != nil && len(points) <= mostBands {
					banded = banded || q.CI[0].Known() && q.CI[1].Known()
					s.Lo, s.Hi = append(s.Lo, float64(q.CI[0])), append(s.Hi, float64(q.CI[1]))
				}
			}
			f.Series = append(f.Series, s)
			f.Alt += r.trf("%s: median %s ms, p99 %s ms. ", p.label, chart.Number(m.At(50)), chart.Number(m.At(99)))
		}
		if banded {
			f.Note += " " + r.tr("Bands: 95 % confidence intervals.")
		}
		if zero {
			f.Note += " " + r.tr("Values of 0 are not drawn, since the axis is logarithmic.")
		}
		if failed > 0 {
			f.Note += " " + r.tr("A line ends where failed requests, which are ∞, begin.")
		}
		f.Marks = r.limits(d.key, true)
		f.Marks = append(f.Marks, r.limits(d.key, false)...)
		out = append(out, f)
	}
	return out
}

// distributions draws a histogram of each duration, or if there are several load points, their cumulative shares.
func distributions(r *report) []chart.Figure {
	var out []chart.Figure
	points, some := r.curves()
	for _, d := range durations() {
		f := chart.Figure{
			Name: d.name + "-distribution", Section: r.tr("Distribution"), Title: r.trf("%s: distribution", r.tr(d.title)),
			X:       durationAxis(r.tr(d.label)),
			Y:       chart.Axis{Label: r.tr("share"), Unit: "%", Zero: true},
			Ordered: r.ordered(), NoEnds: true, Note: strings.TrimSpace(some),
		}
		failed, zero := false, false
		for _, p := range points {
			if m := p.Metrics.Get(d.key); m != nil && m.N > 1 {
				zero = zero || m.Min == 0
				h := dist.NewHistogram(p.Values(d.key))
				whole := 100 * float64(m.N) / float64(m.N+m.Failed) // the share of all values in percent
				failed = failed || m.Failed > 0
				if len(r.points) > 1 {
					f.Series = append(f.Series, cumulative(h, whole, &p))
					f.Alt += r.trf("%s: from %s to %s ms; median %s ms. ", p.label, chart.Number(float64(m.Min)),
						chart.Number(float64(m.Max)), chart.Number(m.At(50)))
					continue
				}
				f.Series = append(f.Series, bars(h, whole, r.tr(d.share())))
				for _, q := range []float64{50, 90, 99} {
					label := fmt.Sprintf("p%g %s", q, milliseconds(m.At(q)))
					f.Marks = append(f.Marks, chart.Mark{At: m.At(q), Label: label, Color: -1})
				}
				f.Alt = r.trf("From %s to %s ms; median %s ms.", chart.Number(float64(m.Min)), chart.Number(float64(m.Max)),
					chart.Number(m.At(50)))
			}
		}
		if zero {
			f.Note = strings.TrimSpace(f.Note + " " + r.tr("Values of 0 are drawn at 0.001 ms, since the axis is logarithmic."))
		}
		if failed {
			f.Note = strings.TrimSpace(f.Note + " " + r.tr("Failed requests, which are ∞, are the rest of 100 %."))
		}
		f.Marks = append(f.Marks, r.limits(d.key, false)...)
		out = append(out, f)
	}
	return out
}

// bars returns the bars of a histogram, whose shares add up to whole.
func bars(h *dist.Histogram, whole float64, name string) chart.Series {
	s := chart.Series{Name: name, Kind: chart.Bars}
	h.Bars(func(from, to, share float64) {
		s.X, s.X2, s.Y = append(s.X, from), append(s.X2, to), append(s.Y, whole*share)
	})
	return s
}

// cumulative returns a line of the share of values up to each value, which ends at whole.
func cumulative(h *dist.Histogram, whole float64, p *point) chart.Series {
	s := chart.Series{Name: p.label, Kind: chart.Line, Color: p.color, Dash: p.dash}
	h.Cumulative(func(v, share float64) { s.X, s.Y = append(s.X, v), append(s.Y, whole*share) })
	return s
}

// ascending returns percentiles in ascending order.
func ascending(p []dist.Percentile) []dist.Percentile {
	return slices.SortedFunc(slices.Values(p), func(a, b dist.Percentile) int { return cmp.Compare(a.P, b.P) })
}
