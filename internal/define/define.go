// Package define computes the figures of records as other load generators define them, so that numbers can be compared
// like for like: evalscope, vLLM bench, SGLang, aiperf, guidellm, inference-perf and llmperf.
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

// Definition is how another tool computes its figures. All of them leave failures out; tokens are those of the record,
// whatever the tool would count them with.
type Definition struct {
	Tool    string
	Why     []string // its figures differ from ours
	rule    func(sorted mstats.Float64Data, p float64) float64
	fromDue bool // its clock starts when the first request is due rather than when it is sent
	figures []metric.Metric
}

// ours is what the others are set beside.
func ours() Definition {
	return Definition{Tool: "perf-stats", rule: nearest, fromDue: true, figures: []metric.Metric{
		instant("ttft_ms", "TTFT", ttft),
		own("tpot_ms"),
		own("itl_ms"),
		instant("e2e_ms", "latency", latency),
	}}
}

func own(key string) metric.Metric { return metric.All()[metric.Index(key)] }

// EvalscopeFiles returns evalscope's definitions with all columns of its benchmark_percentile.json, under its names.
func EvalscopeFiles() Definition {
	d := Tools()[0]
	perS := func(key, name string, tokens func(*record.Record) int) metric.Metric {
		return metric.Metric{Key: key, Name: name, Scale: metric.Thousandths, Add: func(d *dist.Dist, r *metric.Observation) bool {
			n := tokens(r.Record)
			return !r.OK || r.LatencyMs <= 0 || d.Add(metric.Whole(float64(n)/r.LatencyMs*1000*metric.Thousandths))
		}}
	}
	tokens := func(key, name string, of func(*record.Record) int) metric.Metric {
		return metric.Metric{Key: key, Name: name, Scale: 1, Add: func(d *dist.Dist, r *metric.Observation) bool { return !r.OK || d.Add(int64(of(r.Record))) }}
	}
	output := func(r *record.Record) int { return r.CompletionTokens }
	input := func(r *record.Record) int { return r.PromptTokens }
	d.figures = append(slices.Clone(d.figures),
		metric.Metric{Key: "decode", Name: "Decode (tok/s)", Scale: metric.Thousandths, Add: func(d *dist.Dist, r *metric.Observation) bool {
			ms, ok := toEnd(r.Record)
			n, known := r.StreamedTokens()
			n--
			return !r.OK || !ok || !known || n < 1 || ms <= 0 || d.Add(metric.Whole(float64(n)/ms*1000*metric.Thousandths))
		}},
		tokens("input_tokens", "Input tokens", input),
		tokens("output_tokens", "Output tokens", output),
		perS("input", "Input (tok/s)", input),
		perS("output", "Output (tok/s)", output),
		perS("total", "Total (tok/s)", func(r *record.Record) int { return input(r) + output(r) }),
	)
	return d
}

// Parse returns the definitions of a tool by its name; all is ours and those of every tool.
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
