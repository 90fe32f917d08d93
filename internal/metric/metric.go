// Package metric defines the metrics: the distributions, such as TTFT, of which perf-stats and perf-plot report the
// mean and the percentiles. They are a table. An entry defines which values a record adds to the distribution, and how
// gates and comparisons treat it. All outputs take their metrics from this table; docs/metrics.md has the formulas.
package metric

import (
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Metric defines one distribution, of values of requests or of conversations.
type Metric struct {
	Key      string  // name in JSON and CSV, with the unit as its suffix; that of the record field, if there is one
	Name     string  // name in tables
	Scale    float64 // integers in the Dist per unit of the metric
	Better   Better
	Headline bool // comparisons judge its mean, p50, p90 and p99
	Failing  bool // gates count a failed request as +∞
	Pooled   bool // a request has many values, which are not independent

	// Add adds the values of a record, in integers of 1/Scale. It reports false if a Dist rejects any of them. It is nil
	// for metrics of conversations.
	Add func(d *dist.Dist, o *Observation) bool
	// OfConversation returns the value of a conversation, in integers of 1/Scale, and false for +∞. It is nil for metrics
	// of requests.
	OfConversation func(c *Conversation) (v int64, finite bool)
}

// Better is the sign of a change that improves a metric, or 0 if neither direction does.
type Better int

// The directions of improvement.
const (
	Less Better = -1
	More Better = 1
)

// Conversation summarizes the turns of one conversation. Times are in µs since the epoch.
type Conversation struct {
	DueUs    int64 // when the first turn was due
	EndUs    int64 // when the last turn to end did
	AnswerUs int64 // when the output of the last turn began
	Turns    int64
	Failed   bool // a turn failed

	// The critical path leads from the turn that ended last back to the first one: before each turn on it comes the one
	// that it waited for longest.
	ServerUs int64 // its turns' response times
	WaitUs   int64 // the time between them, for tools and users
	Path     int64 // its turns
}

// The scales of metrics, in integers per unit.
const (
	Microseconds = 1e3 // per ms
	Nanoseconds  = 1e6 // per ms
	Thousandths  = 1e3 // per 1
)

// table holds every metric, in order of output.
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
		Add: ofDepth(func(depth int) bool { return depth == 1 })},
	{Key: "later_turn_ttft_ms", Name: "TTFT, later turns", Scale: Microseconds, Better: Less,
		Add: ofDepth(func(depth int) bool { return depth > 1 })},
	{Key: "tpot_ms", Name: "TPOT", Scale: Nanoseconds, Better: Less, Headline: true, Failing: true, Add: addTPOT},
	{Key: "itl_ms", Name: "ITL", Scale: Microseconds, Better: Less, Pooled: true, Add: addITL},
	{Key: "latency_ms", Name: "latency", Scale: Microseconds, Better: Less, Failing: true, Add: addLatency},
	{Key: "response_ms", Name: "response time", Scale: Microseconds, Better: Less, Headline: true, Failing: true,
		Add: addResponse},
	{Key: "conversation_ms", Name: "conversation", Scale: Microseconds, Better: Less,
		OfConversation: func(c *Conversation) (int64, bool) { return c.EndUs - c.DueUs, !c.Failed }},
	{Key: "answer_ms", Name: "first answer", Scale: Microseconds, Better: Less,
		OfConversation: func(c *Conversation) (int64, bool) { return c.AnswerUs - c.DueUs, !c.Failed }},
	{Key: "conversation_server_ms", Name: "conversation, server", Scale: Microseconds, Better: Less,
		OfConversation: func(c *Conversation) (int64, bool) { return c.ServerUs, !c.Failed }},
	{Key: "conversation_wait_ms", Name: "conversation, tools", Scale: Microseconds,
		OfConversation: func(c *Conversation) (int64, bool) { return c.WaitUs, !c.Failed }},
	{Key: "lag_ms", Name: "lag", Scale: Microseconds, Add: addLag}, // the load generator's own
	{Key: "queue_ms", Name: "queue", Scale: Microseconds, Better: Less, Add: addQueue},
	{Key: "connect_ms", Name: "connect", Scale: Microseconds, Better: Less, Add: addConnect},
	{Key: "turns", Name: "turns", Scale: 1,
		OfConversation: func(c *Conversation) (int64, bool) { return c.Turns, true }},
	{Key: "path_turns", Name: "turns on the critical path", Scale: 1,
		OfConversation: func(c *Conversation) (int64, bool) { return c.Path, true }},
	{Key: "input_tokens", Name: "input tokens", Scale: 1,
		Add: count(record.KeyPromptTokens, func(r *record.Record) int { return r.PromptTokens })},
	{Key: "cached_tokens", Name: "cached tokens", Scale: 1,
		Add: addCached},
	{Key: "output_tokens", Name: "output tokens", Scale: 1, Add: addOutputTokens},
	{Key: "reasoning_tokens", Name: "reasoning tokens", Scale: 1,
		Add: count(record.KeyReasoningTokens, func(r *record.Record) int { return r.ReasoningTokens })},
	{Key: "items", Name: "items a request", Scale: 1,
		Add: count(record.KeyItems, func(r *record.Record) int { return r.Items })},
	{Key: "user_tokens_per_s", Name: "tokens/s per user", Scale: Thousandths, Better: More, Add: addUserSpeed},
}

// All returns every metric, in order of output. The caller must not modify the result.
func All() []Metric { return table }

// Keys returns the key of every metric, in order of output.
func Keys() []string {
	keys := make([]string, len(table))
	for i, m := range table {
		keys[i] = m.Key
	}
	return keys
}

// Index returns the index in All of the metric with a key, or -1 if there is none.
func Index(key string) int {
	return slices.IndexFunc(table, func(m Metric) bool { return m.Key == key })
}
