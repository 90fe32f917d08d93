package evalscope

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// loadPoints collects what the figures of conversations and of time need: a few numbers of each success. Memory grows
// with them, as does workload_timeline.json, which has a point for each.
type loadPoints struct {
	mu     sync.Mutex
	groups map[string]*loadPoint // by groupName
}

type loadPoint struct {
	served    []served
	sessions  map[string][]int // indices into served
	streamed  bool             // at least one answer was
	inputOnly bool             // embeddings or ranking
}

// served is a success, in seconds.
type served struct {
	start, end, first                float64
	turn, prompt, completion, cached int
}

// add adds a record of a group.
func (l *loadPoints) add(group string, r *record.Record) {
	if !r.OK {
		return
	}
	s := served{
		start: float64(r.SentUs) / 1e6, end: float64(r.SentUs)/1e6 + r.LatencyMs/1000, first: firstChunk(r),
		turn: r.Turn, prompt: r.PromptTokens, completion: r.CompletionTokens, cached: r.CachedTokens,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.groups[group]
	if p == nil {
		p = &loadPoint{sessions: map[string][]int{}}
		l.groups[group] = p
	}
	p.streamed = p.streamed || r.Streamed()
	p.inputOnly = !metric.Generates(r)
	if r.Turn > 0 {
		session := strings.Clone(r.Session)
		p.sessions[session] = append(p.sessions[session], len(p.served))
	}
	p.served = append(p.served, s)
}

// firstChunk returns the seconds to the first chunk. An answer that was not streamed is one chunk.
func firstChunk(r *record.Record) float64 {
	if r.Streamed() {
		return r.TTFTMs / 1000
	}
	return r.LatencyMs / 1000
}

// ratio returns a/b, or 0 if b is 0, as evalscope does.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// inputRate returns evalscope's input throughput: tokens ÷ the sum of latencies, about 1/parallel of the throughput.
func (p *loadPoint) inputRate() dist.Num {
	tokens, seconds := 0, 0.0
	for _, s := range p.served {
		tokens, seconds = tokens+s.prompt, seconds+s.first
	}
	return rounded(dist.Num(ratio(float64(tokens), seconds)), 4)
}

// turns returns the members of benchmark_summary.json that only conversations have.
func (p *loadPoint) turns(cacheHit dist.Num) object {
	var turns, first, later, firsts, laters float64
	for _, s := range p.served {
		turns += float64(s.turn)
		if s.turn == 1 {
			first, firsts = first+s.first, firsts+1
		} else {
			later, laters = later+s.first, laters+1
		}
	}
	out := object{{"Avg Turns/Request", rounded(dist.Num(ratio(turns, float64(len(p.served)))), 4)}}
	if cacheHit.Known() { // evalscope guesses it if the server does not report it
		out = append(out, member{"KV Cache Hit Rate (%)", rounded(100*cacheHit, 4)})
	}
	if firsts > 0 {
		out = append(out, member{"Avg First-Turn TTFT (ms)", rounded(dist.Num(1000*first/firsts), 2)})
	}
	if laters > 0 {
		out = append(out, member{"Avg Subsequent-Turn TTFT (ms)", rounded(dist.Num(1000*later/laters), 2)})
	}
	return out
}

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
		row := object{{"metric", name}, {"mean", mean}, {"min", column[0]}}
		for _, p := range []struct {
			name string
			rank float64
		}{{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}} {
			v, _ := mstats.Percentile(column, p.rank)
			row = append(row, member{p.name, v})
		}
		rows = append(rows, append(row, member{"max", column[len(column)-1]}))
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
		if decode := t.end - t.start - t.first; t.completion > 1 && decode > 0 {
			speed, speeds = speed+float64(t.completion-1)/decode, speeds+1
		}
		prompt, cached = prompt+t.prompt, cached+t.cached
		if i > 0 {
			eligible, reused = eligible+turns[i-1].prompt+turns[i-1].completion, reused+t.cached
		}
	}
	return [6]float64{
		last.end - first.start, first.first, last.start + last.first - first.start, ratio(speed, speeds),
		100 * ratio(float64(cached), float64(prompt)), 100 * ratio(float64(reused), float64(eligible)),
	}
}
