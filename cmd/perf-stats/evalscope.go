package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/goccy/go-json"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// evalscopeRanks are the rows of benchmark_percentile.json between min and max.
func evalscopeRanks() []float64 { return []float64{1, 5, 10, 25, 50, 75, 90, 95, 99} }

// evalscope writes the files that evalscope perf writes of each load point, benchmark_summary.json,
// benchmark_percentile.json, benchmark_data.db, workload_throughput.json, workload_timeline.json and, of conversations,
// trace_summary.json, with its names, its definitions and its rounding, into -o DIR.
func evalscope(in *interrupt, env *cli.Env, f *flags, opt stats.Options) error {
	if len(opt.By) == 1 && opt.By[0].Name == "run" { // a folder for each load point of each run
		opt.By = append(opt.By, stats.RunIDKey())
	}
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	opt.Percentiles = evalscopeRanks()
	defs := []stats.Definition{stats.EvalscopeFiles()}
	dbs := &evalscopeDBs{dir: f.Output, create: f.createPrivate, by: opt.By, warmup: opt.Warmup, open: map[string]*evalscopeDB{}}
	defer dbs.abandon()
	stream.Also(func() func(*record.Record) { return dbs.add })
	runs := &evalscopeRuns{by: opt.By, warmup: opt.Warmup, groups: map[string]*evalscopeRun{}}
	stream.Also(func() func(*record.Record) { return runs.add })
	var parts []*stats.Defined
	stream.Also(func() func(*record.Record) {
		parts = append(parts, stats.NewDefined(defs, opt))
		return parts[len(parts)-1].Add
	})
	if err := read(in.ctx, env, stream, f.Files); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	defined := stats.NewDefined(defs, opt)
	for _, d := range parts {
		defined.Merge(d)
	}
	summary := stream.Collector().Summary()
	seen := map[string]int{} // a sweep may have the same level twice
	byName := map[string]stats.DefinedBlock{}
	for _, d := range defined.Blocks() {
		byName[d.Group] = d
	}
	for i := range summary.Blocks {
		b := &summary.Blocks[i]
		d, ok := byName[groupText(b)]
		if !ok {
			continue // nothing but warm-up
		}
		run := cmp.Or(runs.groups[d.Group], &evalscopeRun{})
		dir := filepath.Join(f.Output, evalscopeDir(b, run))
		if seen[dir]++; seen[dir] > 1 {
			dir += fmt.Sprintf("_%d", seen[dir])
		}
		if err := run.write(env, dir, b, &d); err != nil {
			return err
		}
		if err := dbs.finish(d.Group, dir); err != nil {
			return fault.Fail("", "%s: %w", filepath.Join(dir, "benchmark_data.db"), err)
		}
	}
	return in.err()
}

// groupText joins the values of a group as a DefinedBlock does.
func groupText(b *stats.Block) string {
	s := ""
	for i, v := range b.Group {
		if i > 0 {
			s += ", "
		}
		s += v.Value
	}
	return s
}

// evalscopeDir is the directory of a load point: that of a closed loop has its parallel even where there is a rate, and
// conversations count as one.
func evalscopeDir(b *stats.Block, run *evalscopeRun) string {
	number := b.Requests
	if len(run.sessions) > 0 {
		number = int64(len(run.sessions))
	}
	if b.Rate > 0 && b.Parallel == 0 {
		return fmt.Sprintf("rate_%s_number_%d", strconv.FormatFloat(b.Rate, 'f', -1, 64), number)
	}
	return fmt.Sprintf("parallel_%d_number_%d", max(1, b.Parallel), number)
}

// write writes the JSON files of a load point.
func (run *evalscopeRun) write(env *cli.Env, dir string, b *stats.Block, d *stats.DefinedBlock) error {
	files := pairs{{"benchmark_summary.json", run.summary(b, d)}, {"benchmark_percentile.json", run.percentiles(d)}}
	if len(run.sessions) > 0 {
		files = append(files, pair{"trace_summary.json", run.traces()})
	}
	if len(run.served) > 0 {
		throughput, timeline := run.workloadFiles()
		files = append(files, pair{"workload_throughput.json", throughput}, pair{"workload_timeline.json", timeline})
	}
	for _, f := range files {
		if err := writeIndented(env, filepath.Join(dir, f.key), f.value); err != nil {
			return err
		}
	}
	return nil
}

// pairs is a JSON object whose keys keep their order.
type pairs []pair

type pair struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (p pairs) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, kv := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(kv.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", kv.key, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// rounded is a number with so many decimals, or −1 where there is none, as evalscope writes it.
func rounded(v stats.Num, decimals int) stats.Num {
	if !v.Known() {
		return -1
	}
	scale := math.Pow10(decimals)
	return stats.Num(math.RoundToEven(float64(v)*scale) / scale)
}

// summary is benchmark_summary.json. Where nothing was streamed, the first chunk is the whole answer; embeddings and
// ranking have their input throughput alone.
func (run *evalscopeRun) summary(b *stats.Block, d *stats.DefinedBlock) pairs {
	mean := func(key string, scale stats.Num, decimals int) stats.Num {
		if m := d.Figures.Get(key); m != nil {
			return rounded(m.Mean/scale, decimals)
		}
		return -1
	}
	streamed := int64(0)
	if m := d.Figures.Get("ttft_ms"); m != nil {
		streamed = m.N
	}
	out := pairs{
		{"Test Duration (s)", rounded(d.Duration, 4)},
		{"Concurrency", concurrency(b)},
		{"Request Rate (req/s)", rate(b)},
		{"Total Requests", b.Requests},
		{"Success Requests", b.OK},
		{"Failed Requests", b.Failed},
		{"Stream Requests", streamed},
		{"Non-Stream Requests", b.Requests - streamed},
		{"Req Throughput (req/s)", rounded(d.Requests, 4)},
		{"Avg Latency (s)", mean("e2e_ms", 1000, 4)},
		{"Avg Input Tokens", mean("input_tokens", 1, 4)},
	}
	output, total := rounded(d.Output, 4), rounded(stats.Num(b.InputTokens+b.OutputTokens)/d.Duration, 4)
	ttft, tpot, itl, tokens, input := mean("ttft_ms", 1, 2), mean("tpot_ms", 1, 2), mean("itl_ms", 1, 2), mean("output_tokens", 1, 4), stats.Num(0)
	switch {
	case run.inputOnly:
		output, total, ttft, tpot, itl, tokens, input = 0, 0, 0, 0, 0, 0, run.inputRate()
	case !run.streamed && b.OK > 0:
		ttft, tpot, itl = mean("e2e_ms", 1, 2), 0, 0
	}
	out = append(out,
		pair{"Output Throughput (tok/s)", output},
		pair{"Total Throughput (tok/s)", total},
		pair{"Avg TTFT (ms)", ttft},
		pair{"Avg TPOT (ms)", tpot},
		pair{"Avg ITL (ms)", itl},
		pair{"Avg Output Tokens", tokens},
		pair{"Input Throughput (tok/s)", input},
	)
	if len(run.sessions) > 0 {
		return append(out, run.turns(b.CacheHit)...)
	}
	if b.CacheHit.Known() {
		out = append(out, pair{"KV Cache Hit Rate (%)", rounded(100*b.CacheHit, 4)})
	}
	return out
}

func concurrency(b *stats.Block) int {
	if b.Parallel > 0 {
		return b.Parallel
	}
	return -1
}

func rate(b *stats.Block) stats.Num {
	if b.Rate > 0 {
		return stats.Num(b.Rate)
	}
	return -1
}

// percentiles has a row for each rank and a column for each distribution; null where evalscope has NaN.
func (run *evalscopeRun) percentiles(d *stats.DefinedBlock) []pairs {
	ttft, tpot := "ttft_ms", "tpot_ms"
	if !run.streamed {
		ttft, tpot = "e2e_ms", ""
	}
	type column struct {
		name, key string
		scale     stats.Num
	}
	columns := []column{
		{"Latency (s)", "e2e_ms", 1000}, {"TTFT (ms)", ttft, 1}, {"ITL (ms)", "itl_ms", 1}, {"TPOT (ms)", tpot, 1},
		{"Input tokens", "input_tokens", 1}, {"Output tokens", "output_tokens", 1},
		{"Output (tok/s)", "output", 1}, {"Total (tok/s)", "total", 1}, {"Decode (tok/s)", "decode", 1},
	}
	if run.inputOnly {
		columns = []column{columns[0], columns[4], {"Input (tok/s)", "input", 1}}
	}
	row := func(label string, of func(*stats.Metric) stats.Num) pairs {
		out := pairs{{"Percentiles", label}}
		for _, c := range columns {
			v := stats.Num(math.NaN())
			if m := d.Figures.Get(c.key); m != nil {
				v = rounded(of(m)/c.scale, 4)
			} else if c.key == "" && len(run.served) > 0 {
				v = 0 // evalscope's TPOT of what was not streamed
			}
			out = append(out, pair{c.name, v})
		}
		return out
	}
	rows := []pairs{row("min", func(m *stats.Metric) stats.Num { return m.Min })}
	for _, p := range evalscopeRanks() {
		rows = append(rows, row(fmt.Sprintf("%v%%", p), func(m *stats.Metric) stats.Num { return stats.Num(m.At(p)) }))
	}
	return append(rows, row("max", func(m *stats.Metric) stats.Num { return m.Max }))
}

func writeIndented(env *cli.Env, path string, v any) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.Fail("", "%w", err)
	}
	text, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		return err
	}
	out := env.Create(path)
	defer out.Abort()
	if _, err := out.Write(text); err != nil {
		return err
	}
	return out.Commit()
}
