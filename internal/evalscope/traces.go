package evalscope

import (
	"cmp"
	"slices"

	mstats "github.com/montanaflynn/stats"
)

// traces returns trace_summary.json: each figure of a conversation over all of them, with interpolated percentiles.
func (p *loadPoint) traces() object {
	columns := make([]mstats.Float64Data, 6)
	for _, indices := range p.sessions {
		turns := make([]served, len(indices))
		for i, at := range indices {
			turns[i] = p.served[at]
		}
		slices.SortFunc(turns, func(a, b served) int { return cmp.Compare(a.turn, b.turn) })
		for i, v := range trace(turns) {
			columns[i] = append(columns[i], v)
		}
	}
	names := []string{
		"Latency (s)", "First-Turn TTFT (s)", "TTFAT (s)", "Decode TPS", "Cache Hit Rate (%)", "Eligible Cache Hit Rate (%)",
	}
	var rows []object
	for i, name := range names {
		column := columns[i]
		slices.Sort(column) // a sum in another order would differ in its last digits
		mean, _ := mstats.Mean(column)
		row := object{{"metric", name}, {"mean", Float(mean)}, {"min", Float(column[0])}}
		for _, p := range []struct {
			name string
			rank float64
		}{{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}} {
			v, _ := mstats.Percentile(column, p.rank)
			row = append(row, member{p.name, Float(v)})
		}
		rows = append(rows, append(row, member{"max", Float(column[len(column)-1])}))
	}
	return object{{"n_traces", len(p.sessions)}, {"rows", rows}}
}

// trace returns the figures of one conversation, given its turns in order. The tokens of the turn before are those that
// the server could have cached.
func trace(turns []served) [6]float64 {
	first, last := turns[0], turns[len(turns)-1]
	var speed, speeds float64
	var prompt, cached, eligible, reused int
	for i, t := range turns {
		if decode := t.latency - t.first; t.completion > 1 && decode > 0 {
			speed, speeds = speed+float64(t.completion-1)/decode, speeds+1
		}
		prompt, cached = prompt+t.prompt, cached+max(0, t.cached)
		if i > 0 {
			eligible, reused = eligible+turns[i-1].prompt+turns[i-1].completion, reused+max(0, t.cached)
		}
	}
	return [6]float64{
		last.end - first.start, first.first, last.start + last.first - first.start, ratio(speed, speeds),
		100 * ratio(float64(cached), float64(prompt)), 100 * ratio(float64(reused), float64(eligible)),
	}
}
