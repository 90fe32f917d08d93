// Package metric is the table of the metrics: the distributions of which perf-stats and perf-plot report the mean and
// the percentiles. An entry defines what a record adds to its distribution, and how gates and comparisons read it. All
// outputs take their metrics from this table; docs/metrics.md has the formulas.
package metric

import (
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Metric is one distribution: of values of the requests, or of the conversations.
type Metric struct {
	Key      string  // its name in JSON and CSV, which ends in its unit; that of the record field, if it is one
	Name     string  // its name in tables
	Scale    float64 // a Dist holds integers: this many to the unit
	Better   Better
	Headline bool // comparisons judge its mean, p50, p90 and p99
	Failing  bool // in a gate a failed request is +∞
	Pooled   bool // a request has many values, which are not independent

	// Add adds the values of a record. It reports false if one is negative or absurd. It is nil for conversations.
	Add func(d *dist.Dist, o *Observation) bool
	// OfConversation returns the value of a conversation, and false for +∞. It is nil for requests.
	OfConversation func(c *Conversation) (v int64, finite bool)
}

// Better is the direction in which a metric improves: the sign of the better difference, or 0 if there is none.
type Better int

// The directions.
const (
	Less    Better = -1
	Neither Better = 0
	More    Better = 1
)

// Conversation is what is known of the turns of one conversation.
type Conversation struct {
	DueUs, EndUs int64 // of the first turn, of the last to end; µs
	AnswerUs     int64 // when the output of the last turn began, µs
	Turns        int64
	Failed       bool // one of its turns
}

// Integers per unit.
const (
	Microseconds = 1e3 // in a ms
	Nanoseconds  = 1e6 // in a ms
	Thousandths  = 1e3
)

// table is every metric, in the order of the tables.
var table = []Metric{
	{Key: "ttft_ms", Name: "TTFT", Scale: Microseconds, Better: Less, Headline: true, Failing: true,
		Add: streamed(func(r *record.Record) float64 { return r.TTFTMs })},
	{Key: "reasoning_ttft_ms", Name: "TTFT, reasoning", Scale: Microseconds, Better: Less,
		Add: streamed(func(r *record.Record) float64 { return r.ReasoningTTFTMs })},
	{Key: "content_ttft_ms", Name: "TTFT, content", Scale: Microseconds, Better: Less,
		Add: streamed(func(r *record.Record) float64 { return r.ContentTTFTMs })},
	{Key: "tool_ttft_ms", Name: "TTFT, tool call", Scale: Microseconds, Better: Less,
		Add: streamed(func(r *record.Record) float64 { return r.ToolTTFTMs })},
	{Key: "first_turn_ttft_ms", Name: "TTFT, first turn", Scale: Microseconds, Better: Less,
		Add: ofTurn(func(turn int) bool { return turn == 1 })},
	{Key: "later_turn_ttft_ms", Name: "TTFT, later turns", Scale: Microseconds, Better: Less,
		Add: ofTurn(func(turn int) bool { return turn > 1 })},
	{Key: "tpot_ms", Name: "TPOT", Scale: Nanoseconds, Better: Less, Headline: true, Failing: true, Add: addTPOT},
	{Key: "itl_ms", Name: "ITL", Scale: Microseconds, Better: Less, Pooled: true, Add: addITL},
	{Key: "latency_ms", Name: "latency", Scale: Microseconds, Better: Less, Failing: true, Add: addLatency},
	{Key: "response_ms", Name: "response time", Scale: Microseconds, Better: Less, Headline: true, Failing: true,
		Add: addResponse},
	{Key: "conversation_ms", Name: "conversation", Scale: Microseconds, Better: Less,
		OfConversation: func(c *Conversation) (int64, bool) { return c.EndUs - c.DueUs, !c.Failed }},
	{Key: "answer_ms", Name: "first answer", Scale: Microseconds, Better: Less,
		OfConversation: func(c *Conversation) (int64, bool) { return c.AnswerUs - c.DueUs, !c.Failed }},
	{Key: "lag_ms", Name: "lag", Scale: Microseconds, Add: addLag}, // the load generator's own
	{Key: "queue_ms", Name: "queue", Scale: Microseconds, Better: Less, Add: addQueue},
	{Key: "connect_ms", Name: "connect", Scale: Microseconds, Better: Less, Add: addConnect},
	{Key: "turns", Name: "turns", Scale: 1,
		OfConversation: func(c *Conversation) (int64, bool) { return c.Turns, true }},
	{Key: "input_tokens", Name: "input tokens", Scale: 1,
		Add: count(record.KeyPromptTokens, func(r *record.Record) int { return r.PromptTokens })},
	{Key: "cached_tokens", Name: "cached tokens", Scale: 1,
		Add: count(record.KeyCachedTokens, func(r *record.Record) int { return r.CachedTokens })},
	{Key: "output_tokens", Name: "output tokens", Scale: 1, Add: addOutputTokens},
	{Key: "reasoning_tokens", Name: "reasoning tokens", Scale: 1,
		Add: count(record.KeyReasoningTokens, func(r *record.Record) int { return r.ReasoningTokens })},
	{Key: "items", Name: "items a request", Scale: 1,
		Add: count(record.KeyItems, func(r *record.Record) int { return r.Items })},
	{Key: "user_tokens_per_s", Name: "tokens/s per user", Scale: Thousandths, Better: More, Add: addUserSpeed},
}

// All returns every metric, in the order of the tables. Callers must not change it.
func All() []Metric { return table }

// Keys returns the key of every metric, in the order of the tables.
func Keys() []string {
	keys := make([]string, len(table))
	for i, m := range table {
		keys[i] = m.Key
	}
	return keys
}

// Index returns the place of a metric in All, or -1 if there is none of that key.
func Index(key string) int {
	return slices.IndexFunc(table, func(m Metric) bool { return m.Key == key })
}
