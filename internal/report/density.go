package report

import (
	"maps"
	"math"
	"slices"

	"perfpipe/internal/chart"
	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
)

// densities draws how often two values occur together.
func densities(r *report) []chart.Figure {
	if len(r.sources) > 1 || r.sources[0].sample.seen < leastDensity {
		return nil
	}
	return []chart.Figure{r.ttftByLength(), r.tpotByConcurrency()}
}

// leastDensity is the least number of requests for a density, and leastMedian the least number of values in a column
// for its median to be drawn.
const (
	leastDensity = 10
	leastMedian  = 20
)

// mostTPOTBins limits the intervals whose mean number of requests in flight is the x of their requests.
const mostTPOTBins = 1024

// shortTPOT is the number of octaves below the median in which TPOTs have rows. Shorter ones come from chunks that
// arrived together, not from the model, and would squeeze the others into a thin line; they are counted in the lowest
// row.
const shortTPOT = 3

func (r *report) ttftByLength() chart.Figure {
	f := chart.Figure{
		Name: "ttft-length", Section: r.tr("Dependencies"), Title: r.tr("TTFT against prompt length"),
		Note: r.tr("Number of requests by colour."), Alt: r.tr("Density of TTFT over the number of prompt tokens."),
		X: chart.Axis{Label: r.tr("prompt tokens"), Scale: chart.Log},
		Y: durationAxis("TTFT"), NoEnds: true,
	}
	d := &r.sources[0].byLen
	s := chart.Series{Name: r.tr("requests"), Kind: chart.Cells, VLabel: r.tr("requests")}
	byX := map[int16]*dist.Levels{}
	order := func(a, b [2]int16) int { return slices.Compare(a[:], b[:]) }
	for _, k := range slices.SortedFunc(maps.Keys(d.count), order) {
		s.X, s.X2 = append(s.X, densityEdge(k[0])), append(s.X2, densityEdge(k[0]+1))
		s.Y, s.Y2 = append(s.Y, densityEdge(k[1])), append(s.Y2, densityEdge(k[1]+1))
		s.V = append(s.V, float64(d.count[k]))
		if byX[k[0]] == nil {
			byX[k[0]] = &dist.Levels{}
		}
		byX[k[0]].Add(densityEdge(k[1])*math.Exp2(0.5/densityPerOctave), uint32(d.count[k]))
	}
	if s.Len() == 0 {
		return f
	}
	line := chart.Series{Name: r.tr("median"), Kind: chart.Line, Color: 1}
	for _, x := range slices.Sorted(maps.Keys(byX)) {
		if byX[x].N() < leastMedian {
			continue
		}
		line.X, line.Y = append(line.X, densityEdge(x)*math.Exp2(0.5/densityPerOctave)), append(line.Y, byX[x].At(50))
	}
	r.addDensity(&f, s, line)
	return f
}

// addDensity adds cells to a figure, and the line of their medians if it has several points.
func (r *report) addDensity(f *chart.Figure, cells, medians chart.Series) {
	if cells.Len() == 0 {
		return
	}
	f.Series = []chart.Series{cells}
	if medians.Len() > 1 {
		f.Series = append(f.Series, medians)
		f.Note += " " + r.tr("The line is the median.")
	}
}

// tpotByConcurrency draws TPOT over the mean number of requests in flight in the interval in which a request was sent.
func (r *report) tpotByConcurrency() chart.Figure {
	f := chart.Figure{
		Name: "tpot-concurrency", Section: r.tr("Dependencies"), Title: r.tr("TPOT against concurrency"),
		Note: r.tr("Number of requests by colour, at the mean number in flight when each was sent. Values below an " +
			"eighth of the median are in the lowest row."),
		Alt: r.tr("Density of TPOT over the number of requests in flight."),
		X:   chart.Axis{Label: r.tr("in flight")}, Y: durationAxis("TPOT"),
		NoEnds: true,
	}
	bins, _, _ := r.sources[0].course.Bins(mostTPOTBins)
	if len(bins) == 0 {
		return f
	}
	most := 0.0
	for i := range bins {
		most = max(most, bins[i].InFlight)
	}
	width := max(1, math.Ceil(most/40))
	columns := map[int]*dist.Levels{}
	for i := range bins {
		if l := &bins[i].Times[stats.TimeTPOT]; l.N() > 0 {
			x := int(bins[i].InFlight / width)
			if columns[x] == nil {
				columns[x] = &dist.Levels{}
			}
			columns[x].Merge(l)
		}
	}
	s := chart.Series{Name: r.tr("requests"), Kind: chart.Cells, VLabel: r.tr("requests")}
	line := chart.Series{Name: r.tr("median"), Kind: chart.Line, Color: 1}
	var pooled dist.Levels
	for _, l := range columns {
		pooled.Merge(l)
	}
	if pooled.N() == 0 {
		return f
	}
	lo, hi := pooled.Range()
	lo = max(lo, dist.LevelOf(pooled.At(50))-shortTPOT*dist.LevelsPerOctave)
	k := (hi-lo)/40 + 1
	for _, x := range slices.Sorted(maps.Keys(columns)) {
		l := columns[x]
		if l.N() >= leastMedian {
			line.X, line.Y = append(line.X, (float64(x)+0.5)*width), append(line.Y, l.At(50))
		}
		for row, n := range l.From(lo).Rows(lo, k) {
			s.X, s.X2 = append(s.X, float64(x)*width), append(s.X2, float64(x+1)*width)
			s.Y, s.Y2 = append(s.Y, dist.LevelEdge(lo+row*k)), append(s.Y2, dist.LevelEdge(lo+(row+1)*k))
			s.V = append(s.V, float64(n))
		}
	}
	r.addDensity(&f, s, line)
	return f
}

// conversations draws the TTFT of each turn.
func conversations(r *report) []chart.Figure {
	f := chart.Figure{
		Name: "ttft-turn", Section: r.tr("Conversations"), Title: r.tr("TTFT by turn"),
		Note: r.tr("Each turn's prompt holds the turns before it: a cache of prefixes keeps the line flat."),
		X:    chart.Axis{Label: r.tr("turn"), Whole: true}, Y: durationAxis("TTFT"),
	}
	for i, src := range r.sources {
		if len(src.turns) < 2 {
			continue
		}
		for k, p := range []float64{50, 90, 99} {
			s := chart.Series{Name: dist.PercentileName(p), Kind: chart.Line, Color: k}
			if len(r.sources) > 1 {
				if p == 90 {
					continue
				}
				s.Name, s.Color, s.Dash = src.name+" · "+dist.PercentileName(p), i, k/2
			}
			for _, n := range slices.Sorted(maps.Keys(src.turns)) {
				stat := src.turns[n].ttft.Stat([]float64{p}, 1000)
				s.X, s.Y = append(s.X, float64(n)), append(s.Y, stat.At(p))
				s.Text = append(s.Text, r.trf("%d requests", stat.N))
			}
			f.Series = append(f.Series, s)
			f.Alt += r.trf("%s: %s ms in the first turn, %s ms in the last. ", s.Name, chart.Number(s.Y[0]),
				chart.Number(s.Y[len(s.Y)-1]))
		}
	}
	return []chart.Figure{f}
}
