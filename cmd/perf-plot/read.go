package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"llmperf/internal/cli"
	"llmperf/internal/jsonl"
	"llmperf/internal/record"
	"llmperf/internal/stats"
)

// source is what one file, or stdin, held.
type source struct {
	name  string
	stats *stats.Collector
}

// read gathers the records of every file.
func read(ctx context.Context, env *cli.Env, f *flags) ([]*source, error) {
	files := f.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	var inputs []*source
	skipped := 0
	for _, path := range files {
		in := &source{name: inputName(path), stats: stats.New(stats.Options{Percentiles: curvePercentiles(), DropFailures: true})}
		n, err := readFile(ctx, env, path, in, f.OnBadLine == "skip")
		if err != nil {
			return nil, err
		}
		skipped += n
		inputs = append(inputs, in)
	}
	if skipped > 0 {
		env.Say("%d lines that are no records were left out", skipped)
	}
	return inputs, nil
}

func readFile(ctx context.Context, env *cli.Env, path string, in *source, skip bool) (skipped int, err error) {
	r, name, done, err := env.Input(path, jsonl.Decompress)
	if err != nil {
		return 0, err
	}
	defer done()
	for rec, err := range jsonl.Read[record.Record](r, name) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		var bad *jsonl.LineError
		if errors.As(err, &bad) && skip {
			skipped++
			continue
		}
		if err != nil {
			return 0, err
		}
		in.stats.Add(&rec)
	}
	return skipped, nil
}

// inputName is what a file is called in a legend: its name without the endings.
func inputName(path string) string {
	if path == "-" {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".zst", ".jsonl", ".json"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}
