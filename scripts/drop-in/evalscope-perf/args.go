package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/evalscope"
)

// secret is what evalscope writes in place of a secret.
const secret = "**********"

// writeArgs writes benchmark_args.json of a load point: every flag with its value there.
func (j *job) writeArgs(p *evalscope.Point, flags []flag, v values) error {
	args := map[string]any{}
	for _, f := range flags {
		if !f.extra {
			args[strings.ReplaceAll(f.name, "-", "_")] = f.value(v)
		}
	}
	args["model_id"] = filepath.Base(v.one("model", v.one("dataset", "openqa")))
	args["url"] = j.url
	args["apply_chat_template"] = j.chat
	args["number"] = p.Number()
	args["outputs_dir"] = p.Dir
	args["parallel"] = int(p.Concurrency())
	args["rate"] = evalscope.Float(p.Rate())
	args["visualizer"] = nil
	if tracker := visualizer(v); len(tracker) > 0 {
		args["visualizer"] = tracker[0]
	}
	offset, err := strconv.Atoi(v.one("dataset-offset", "0"))
	if err != nil {
		return err
	}
	args["dataset_offset"] = offset + j.before(p, v)
	if headers, ok := args["headers"].(map[string]string); ok && v.has("api-key") {
		headers["Authorization"] = secret
	}
	b, err := json.MarshalIndentWithOption(args, "", "    ", json.DisableHTMLEscape())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "benchmark_args.json"), append(b, '\n'), 0o644)
}

// before returns the number of requests of the load points before p, by which evalscope advances its dataset_offset.
func (j *job) before(p *evalscope.Point, v values) (sum int) {
	levels, of := v["parallel"], p.Concurrency()
	if v.has("open-loop") {
		levels, of = v["rate"], p.Rate()
	}
	for i, text := range v["number"] {
		n, _ := strconv.Atoi(text) // total has parsed them
		if i < len(levels) {
			if level, _ := strconv.ParseFloat(levels[i], 64); level == of && n == p.Number() {
				return sum
			}
		}
		sum += n
	}
	return 0 // one load point, or a search
}

// value returns the value of a flag in benchmark_args.json.
func (f *flag) value(v values) any {
	list, typed := v[f.name]
	switch {
	case !typed && f.kind == pairs:
		return map[string]string{}
	case !typed:
		return f.def
	case strings.HasSuffix(f.name, "api-key"):
		return secret
	case (strings.HasSuffix(f.name, "-args") || f.name == "sla-params") && json.Valid([]byte(list[0])):
		return json.RawMessage(list[0])
	case f.name == "max-tokens" && len(list) == 1:
		return json.Number(list[0])
	}
	switch f.kind {
	case on, onOff:
		return len(list) == 0
	case number:
		return json.Number(list[0])
	case floating:
		n, _ := strconv.ParseFloat(list[0], 64) // check has parsed it
		return evalscope.Float(n)
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
				value = secret
			}
			m[name] = value
		}
		return m
	}
	return list[0]
}
