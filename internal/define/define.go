// Package define computes figures from records by the definitions of other load generators, so that the numbers of both
// can be compared: evalscope, vLLM bench, SGLang, aiperf, guidellm, inference-perf and llmperf.
//
// Tools disagree on where TPOT ends, on what ITL counts and on how percentiles are interpolated. A Definition is the
// rules of one tool; Records applies several of them to the same records.
package define

import (
	"fmt"
	"slices"
	"strings"

	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
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
	return Definition{Tool: "perf-stats", rule: nearest, fromDue: true, figures: []metric.Metric{
		instant("ttft_ms", "TTFT", ttft),
		own("tpot_ms"),
		own("itl_ms"),
		instant("e2e_ms", "latency", latency),
	}}
}

// own returns the metric of perf-stats with a key.
func own(key string) metric.Metric { return metric.All()[metric.Index(key)] }

// EvalscopeFiles returns evalscope's definitions with the figures of its benchmark_percentile.json, under their names.
func EvalscopeFiles() Definition {
	d := evalscope()
	perS := func(key, name string, tokens func(*record.Record) int) metric.Metric {
		add := func(d *dist.Dist, r *metric.Observation) bool {
			n := tokens(r.Record)
			return !r.OK || r.LatencyMs <= 0 || d.Add(metric.Whole(float64(n)/r.LatencyMs*1000*metric.Thousandths))
		}
		return metric.Metric{Key: key, Name: name, Scale: metric.Thousandths, Add: add}
	}
	tokens := func(key, name string, of func(*record.Record) int) metric.Metric {
		add := func(d *dist.Dist, r *metric.Observation) bool { return !r.OK || d.Add(int64(of(r.Record))) }
		return metric.Metric{Key: key, Name: name, Scale: 1, Add: add}
	}
	decode := func(d *dist.Dist, r *metric.Observation) bool {
		ms, ok := toEnd(r.Record)
		n, known := r.StreamedTokens()
		n--
		return !r.OK || !ok || !known || n < 1 || ms <= 0 || d.Add(metric.Whole(float64(n)/ms*1000*metric.Thousandths))
	}
	output := func(r *record.Record) int { return r.CompletionTokens }
	input := func(r *record.Record) int { return r.PromptTokens }
	d.figures = append(slices.Clone(d.figures),
		metric.Metric{Key: "decode", Name: "Decode (tok/s)", Scale: metric.Thousandths, Add: decode},
		tokens("input_tokens", "Input tokens", input),
		tokens("output_tokens", "Output tokens", output),
		perS("input", "Input (tok/s)", input),
		perS("output", "Output (tok/s)", output),
		perS("total", "Total (tok/s)", func(r *record.Record) int { return input(r) + output(r) }),
	)
	return d
}

// Parse returns the definition of the tool with a name. The name all selects ours and those of every tool.
func Parse(name string) ([]Definition, error) {
	all := append([]Definition{ours()}, Tools()...)
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
