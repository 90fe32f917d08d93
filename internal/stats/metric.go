package stats

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// metric is one distribution of a block: what a record adds to it.
type metric struct {
	key  string  // its name in JSON and CSV, which ends in its unit; one of record's where the record has it
	name string  // its name in tables
	unit float64 // values are whole numbers, this many to the unit
	add  func(d *dist.Dist, o *observation) bool
	// derive makes those that follow only from all records; add is then nil.
	derive func(g *group) dist.Dist
}

const (
	microseconds = 1e3 // in a ms
	nanoseconds  = 1e6 // in a ms
	thousandths  = 1e3
)

// metrics is every distribution, in the order of the tables. docs/metrics.md has their formulas.
var metrics = []metric{
	{"ttft_ms", "TTFT", microseconds, ofStreamed(func(r *record.Record) float64 { return r.TTFTMs }), nil},
	{"reasoning_ttft_ms", "TTFT, reasoning", microseconds, ofStreamed(func(r *record.Record) float64 { return r.ReasoningTTFTMs }), nil},
	{"content_ttft_ms", "TTFT, content", microseconds, ofStreamed(func(r *record.Record) float64 { return r.ContentTTFTMs }), nil},
	{"tool_ttft_ms", "TTFT, tool call", microseconds, ofStreamed(func(r *record.Record) float64 { return r.ToolTTFTMs }), nil},
	{"first_turn_ttft_ms", "TTFT, first turn", microseconds, ofTurn(func(turn int) bool { return turn == 1 }), nil},
	{"later_turn_ttft_ms", "TTFT, later turns", microseconds, ofTurn(func(turn int) bool { return turn > 1 }), nil},
	{"tpot_ms", "TPOT", nanoseconds, addTPOT, nil},
	{"itl_ms", "ITL", microseconds, addITL, nil},
	{"latency_ms", "latency", microseconds, addLatency, nil},
	{"response_ms", "response time", microseconds, addResponse, nil},
	{"conversation_ms", "conversation", microseconds, nil, (*group).conversations},
	{"answer_ms", "first answer", microseconds, nil, (*group).answers},
	{"lag_ms", "lag", microseconds, addLag, nil},
	{"queue_ms", "queue", microseconds, addQueue, nil},
	{"connect_ms", "connect", microseconds, addConnect, nil},
	{"turns", "turns", 1, nil, (*group).turns},
	{"input_tokens", "input tokens", 1, ofTokens(record.KeyPromptTokens, func(r *record.Record) int { return r.PromptTokens }), nil},
	{"cached_tokens", "cached tokens", 1, ofTokens(record.KeyCachedTokens, func(r *record.Record) int { return r.CachedTokens }), nil},
	{"output_tokens", "output tokens", 1, addOutputTokens, nil},
	{"reasoning_tokens", "reasoning tokens", 1, ofTokens(record.KeyReasoningTokens, func(r *record.Record) int { return r.ReasoningTokens }), nil},
	{"items", "items a request", 1, ofTokens(record.KeyItems, func(r *record.Record) int { return r.Items }), nil},
	{"user_tokens_per_s", "tokens/s per user", thousandths, addUserSpeed, nil},
}

// MetricKeys gives the key of every distribution, in the order of the tables.
func MetricKeys() []string {
	keys := make([]string, len(metrics))
	for i, m := range metrics {
		keys[i] = m.key
	}
	return keys
}

// tokens is a count that may be added up: 0 if it is negative or absurd, as a Dist refuses it.
func tokens(n int) int64 {
	if n < 0 || n >= dist.MaxValue {
		return 0
	}
	return int64(n)
}

// micro is ms in whole µs. What is no number becomes negative, which a Dist refuses.
func micro(ms float64) int64 { return whole(ms * 1000) }

func whole(v float64) int64 {
	if v >= 0 && v < dist.MaxValue {
		return int64(v + 0.5)
	}
	return -1
}

// observation is a record, with the figures that several metrics derive from all its gaps.
type observation struct {
	*record.Record
	tpotMs     float64
	hasTPOT    bool
	inOnePiece bool
}

func observe(r *record.Record) observation {
	o := observation{Record: r}
	o.tpotMs, o.hasTPOT = r.TPOT()
	o.inOnePiece = !o.hasTPOT && r.InOnePiece()
	return o
}

// ofStreamed is a duration of streamed, successful answers, which zero says is absent.
func ofStreamed(ms func(*record.Record) float64) func(*dist.Dist, *observation) bool {
	return func(d *dist.Dist, r *observation) bool {
		v := ms(r.Record)
		return !r.OK || v == 0 || d.Add(micro(v))
	}
}

// ofTurn is the TTFT of some turns of conversations.
func ofTurn(which func(int) bool) func(*dist.Dist, *observation) bool {
	return func(d *dist.Dist, r *observation) bool {
		return !r.OK || r.TTFTMs == 0 || !which(r.Turn) || d.Add(micro(r.TTFTMs))
	}
}

// ofTokens is a count of successful answers, where it is known: not zero, or a zero that the record says.
func ofTokens(key record.Keys, n func(*record.Record) int) func(*dist.Dist, *observation) bool {
	return func(d *dist.Dist, r *observation) bool {
		v := n(r.Record)
		return !r.OK || v == 0 && !r.Says(key) || d.Add(int64(v))
	}
}

func addTPOT(d *dist.Dist, r *observation) bool {
	return !r.OK || !r.hasTPOT || d.Add(whole(r.tpotMs*nanoseconds))
}

// addITL adds the gaps; where the tokens of each chunk are known, every gap is shared over the tokens of the chunk that
// ends it, in whole µs that sum to the gap. A stream that arrived in one piece has none.
func addITL(d *dist.Dist, r *observation) bool {
	if !r.OK {
		return true
	}
	if r.inOnePiece {
		return plausible(r.ChunkTokens)
	}
	if len(r.ChunkTokens) != len(r.GapUs)+1 {
		return d.AddAll(r.GapUs)
	}
	if !plausible(r.ChunkTokens) {
		d.AddAll(r.GapUs)
		return false
	}
	ok := true
	for i, gap := range r.GapUs {
		if r.ChunkTokens[i+1] < 2 {
			ok = d.Add(gap) && ok
			continue
		}
		n := int64(r.ChunkTokens[i+1])
		ok = d.AddN(gap/n, n-gap%n) && d.AddN(gap/n+1, gap%n) && ok
	}
	return ok
}

// mostChunked is how many tokens the chunks of one answer may count: each has a value of its own.
const mostChunked = 1 << 20

func plausible(chunks []int) bool {
	sum := 0
	for _, n := range chunks {
		if n > mostChunked {
			return false
		}
		sum += max(0, n)
	}
	return sum <= mostChunked
}

func addLatency(d *dist.Dist, r *observation) bool {
	return !r.OK || r.LatencyMs == 0 && !r.Says(record.KeyLatencyMs) || d.Add(micro(r.LatencyMs))
}

// addResponse counts a failure as +∞: its answer never came.
func addResponse(d *dist.Dist, r *observation) bool {
	if !r.OK {
		d.AddInf()
		return true
	}
	return r.LatencyMs == 0 && !r.Says(record.KeyLatencyMs) || d.Add(micro(r.ResponseMs()))
}

func addLag(d *dist.Dist, r *observation) bool {
	ms, ok := r.Lag()
	return !ok || d.Add(micro(ms))
}

// addQueue is for capped load: elsewhere nothing waits for a slot.
func addQueue(d *dist.Dist, r *observation) bool {
	return r.Mode != "capped" || d.Add(micro(r.QueueMs))
}

// addConnect is the whole cost of a new connection.
func addConnect(d *dist.Dist, r *observation) bool {
	v := r.DNSMs + r.ConnectMs + r.TLSMs
	return r.Reused || v == 0 || d.Add(micro(v))
}

func addOutputTokens(d *dist.Dist, r *observation) bool {
	if !r.OK || r.CompletionTokens == 0 && (!generates(r.Record) || r.TokensFrom == "" && !r.Says(record.KeyCompletionTokens)) {
		return true
	}
	return d.Add(int64(r.CompletionTokens))
}

// addUserSpeed is the rate at which one user sees tokens, 1000/TPOT tokens/s.
func addUserSpeed(d *dist.Dist, r *observation) bool {
	if !r.OK || !r.hasTPOT || r.tpotMs <= 0 {
		return true
	}
	return d.Add(whole(min(1000/r.tpotMs, 1e8) * thousandths))
}
