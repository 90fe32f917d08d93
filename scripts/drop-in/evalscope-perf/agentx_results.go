package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// results writes evalscope's agentx_summary.json of each load point, and agentx_sweep_summary.json.
func (x *agentX) results(env *cli.Env, j *job, dir string, log *runLog) error {
	records := filepath.Join(dir, "records.jsonl")
	figures := func(args ...string) *stage {
		return &stage{"perf-stats", slices.Concat(args, []string{"--format", "json", "--percentiles", "1", "5", "10", "25",
			"50", "75", "90", "95", "99", "--", records})}
	}
	var theirs, ours bytes.Buffer
	for _, s := range []struct {
		*stage
		out io.Writer
	}{{j.page(dir), env.Stdout}, {figures("--define", "aiperf"), &theirs}, {figures("--no-state"), &ours}} {
		if err := s.run(s.out, env.Stderr, dir); err != nil {
			return err
		}
	}
	all, err := x.summaries(theirs.Bytes(), ours.Bytes())
	if err != nil {
		return fault.Fail("the records are in "+dir, "%w", err)
	}
	base, sweep := filepath.Join(dir, "agentx_"+x.Variant), map[string]*agentXSummary{}
	for _, s := range all {
		name := "parallel_" + strconv.Itoa(s.Concurrency)
		s.Artifacts = dir
		s.Command = slices.Concat([]string{"perf-gen"}, j.gen.args, []string{"|", "perf-send"}, j.send.args)
		if err := writeIndented(filepath.Join(base, name, "agentx_summary.json"), s); err != nil {
			return err
		}
		sweep[name] = s
		log.say(s.line(name))
		fmt.Fprintln(env.Stdout, s.line(name))
	}
	return writeIndented(filepath.Join(base, "agentx_sweep_summary.json"), sweep)
}

func writeIndented(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fault.Fail("", "%w", err)
	}
	return nil
}

// agentXSummary is evalscope's summary of a run of AgentX.
type agentXSummary struct {
	Schema       string                  `json:"schema_version"`
	Status       string                  `json:"status"`
	Scenario     *agentX                 `json:"scenario"`
	Concurrency  int                     `json:"concurrency"`
	Duration     float64                 `json:"duration"`
	Seed         int64                   `json:"seed"`
	AIPerf       *string                 `json:"aiperf_version"`
	AIPerfSchema *string                 `json:"aiperf_schema_version"`
	Dataset      agentXDataset           `json:"dataset"`
	Valid        bool                    `json:"submission_valid"`
	AIPerfValid  *bool                   `json:"aiperf_submission_valid"`
	Reasons      []string                `json:"aiperf_submission_invalid_reasons"`
	Revalidated  bool                    `json:"mirror_revalidated"`
	Metrics      map[string]agentXMetric `json:"metrics"`
	Derived      map[string]agentXMetric `json:"derived_metrics"`
	Errors       []map[string]any        `json:"error_summary"`
	Artifacts    string                  `json:"raw_artifact_dir"`
	Raw          *string                 `json:"raw_summary_file"`
	Command      []string                `json:"command"`
}

// agentXMetric is a metric under aiperf's name. A statistic that is absent is null.
type agentXMetric struct {
	Unit  string   `json:"unit"`
	Avg   *float64 `json:"avg"`
	Min   *float64 `json:"min"`
	Max   *float64 `json:"max"`
	SD    *float64 `json:"std"`
	P1    *float64 `json:"p1"`
	P5    *float64 `json:"p5"`
	P10   *float64 `json:"p10"`
	P25   *float64 `json:"p25"`
	P50   *float64 `json:"p50"`
	P75   *float64 `json:"p75"`
	P90   *float64 `json:"p90"`
	P95   *float64 `json:"p95"`
	P99   *float64 `json:"p99"`
	Count *int64   `json:"count"`
	Sum   *float64 `json:"sum"`

	From    string `json:"source_metric,omitempty"`
	Divisor int    `json:"divisor,omitempty"`
	By      string `json:"derived_by,omitempty"`
}

// agentXStat is a distribution as perf-stats writes it.
type agentXStat struct {
	N                                                             int64
	Mean, SD, Min, Max, P1, P5, P10, P25, P50, P75, P90, P95, P99 *float64
}

func (s agentXStat) metric(unit string) agentXMetric {
	return agentXMetric{Unit: unit, Avg: s.Mean, Min: s.Min, Max: s.Max, SD: s.SD, P1: s.P1, P5: s.P5, P10: s.P10,
		P25: s.P25, P50: s.P50, P75: s.P75, P90: s.P90, P95: s.P95, P99: s.P99, Count: &s.N}
}

// agentXFigures are the figures of a load point, by aiperf's definitions or by those of perf-stats.
type agentXFigures struct {
	Run       string
	Figures   map[string]agentXStat // by aiperf's definitions
	Metrics   map[string]agentXStat
	OK        *float64
	Failed    *float64
	CacheHit  *float64 `json:"cache_hit"`
	DurationS *float64 `json:"duration_s"`
	Requests  *float64 `json:"requests_per_s"`
	Output    *float64 `json:"output_tokens_per_s"`
	Total     *float64 `json:"total_tokens_per_s"`
	Errors    []struct {
		Kind, Example string
		Count         int64
	}
}

// summaries returns the summaries of all load points, from the output of perf-stats by both definitions.
func (x *agentX) summaries(theirs, ours []byte) (all []*agentXSummary, err error) {
	var defined, own struct{ Blocks []agentXFigures }
	if err := json.Unmarshal(theirs, &defined); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(ours, &own); err != nil {
		return nil, err
	}
	if len(defined.Blocks) != len(own.Blocks) {
		return nil, fmt.Errorf("%d load points by aiperf's definitions, and %d otherwise", len(defined.Blocks),
			len(own.Blocks))
	}
	for i := range own.Blocks {
		b := &own.Blocks[i]
		level, err := strconv.Atoi(strings.TrimPrefix(b.Run, "parallel="))
		if err != nil {
			return nil, fmt.Errorf("the load point %q is not a number of sessions", b.Run)
		}
		s := &agentXSummary{Schema: "1.0", Status: "completed", Scenario: x, Concurrency: level, Duration: x.duration,
			Seed: x.seed, Dataset: x.dataset, Reasons: []string{"not_replayed_by_aiperf"},
			Metrics: map[string]agentXMetric{}, Derived: map[string]agentXMetric{}, Errors: []map[string]any{}}
		for _, e := range b.Errors {
			s.Errors = append(s.Errors, map[string]any{"message": e.Example, "type": e.Kind, "count": e.Count})
		}
		s.measure(&defined.Blocks[i], b)
		s.perGPU(x.GPUs)
		all = append(all, s)
	}
	return all, nil
}

// measure sets the metrics.
func (s *agentXSummary) measure(theirs, ours *agentXFigures) {
	if ours.CacheHit != nil {
		*ours.CacheHit *= 100
	}
	for _, m := range []struct {
		name, unit string
		value      *float64
	}{
		{"request_count", "requests", ours.OK}, {"error_request_count", "requests", ours.Failed},
		{"overall_usage_prompt_cache_read_pct", "%", ours.CacheHit}, {"benchmark_duration", "sec", theirs.DurationS},
		{"request_throughput", "requests/sec", theirs.Requests}, {"output_token_throughput", "tokens/sec", theirs.Output},
		{"total_token_throughput", "tokens/sec", theirs.Total},
	} {
		if m.value != nil {
			s.Metrics[m.name] = agentXMetric{Unit: m.unit, Avg: m.value}
		}
	}
	for _, m := range []struct {
		name, unit, key string
		from            map[string]agentXStat
	}{
		{"time_to_first_token", "ms", "ttft_ms", theirs.Figures}, {"inter_token_latency", "ms", "itl_ms", theirs.Figures},
		{"inter_chunk_latency", "ms", "icl_ms", theirs.Figures}, {"request_latency", "ms", "e2e_ms", theirs.Figures},
		{"input_sequence_length", "tokens", "input_tokens", ours.Metrics},
		{"output_sequence_length", "tokens", "output_tokens", ours.Metrics},
		{"output_token_throughput_per_user", "tokens/sec/user", "user_tokens_per_s", ours.Metrics},
	} {
		if stat, ok := m.from[m.key]; ok {
			s.Metrics[m.name] = stat.metric(m.unit)
		}
	}
}

// perGPU derives the throughput per GPU.
func (s *agentXSummary) perGPU(gpus *int) {
	if gpus == nil {
		return
	}
	for _, name := range []string{"request_throughput", "output_token_throughput"} {
		if m, ok := s.Metrics[name]; ok {
			v := *m.Avg / float64(*gpus)
			s.Derived[name+"_per_gpu"] = agentXMetric{Unit: m.Unit + "/GPU", Avg: &v, From: name, Divisor: *gpus,
				By: "evalscope"}
		}
	}
}

// line returns evalscope's closing line of a run.
func (s *agentXSummary) line(name string) string {
	var parts []string
	for _, key := range []string{"request_throughput", "output_token_throughput", "output_token_throughput_per_user",
		"time_to_first_token", "inter_token_latency", "request_latency", "request_count", "error_request_count"} {
		if m, ok := s.Metrics[key]; ok && m.Avg != nil {
			parts = append(parts, fmt.Sprintf("%s=%.6g %s", key, *m.Avg, m.Unit))
		}
	}
	return fmt.Sprintf("AgentX %s: submission_valid=%t; %s", name, s.Valid, strings.Join(parts, ", "))
}
