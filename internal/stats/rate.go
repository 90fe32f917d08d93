package stats

import "perfpipe/internal/confidence"

// maxBatches limits the batches: intervals of equal length whose throughputs are compared to estimate its variance.
const maxBatches = 32

// rates estimates requests/s and output tokens/s of the steady state or of the whole run, by the method of batch means.
// Idle time does not count.
func (g *accumulator) rates(steady bool) (requests, output confidence.Estimate) {
	f := &g.flights
	all := f.time.stretches()
	idle := g.idle(all)
	b := Block{}
	g.throughput(&b, &Options{}, all, idle)
	window, requestsPerS, outputPerS := interval{f.firstUs, f.lastUs}, b.RequestsPerS, b.OutputPerS
	if steady {
		window = interval{b.Steady.FromUs, b.Steady.ToUs}
		requestsPerS, outputPerS = b.Steady.RequestsPerS, b.Steady.OutputPerS
	}
	oks, tokens, ends := f.cut(all, window, idle)
	requests = confidence.OfRate(float64(requestsPerS), oks, ends, f.n)
	output = confidence.OfRate(float64(outputPerS), tokens, ends, f.n)
	return requests, output
}

// cut divides a window into batches. It returns the successes and the output tokens of each batch, and the number of
// answers that ended in the window.
func (f *flights) cut(all []stretch, window interval, idle []interval) (oks, tokens []float64, ends int64) {
	width := f.time.width()
	var inside []stretch
	var bins int64
	for _, s := range all {
		i := s.interval(width)
		if i.to <= window.from || i.from >= window.to || i.withinAll(idle) > i.length()/2 {
			continue
		}
		inside = append(inside, s)
		bins += s.n
		ends += s.ends
	}
	k := confidence.Batches(ends, min(maxBatches, bins))
	if k == 0 {
		return nil, nil, ends
	}
	oks, tokens = make([]float64, k), make([]float64, k)
	at := int64(0)
	for _, s := range inside {
		b := min(k-1, (2*at+s.n)*k/(2*bins))
		oks[b] += float64(s.ok)
		tokens[b] += float64(s.output)
		at += s.n
	}
	return oks, tokens, ends
}
