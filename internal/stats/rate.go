package stats

import "math"

// How a run is cut to tell how its throughput varies.
const (
	rateBatches = 32 // stretches of equal time, at most
	fewBatches  = 5
	perBatch    = 8 // answers in each, at least
)

// rates estimates requests/s and output tokens/s, in the steady state or of the whole run. Throughput of one run is judged
// by its batches: stretches of equal time, pauses left out.
func (g *group) rates(steady bool) (requests, output estimate) {
	f := &g.flights
	all := f.time.stretches()
	pauses := f.pauses(all, g.replayed())
	b := Block{}
	g.throughput(&b, &Options{}, all, pauses)
	window, ofRequests, ofOutput := interval{f.firstUs, f.lastUs}, b.RequestsPerS, b.OutputPerS
	if steady {
		window, ofRequests, ofOutput = interval{b.Steady.FromUs, b.Steady.ToUs}, b.Steady.RequestsPerS, b.Steady.OutputPerS
	}
	oks, tokens, ends := f.cut(all, window, pauses)
	requests = ofBatchRate(float64(ofRequests), oks, ends, f.n)
	output = ofBatchRate(float64(ofOutput), tokens, ends, f.n)
	return requests, output
}

// cut returns the successes and the output tokens in each batch of a window, and the answers that ended in it.
func (f *flights) cut(all []stretch, window interval, pauses []interval) (oks, tokens []float64, ends int64) {
	width := f.time.width()
	var inside []stretch
	var bins int64
	for _, s := range all {
		i := interval{s.first * width, (s.first + s.n) * width}
		paused := int64(0)
		for _, p := range pauses {
			paused += i.within(p)
		}
		if i.to <= window.from || i.from >= window.to || paused > i.length()/2 {
			continue
		}
		inside = append(inside, s)
		bins += s.n
		ends += s.ends
	}
	k := min(rateBatches, ends/perBatch, bins)
	if k < fewBatches {
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

// ofBatchRate estimates a rate by how often something happened in each batch.
func ofBatchRate(rate float64, counts []float64, ends, n int64) estimate {
	if counts == nil {
		if rate > 0 {
			return tooShort(rate, float64(n)*fewBatches*perBatch/float64(max(1, ends)))
		}
		return estimate{value: rate, why: "no time to divide by"}
	}
	mean, square, sum := average(counts), 0.0, 0.0
	for _, c := range counts {
		square += (c - mean) * (c - mean)
		sum += c
	}
	if sum == 0 {
		return known(rate)
	}
	k := float64(len(counts))
	number, _ := effective(len(counts), func(i int) float64 { return counts[i] })
	// Where a window begins and ends moves the count by one answer.
	se := max(math.Sqrt(square/(k-1)/number)/mean, 1/float64(max(1, ends)))
	return estimate{value: rate, ends: func(conf float64) (float64, float64) {
		half := student(min(number, k)-1, conf) * se
		return rate * math.Exp(-half), rate * math.Exp(half)
	}}
}
