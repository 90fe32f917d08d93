package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/evalscope"
)

// writeArgs writes benchmark_args.json of a load point: every flag with its value there.
func (j *job) writeArgs(p *evalscope.Point, flags []flag, v values) error {
	args := map[string]any{}
	for _, f := range flags {
		args[strings.ReplaceAll(f.name, "-", "_")] = f.value(v)
	}
	args["model_id"] = filepath.Base(v.one("model", ""))
	args["apply_chat_template"] = j.chat
	args["number"] = p.Number()
	args["outputs_dir"] = p.Dir
	args["parallel"] = p.Concurrency()
	args["rate"] = p.Rate()
	b, err := json.MarshalIndent(args, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "benchmark_args.json"), append(b, '\n'), 0o644)
}

// value returns the value of a flag in benchmark_args.json.
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
