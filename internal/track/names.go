package track

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
)

// figure is a number of a block under its name in trackers.
type figure struct {
	name  string
	value float64
}

// axisName is the name of the count that the values of a load point are drawn over.
const axisName = "Total Requests"

// distribution is a metric with its name in evalscope's percentile table. One unit there is scale units here.
type distribution struct {
	key, name string
	scale     float64
	running   bool // percentiles are logged while records arrive
}

func distributions() []distribution {
	return []distribution{
		{"ttft_ms", "TTFT (ms)", 1, true},
		{"itl_ms", "ITL (ms)", 1, true},
		{"tpot_ms", "TPOT (ms)", 1, true},
		{"user_tokens_per_s", "Decode (tok/s)", 1, false},
		{"latency_ms", "Latency (s)", 1000, true},
		{"response_ms", "Response Time (s)", 1000, true},
		{"input_tokens", "Input tokens", 1, false},
		{"output_tokens", "Output tokens", 1, false},
	}
}

// The names of a load point's level in evalscope.
const (
	concurrency = "Concurrency"
	requestRate = "Request Rate (req/s)"
)

// figures returns the running metrics of a block: those of evalscope's benchmark_summary.json with its names, units and
// order, then those that evalscope lacks. Unknown ones are left out.
func figures(b *stats.Block) []figure {
	var out []figure
	add := func(name string, v dist.Num, scale float64) {
		if v.Known() {
			out = append(out, figure{name, scaled(v, scale)})
		}
	}
	mean := func(name, key string, scale float64) {
		if m := b.Metrics.Get(key); m != nil {
			add(name, m.Mean, scale)
		}
	}
	add("Test Duration (s)", b.DurationS, 1)
	if b.Parallel > 0 {
		add(concurrency, dist.Num(b.Parallel), 1)
	}
	if b.Rate > 0 {
		add(requestRate, dist.Num(b.Rate), 1)
	}
	add(axisName, dist.Num(b.Requests), 1)
	add("Success Requests", dist.Num(b.OK), 1)
	add("Failed Requests", dist.Num(b.Failed), 1)
	add("Req Throughput (req/s)", b.RequestsPerS, 1)
	mean("Avg Latency (s)", "latency_ms", 1000)
	mean("Avg Input Tokens", "input_tokens", 1)
	if b.OutputTokens > 0 {
		add("Output Throughput (tok/s)", b.OutputPerS, 1)
	}
	if b.InputTokens > 0 {
		add("Input Throughput (tok/s)", b.InputPerS, 1)
		add("Total Throughput (tok/s)", b.TotalPerS, 1)
	}
	mean("Avg TTFT (ms)", "ttft_ms", 1)
	mean("Avg TPOT (ms)", "tpot_ms", 1)
	mean("Avg ITL (ms)", "itl_ms", 1)
	mean("Avg Output Tokens", "output_tokens", 1)
	add("KV Cache Hit Rate (%)", b.CacheHit, 0.01)
	mean("Avg First-Turn TTFT (ms)", "first_turn_ttft_ms", 1)
	mean("Avg Subsequent-Turn TTFT (ms)", "later_turn_ttft_ms", 1)
	add("Avg Decoded Tok/Iter", b.ChunkTokens, 1)

	mean("Avg Response Time (s)", "response_ms", 1000)
	add("Success Rate (%)", b.SuccessRate, 0.01)
	add("Requests in Flight", b.InFlight, 1)
	if b.Goodput != nil {
		add("Goodput (req/s)", b.Goodput.PerS, 1)
		add("Goodput (%)", b.Goodput.Share, 0.01)
	}
	return out
}

// tails returns the percentiles that are logged while records arrive: P99 TTFT (ms) and so on.
func tails(b *stats.Block) []figure {
	var out []figure
	for _, d := range distributions() {
		m := b.Metrics.Get(d.key)
		if m == nil || !d.running {
			continue
		}
		for _, p := range m.Percentiles {
			if p.Value.Known() {
				out = append(out, figure{"P" + number(p.P) + " " + d.name, scaled(p.Value, d.scale)})
			}
		}
	}
	return out
}

// scaled returns v, rounded as in the JSON of perf-stats, in units of scale. Nine decimals of a second are six of a
// millisecond.
func scaled(v dist.Num, scale float64) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Round()/scale, 'f', 9, 64), 64) // a formatted float always parses
	return f
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// simulated marks everything that is made from records of the built-in simulator.
const simulated = "SIMULATED"

// headlines returns the names of the eight figures that most users look for.
func headlines(b *stats.Block) []string {
	tail := ""
	if m := b.Metrics.Get("latency_ms"); m != nil {
		for _, p := range m.Percentiles {
			if tail == "" || p.P <= 99 {
				tail = "P" + number(p.P) + " "
			}
		}
	}
	return []string{
		"Output Throughput (tok/s)", "Req Throughput (req/s)", "Avg TTFT (ms)", tail + "TTFT (ms)", "Avg TPOT (ms)",
		"Avg Latency (s)", tail + "Latency (s)", "Success Rate (%)",
	}
}

// headlinesFirst sorts the headlines to the front, where trackers show them.
func headlinesFirst(all []figure, b *stats.Block) []figure {
	first := headlines(b)
	place := func(f figure) int {
		if i := slices.Index(first, f.name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(all, func(a, b figure) int { return cmp.Compare(place(a), place(b)) })
	return all
}

// nameLimit limits the characters of the name of a point and a metric together, as trackers do. pointLimit leaves space
// for the longest name of a metric.
const (
	nameLimit  = 250
	pointLimit = nameLimit - 60
)

// shortened returns a name of at most limit characters. A hash keeps it different from others.
func shortened(name string, limit int) string {
	r := []rune(name)
	if len(r) <= limit {
		return name
	}
	sum := fmt.Sprintf("_%016x", xxhash.Sum64String(name))
	return string(r[:limit-len(sum)]) + sum
}

// pointName returns the name of a block, which distinguishes it from the others.
func pointName(b *stats.Block) string {
	var parts []string
	for _, v := range b.Group {
		switch {
		case v.Value == "":
		case v.Key == "run":
			parts = append(parts, v.Value)
		default:
			parts = append(parts, v.Key+"="+v.Value)
		}
	}
	name := shortened(strings.Join(parts, " "), pointLimit)
	if b.Simulated {
		name = strings.TrimSpace(name + " " + simulated)
	}
	return name
}

// level returns the load that a sweep varies. The name is "" if the records do not have it.
func level(b *stats.Block) (name string, value float64) {
	switch {
	case b.Rate > 0:
		return requestRate, b.Rate
	case b.Parallel > 0:
		return concurrency, float64(b.Parallel)
	}
	return "", 0
}
