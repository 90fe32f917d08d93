package main

import (
	"context"
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
	*gathered
}

// workers read one file at the same time.
const workers = 2

// exactLimit is how many values of a distribution are kept as they are: a page has many distributions, and beyond this
// the sketch's error is far less than a pixel.
const exactLimit = 1 << 14

// read gathers the records of every file.
func read(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) ([]*source, error) {
	files := f.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	var sources []*source
	for _, path := range files {
		s, err := readFile(ctx, env, path, opt, f.OnBadLine == "skip")
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func readFile(ctx context.Context, env *cli.Env, path string, opt stats.Options, skip bool) (*source, error) {
	r, name, done, err := env.Input(path, jsonl.Decompress)
	if err != nil {
		return nil, err
	}
	defer done()
	stream := stats.NewStream(opt, workers, skip)
	var parts []*gathered
	stream.Also(func() func(*record.Record) {
		g := newGathered()
		parts = append(parts, g)
		return g.add
	})
	if err := stream.Read(ctx, r, name); err != nil {
		return nil, err
	}
	if n, first := stream.Skipped(); n > 0 {
		env.Say("%d of the lines of %s are no records and were left out; the first: %v", n, name, first)
	}
	for _, g := range parts[1:] {
		parts[0].merge(g)
	}
	return &source{name: sourceName(path), stats: stream.Collector(), gathered: parts[0]}, nil
}

// sourceName is what a file is called in a legend: its name without the endings.
func sourceName(path string) string {
	if path == "-" {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".zst", ".jsonl", ".json"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}
