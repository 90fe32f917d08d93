package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/fault"
)

// point is the folder of one load point, with the figures in it.
type point struct {
	dir     string
	summary map[string]float64
	ranks   []map[string]any // a row for min, each percentile and max
	traces  struct {         // conversations; none where there are no rows
		Count int              `json:"n_traces"`
		Rows  []map[string]any `json:"rows"`
	}
	workload struct {
		Rows []map[string]any `json:"rows"`
	}
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
		for name, into := range map[string]any{
			"benchmark_summary.json": &p.summary, "benchmark_percentile.json": &p.ranks,
			"trace_summary.json": &p.traces, "workload_throughput.json": &p.workload,
		} {
			err := readJSON(filepath.Join(p.dir, name), into)
			if optional := into == &p.traces || into == &p.workload; err != nil && !(optional && errors.Is(err, fs.ErrNotExist)) {
				return nil, err
			}
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
		return fault.Fail("", "%w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fault.Fail("", "%s: %w", file, err)
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
	args["number"] = p.number()
	args["outputs_dir"] = p.dir
	args["parallel"] = p.summary["Concurrency"]
	args["rate"] = p.summary["Request Rate (req/s)"]
	b, err := json.MarshalIndent(args, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, "benchmark_args.json"), append(b, '\n'), 0o644)
}

// number is what was asked for: conversations count as one.
func (p *point) number() float64 {
	if p.traces.Count > 0 {
		return float64(p.traces.Count)
	}
	return p.summary["Total Requests"]
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
