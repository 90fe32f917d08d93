// Package define computes figures from records by the definitions of other load generators, so that the numbers of both
// can be compared: evalscope, vLLM bench, SGLang, aiperf, guidellm, inference-perf and llmperf.
//
// Tools disagree on where TPOT ends, on what ITL counts and on how percentiles are interpolated. A Definition is the
// rules of one tool; Records applies several of them to the same records.
package define

import (
	"fmt"
	"strings"

	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/metric"
)

// Definition holds the rules by which a tool computes its figures. All tools exclude failed requests. Token counts are
// those of the record, although some tools count tokens with a tokenizer of their own.
type Definition struct {
	Tool    string
	Why     []string                                           // the reasons why its figures differ from ours
	rule    func(sorted mstats.Float64Data, p float64) float64 // returns percentile p
	fromDue bool                                               // the run starts when the first request is due, not sent
	seconds bool                                               // it has Peaks, by the second
	figures []metric.Metric
}

// ours returns the definitions of perf-stats, for comparison.
func ours() Definition {
	return Definition{
		Tool: "perf-stats", rule: nearest, fromDue: true,
		Why: []string{
			"a stream that arrived in one piece has no TPOT and no ITL; the other tools count its zeros",
			"ITL shares the gap of a chunk among its tokens, if the server reports their number",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			own("tpot_ms"),
			own("itl_ms"),
			instant("e2e_ms", "latency", latency),
		},
	}
}

// own returns the metric of perf-stats with a key.
func own(key string) metric.Metric { return metric.All()[metric.Index(key)] }

// Names returns the names that Parse accepts, except our own.
func Names() []string {
	names := []string{"all"}
	for _, d := range tools() {
		names = append(names, d.Tool)
	}
	return names
}

// Parse returns the definition of the tool with a name. The name all selects ours and those of every tool.
func Parse(name string) ([]Definition, error) {
	all := append([]Definition{ours()}, tools()...)
	if name == "all" {
		return all, nil
	}
	var tools []string
	for _, d := range all {
		if d.Tool == name {
			return []Definition{d}, nil
		}
		tools = append(tools, d.Tool)
	}
	return nil, fmt.Errorf("no definitions of %q: there are all, %s", name, strings.Join(tools, ", "))
}
