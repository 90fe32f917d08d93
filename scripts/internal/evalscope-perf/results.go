package main

import (
	"cmp"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"llmperf/internal/cli"
	"llmperf/internal/table"
)

// point is the folder of one load point, with the figures in it.
type point struct {
	dir     string
	summary map[string]float64
	ranks   []map[string]any // a row for min, each percentile and max
}

// readPoints reads the folders that perf-stats has written, by level.
func readPoints(dir string) ([]point, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "benchmark_summary.json"))
	if err != nil {
		return nil, err
	}
	var points []point
	for _, file := range files {
		p := point{dir: filepath.Dir(file)}
		if err := readJSON(file, &p.summary); err != nil {
			return nil, err
		}
		if err := readJSON(filepath.Join(p.dir, "benchmark_percentile.json"), &p.ranks); err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	slices.SortStableFunc(points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.summary["Concurrency"], b.summary["Concurrency"]),
			cmp.Compare(a.summary["Request Rate (req/s)"], b.summary["Request Rate (req/s)"]))
	})
	return points, nil
}

func readJSON(file string, into any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return cli.Fail("", "%w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return cli.Fail("", "%s: %w", file, err)
	}
	return nil
}

// writeArgs writes benchmark_args.json: every flag with its value at this point.
func (p *point) writeArgs(j *job, flags []flag, v values) error {
	args := map[string]any{}
	for _, f := range flags {
		args[strings.ReplaceAll(f.name, "-", "_")] = f.value(v)
	}
	args["model_id"] = filepath.Base(v.one("model", ""))
	args["apply_chat_template"] = j.chat
	args["number"] = p.summary["Total Requests"]
	args["parallel"] = p.summary["Concurrency"]
	args["rate"] = p.summary["Request Rate (req/s)"]
	b, err := json.MarshalIndent(args, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, "benchmark_args.json"), append(b, '\n'), 0o644)
}

// value is what benchmark_args.json says of a flag.
func (f *flag) value(v values) any {
	list, typed := v[f.name]
	switch {
	case !typed:
		return f.def
	case strings.HasSuffix(f.name, "api-key"):
		return "***"
	case strings.HasSuffix(f.name, "-args") && json.Valid([]byte(list[0])):
		return json.RawMessage(list[0])
	case f.name == "max-tokens" && len(list) == 1:
		return json.Number(list[0])
	}
	switch f.kind {
	case on, onOff:
		return len(list) == 0
	case number:
		return json.Number(list[0])
	case numbers:
		var all []json.Number
		for _, w := range list {
			all = append(all, json.Number(w))
		}
		return all
	case words:
		return list
	case pairs:
		m := map[string]string{}
		for _, w := range list {
			name, value, _ := strings.Cut(w, "=")
			if secretHeader(name) {
				value = "***"
			}
			m[name] = value
		}
		return m
	}
	return list[0]
}

// report prints evalscope's closing tables, on stdout and into performance_summary.txt.
func report(env *cli.Env, dir string, v values, points []point) error {
	file, err := os.Create(filepath.Join(dir, "performance_summary.txt"))
	if err != nil {
		return cli.Fail("", "%w", err)
	}
	defer file.Close()
	w := io.MultiWriter(env.Stdout, file)
	for _, t := range []*table.Table{basic(dir, v, points), overview(points), perRequest(points)} {
		if err := t.Text(w); err != nil {
			return err
		}
	}
	return file.Close()
}

func basic(dir string, v values, points []point) *table.Table {
	tokens, seconds := 0.0, 0.0
	for _, p := range points {
		seconds += p.summary["Test Duration (s)"]
		tokens += p.summary["Test Duration (s)"] * p.summary["Output Throughput (tok/s)"]
	}
	t := &table.Table{Title: "Basic Information", Rows: [][]string{
		{"Model", v.one("model", "")}, {"Alias", v.one("alias", "")}, {"Dataset", v.one("dataset", "openqa")}, {"API", v.one("api", "openai")},
		{"Endpoint", v.one("url", "")}, {"Total Generated", decimal(tokens, 0) + " tokens"}, {"Total Time", decimal(seconds, 2) + " s"},
		{"Avg Output Rate", decimal(tokens/seconds, 2) + " tokens/s"}, {"Output Path", dir},
	}}
	t.Rows = slices.DeleteFunc(t.Rows, func(row []string) bool { return row[1] == "" })
	return t
}

func overview(points []point) *table.Table {
	t := &table.Table{Title: "Performance Overview", Header: []string{"Conc.", "Rate", "Num", "RPS", "Gen/s", "Success"}}
	for _, p := range points {
		s := p.summary
		t.Rows = append(t.Rows, append(p.level(), decimal(s["Total Requests"], 0), decimal(s["Req Throughput (req/s)"], 2),
			decimal(s["Output Throughput (tok/s)"], 2), decimal(100*s["Success Requests"]/s["Total Requests"], 1)+"%"))
	}
	return t
}

// level is the load as evalscope writes it: INF where there is no limit.
func (p *point) level() []string {
	level := []string{decimal(p.summary["Concurrency"], 0), decimal(p.summary["Request Rate (req/s)"], 2)}
	for i := range level {
		if strings.HasPrefix(level[i], "-") {
			level[i] = "INF"
		}
	}
	return level
}

// perRequest has the averages from the summary and the ranks from the percentiles.
func perRequest(points []point) *table.Table {
	t := &table.Table{Title: "Per-Request Metrics", Header: []string{"Metric", "Conc.", "Rate", "avg", "p50", "p99", "max"}}
	for _, m := range []struct{ name, mean, rank string }{
		{"Latency (s)", "Avg Latency (s)", "Latency (s)"}, {"TTFT (ms)", "Avg TTFT (ms)", "TTFT (ms)"},
		{"TPOT (ms)", "Avg TPOT (ms)", "TPOT (ms)"}, {"Input Tokens", "Avg Input Tokens", "Input tokens"},
		{"Output Tokens", "Avg Output Tokens", "Output tokens"},
	} {
		for _, p := range points {
			if p.summary[m.mean] <= 0 {
				continue // an embedding has no TTFT
			}
			row := append(append([]string{m.name}, p.level()...), decimal(p.summary[m.mean], 2))
			for _, label := range []string{"50%", "99%", "max"} {
				row = append(row, p.rank(label, m.rank))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func (p *point) rank(label, column string) string {
	for _, row := range p.ranks {
		if f, ok := row[column].(float64); ok && row["Percentiles"] == label {
			return decimal(f, 2)
		}
	}
	return "-"
}

func decimal(f float64, places int) string { return strconv.FormatFloat(f, 'f', places, 64) }
