package main

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// evalscopeRuns keeps what evalscope's figures of conversations and of time are made of: a few numbers of each success, as
// its workload_timeline.json has a point of each.
type evalscopeRuns struct {
	by     []stats.Key
	warmup bool

	mu     sync.Mutex
	groups map[string]*evalscopeRun
}

// evalscopeRun is one load point.
type evalscopeRun struct {
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

// groupOf joins a record's values of the keys as stats.DefinedBlock does.
func groupOf(by []stats.Key, r *record.Record) string {
	values := make([]string, len(by))
	for i, k := range by {
		values[i] = k.Of(r)
	}
	return strings.Join(values, ", ")
}

func (e *evalscopeRuns) add(r *record.Record) {
	if !r.OK || r.Phase == record.PhaseWarmup && !e.warmup {
		return
	}
	s := served{
		start: float64(r.SentUs) / 1e6, end: float64(r.SentUs)/1e6 + r.LatencyMs/1000, first: firstChunk(r),
		turn: r.Turn, prompt: r.PromptTokens, completion: r.CompletionTokens, cached: r.CachedTokens,
	}
	name := groupOf(e.by, r)
	e.mu.Lock()
	defer e.mu.Unlock()
	run := e.groups[name]
	if run == nil {
		run = &evalscopeRun{sessions: map[string][]int{}}
		e.groups[name] = run
	}
	run.streamed = run.streamed || r.Streamed()
	run.inputOnly = r.Op == "embedding" || r.Op == "rerank" || r.Op == "score"
	if r.Turn > 0 {
		session := strings.Clone(r.Session)
		run.sessions[session] = append(run.sessions[session], len(run.served))
	}
	run.served = append(run.served, s)
}

// firstChunk is the seconds to the first chunk, which is the whole of an answer that was not streamed.
func firstChunk(r *record.Record) float64 {
	if r.Streamed() {
		return r.TTFTMs / 1000
	}
	return r.LatencyMs / 1000
}

// ratio is a/b, and 0 where there is nothing to divide by, as evalscope has it.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// inputRate is evalscope's input throughput: tokens ÷ the sum of latencies, which is about 1/parallel of the throughput.
func (run *evalscopeRun) inputRate() stats.Num {
	tokens, seconds := 0, 0.0
	for _, s := range run.served {
		tokens, seconds = tokens+s.prompt, seconds+s.first
	}
	return rounded(stats.Num(ratio(float64(tokens), seconds)), 4)
}

// turns are the keys of benchmark_summary.json that conversations alone have.
func (run *evalscopeRun) turns(cacheHit stats.Num) pairs {
	var turns, first, later, firsts, laters float64
	for _, s := range run.served {
		turns += float64(s.turn)
		if s.turn == 1 {
			first, firsts = first+s.first, firsts+1
		} else {
			later, laters = later+s.first, laters+1
		}
	}
	out := pairs{{"Avg Turns/Request", rounded(stats.Num(ratio(turns, float64(len(run.served)))), 4)}}
	if cacheHit.Known() { // evalscope guesses where the server says nothing
		out = append(out, pair{"KV Cache Hit Rate (%)", rounded(100*cacheHit, 4)})
	}
	if firsts > 0 {
		out = append(out, pair{"Avg First-Turn TTFT (ms)", rounded(stats.Num(1000*first/firsts), 2)})
	}
	if laters > 0 {
		out = append(out, pair{"Avg Subsequent-Turn TTFT (ms)", rounded(stats.Num(1000*later/laters), 2)})
	}
	return out
}

// traces is trace_summary.json: each figure of a conversation over all of them, percentiles interpolated.
func (run *evalscopeRun) traces() pairs {
	columns := make([]mstats.Float64Data, 6)
	for _, indices := range run.sessions {
		turns := make([]served, len(indices))
		for i, at := range indices {
			turns[i] = run.served[at]
		}
		slices.SortFunc(turns, func(a, b served) int { return cmp.Compare(a.turn, b.turn) })
		for i, v := range trace(turns) {
			columns[i] = append(columns[i], v)
		}
	}
	names := []string{"Latency (s)", "First-Turn TTFT (s)", "TTFAT (s)", "Decode TPS", "Cache Hit Rate (%)", "Eligible Cache Hit Rate (%)"}
	var rows []pairs
	for i, name := range names {
		column := columns[i]
		slices.Sort(column) // the sum of another order would differ in its last digits
		mean, _ := mstats.Mean(column)
		row := pairs{{"metric", name}, {"mean", mean}, {"min", column[0]}}
		for _, p := range []struct {
			name string
			rank float64
		}{{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}} {
			v, _ := mstats.Percentile(column, p.rank)
			row = append(row, pair{p.name, v})
		}
		rows = append(rows, append(row, pair{"max", column[len(column)-1]}))
	}
	return pairs{{"n_traces", len(run.sessions)}, {"rows", rows}}
}

// trace is the figures of one conversation, its turns in order. Eligible for the cache is what the turn before had.
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
