// Package why attributes the slow tail of a metric to properties of the requests: how long the prompt was and how much
// of it was cached, how many requests were in flight, which server answered, whether the connection was new, and so on.
//
// A Table collects the requests of a load point. Report compares, for each property, the slowest requests with all of
// them, and keeps what a permutation test confirms: the values of the metric are shuffled among the requests, and a
// cause is named only if hardly any shuffle produces as strong a difference in any of the properties. The first cause
// explains most; each further one holds among requests that are equal in the causes before it.
package why

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/record"
)

// Table collects requests. Use New.
type Table struct {
	metric *metric
	rows   []row
	spans  []span // of all requests, failed ones too
}

// row is what is known of one request.
type row struct {
	hash     uint64
	sentUs   int64
	value    float64
	numbers  [numNumbers]float32 // -1: unknown
	words    [numWords]string
	labels   string // key\x00value\x00…
	inFlight int
}

// span is the time during which a request was in flight, µs since the epoch.
type span struct{ from, to int64 }

// The properties that are numbers.
const (
	promptTokens = iota
	cachedShare  // of the prompt
	outputTokens
	serverQueue // ms
	retransmits
	newConnection // 1: yes
	turn
	depth
	numNumbers
)

// The properties that are words.
const (
	url = iota
	shard
	model
	numWords
)

// metric is one whose tail can be explained.
type metric struct {
	key, name string
	value     func(r *record.Record) (float64, bool)
	whole     bool // it includes the time of the output
}

func metrics() []metric {
	return []metric{
		{"ttft_ms", "TTFT", func(r *record.Record) (float64, bool) { return r.TTFTMs, r.Streamed() }, false},
		{"tpot_ms", "TPOT", (*record.Record).TPOT, false},
		{"itl_ms", "longest gap", (*record.Record).LongestGap, false},
		{"latency_ms", "latency", func(r *record.Record) (float64, bool) { return r.LatencyMs, r.LatencyMs > 0 }, true},
		{"response_ms", "response time", func(r *record.Record) (float64, bool) {
			return r.ResponseMs(), r.LatencyMs > 0
		}, true},
	}
}

// Metrics returns the keys of the metrics.
func Metrics() (keys []string) {
	for _, m := range metrics() {
		keys = append(keys, m.key)
	}
	return keys
}

// New returns an empty Table for a metric of Metrics.
func New(key string) *Table {
	all := metrics()
	i := slices.IndexFunc(all, func(m metric) bool { return m.key == key })
	return &Table{metric: &all[max(0, i)]}
}

// Add adds a request.
func (t *Table) Add(r *record.Record) {
	t.spans = append(t.spans, span{r.SentUs, r.EndUs()})
	value, ok := t.metric.value(r)
	if !ok || !r.OK {
		return
	}
	known := func(v float64, ok bool) float32 {
		if !ok {
			return -1
		}
		return float32(v)
	}
	cache := r.Says(record.KeyCachedTokens) && r.PromptTokens > 0
	one := row{hash: xxhash.Sum64String(r.RunID + "\x00" + r.ID), sentUs: r.SentUs, value: value}
	one.numbers = [numNumbers]float32{
		promptTokens: known(float64(r.PromptTokens), r.PromptTokens > 0),
		cachedShare:  known(float64(r.CachedTokens)/float64(max(1, r.PromptTokens)), cache),
		outputTokens: known(float64(r.CompletionTokens), r.CompletionTokens > 0 && t.metric.whole),
		serverQueue:  known(r.ServerQueueMs, r.Says(record.KeyServerQueueMs) && r.ServerDoubt == ""),
		retransmits:  known(float64(r.Retransmits), r.Says(record.KeyRetransmits)),
		turn:         known(float64(r.Turn), r.Turn > 0),
		depth:        known(float64(r.Depth), r.Depth > 0),
	}
	if !r.Reused {
		one.numbers[newConnection] = 1
	}
	one.words = [numWords]string{url: r.URL, shard: r.Shard, model: r.Model}
	var labels strings.Builder
	for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
		labels.WriteString(key + "\x00" + r.Labels[key] + "\x00")
	}
	one.labels = labels.String()
	t.rows = append(t.rows, one)
}

// Merge adds the requests of o.
func (t *Table) Merge(o *Table) {
	if o != nil {
		t.rows, t.spans = append(t.rows, o.rows...), append(t.spans, o.spans...)
	}
}

// maxRows is the number of requests that are examined; of more, a sample.
const maxRows = 20_000

// sorted returns the rows to examine in the order of their starts, with their requests in flight.
func (t *Table) sorted() []row {
	rows := slices.Clone(t.rows)
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.hash, b.hash) })
	rows = rows[:min(len(rows), maxRows)]
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.sentUs, b.sentUs), cmp.Compare(a.hash, b.hash))
	})
	starts, ends := make([]int64, len(t.spans)), make([]int64, len(t.spans))
	for i, s := range t.spans {
		starts[i], ends[i] = s.from, s.to
	}
	slices.Sort(starts)
	slices.Sort(ends)
	begun, ended := 0, 0
	for i := range rows {
		at := rows[i].sentUs
		for begun < len(starts) && starts[begun] < at {
			begun++
		}
		for ended < len(ends) && ends[ended] <= at {
			ended++
		}
		rows[i].inFlight = max(0, begun-ended)
	}
	return rows
}

// labelsOf returns the values of all label keys.
func labelsOf(rows []row) map[string][]string {
	values := map[string][]string{}
	for i := range rows {
		parts := strings.Split(rows[i].labels, "\x00")
		for j := 0; j+1 < len(parts); j += 2 {
			list := values[parts[j]]
			if list == nil {
				list = make([]string, len(rows))
				values[parts[j]] = list
			}
			list[i] = parts[j+1]
		}
	}
	return values
}
