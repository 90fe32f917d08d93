package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"perfpipe/internal/chart"
)

// The phases of a request, in the order of the legend.
const (
	phaseQueue = iota
	phaseConnect
	phasePrefill
	phaseDecode
	phaseWhole
	phaseFailed
	numPhases
)

// leastWait is the shortest wait before sending that is drawn, in seconds. Shorter waits are the resolution of timers,
// and would double the size of the page.
const leastWait = 1e-3

// requestTimeline draws each request of the sample as a row of its phases.
func requestTimeline(r *report) []chart.Figure {
	if len(r.sources) > 1 {
		return nil
	}
	src := r.sources[0]
	all := src.sample.requests()
	if len(all) == 0 {
		return nil
	}
	f := r.timeFigure("requests", "Request timeline",
		"One row a request, in the order of sending. Zoom in to see single ones.",
		chart.Axis{Label: r.tr("request"), Whole: true})
	f.Section, f.Height = r.tr("Requests"), 520
	if int64(len(all)) < src.sample.seen {
		f.Note += " " + r.trf("%s of %s requests: the %d slowest, failures, and others at random.",
			chart.Number(float64(len(all))), chart.Number(float64(src.sample.seen)), mostSlowest)
	}
	f.Alt = r.trf("%s requests as bars along time.", chart.Number(float64(len(all))))
	names := [numPhases]string{r.tr("queue"), r.tr("connect"), r.tr("to first token"), r.tr("decode"),
		r.tr("whole answer"), r.tr("failed")}
	colors := [numPhases]int{5, 3, 4, 0, 2, 1}
	var series [numPhases]chart.Series
	for i := range series {
		series[i] = chart.Series{Name: names[i], Kind: chart.Rects, Color: colors[i], Bold: i == phaseFailed}
	}
	f.RowLabel = r.tr("request")
	for row, p := range all {
		f.Rows = append(f.Rows, p.seq)
		t := float64(p.sentUs-src.start()) / 1e6
		put := func(phase int, from, to float64) {
			if to > from {
				s := &series[phase]
				s.X, s.X2, s.Y = append(s.X, from), append(s.X2, to), append(s.Y, float64(row))
			}
		}
		if wait := float64(p.sentUs-p.dueUs) / 1e6; wait >= leastWait {
			put(phaseQueue, t-wait, t)
		}
		end := t + p.latency/1e3
		switch connected := t + min(p.connect, p.latency)/1e3; {
		case p.failed:
			put(phaseFailed, t, max(end, t+1e-4))
		case p.ttft == 0:
			put(phaseConnect, t, connected)
			put(phaseWhole, connected, end)
		default:
			first := t + p.ttft/1e3
			put(phaseConnect, t, min(connected, first))
			put(phasePrefill, min(connected, first), first)
			put(phaseDecode, first, end)
		}
	}
	for _, s := range series {
		if s.Len() > 0 {
			f.Series = append(f.Series, s)
		}
	}
	return []chart.Figure{f}
}

// tokenTimeline draws how the chunks of the fastest answer, the slowest, and some between arrived.
func tokenTimeline(r *report) []chart.Figure {
	var out []chart.Figure
	for _, src := range r.sources {
		all := slices.Clone(src.sample.tokens.picked)
		if len(all) == 0 || len(r.sources) > 1 {
			continue
		}
		slices.SortFunc(all, func(a, b picked) int {
			return cmp.Or(cmp.Compare(a.latency, b.latency), cmp.Compare(a.seq, b.seq))
		})
		f := chart.Figure{
			Name: "tokens", Section: r.tr("Requests"), Title: r.tr("Token timeline of single requests"), Wide: true,
			NoEnds: true,
			Note:   r.tr("How the chunks of some answers arrived: a flat stretch is a stall, a steep one a burst."),
			X:      chart.Axis{Label: r.tr("time since the first chunk"), Unit: "ms", Zero: true},
			Y:      chart.Axis{Label: r.tr("chunks"), Zero: true, Whole: true},
			Alt:    r.trf("%d answers, chunk by chunk.", min(len(all), 7)),
		}
		last := -1
		for color, q := range []float64{0, 0.1, 0.25, 0.5, 0.75, 0.9, 1} {
			i := int(math.Round(q * float64(len(all)-1)))
			if i == last {
				continue
			}
			last = i
			f.Series = append(f.Series, chunks(r, all[i], color))
		}
		out = append(out, f)
	}
	return out
}

func chunks(r *report, p picked, color int) chart.Series {
	name := fmt.Sprintf("#%d: TTFT %s ms, %d → %d %s", p.seq, chart.Number(p.ttft), p.prompt, p.output, r.tr("tokens"))
	s := chart.Series{Name: name, Kind: chart.Steps, Color: color}
	s.X, s.Y = chart.Column{0}, chart.Column{1}
	var t int64
	for i, gap := range p.gaps {
		t += gap
		s.X, s.Y = append(s.X, float64(t)/1000), append(s.Y, float64(i+2))
	}
	s.X, s.Y = chart.Thin(s.X, s.Y, 600)
	return s
}
