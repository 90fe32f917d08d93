package main

import (
	"cmp"
	"context"
	"slices"

	"llmperf/internal/cli"
	"llmperf/internal/jsonl"
	"llmperf/internal/metrics"
	"llmperf/internal/report"
	"llmperf/internal/stats"
)

// read gathers the records of every file.
func read(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) ([]*report.Source, error) {
	files := f.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	var sources []*report.Source
	for _, path := range files {
		s, err := readFile(ctx, env, path, opt, f.OnBadLine == "skip")
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func readFile(ctx context.Context, env *cli.Env, path string, opt stats.Options, skip bool) (*report.Source, error) {
	if path == "-" && cli.IsTerminal(env.Stdin) {
		env.Say("waiting for record lines on the terminal")
		env.Hint("perf-plot FILE reads a file; Ctrl-D ends the input, Ctrl-C stops")
	}
	r, name, done, err := env.Input(path, jsonl.Decompress)
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := report.Read(ctx, r, path, name, opt, skip)
	if err != nil {
		return nil, err
	}
	if s.Skipped > 0 {
		env.Say("%d of the lines of %s are no records and were left out; the first: %v", s.Skipped, name, s.FirstBad)
	}
	return s, nil
}

// readMetrics reads the samples of a server, in order of time.
func readMetrics(ctx context.Context, env *cli.Env, path string) ([]metrics.Sample, error) {
	if path == "" {
		return nil, nil
	}
	r, name, done, err := env.Input(path, jsonl.Decompress)
	if err != nil {
		return nil, err
	}
	defer done()
	var out []metrics.Sample
	for s, err := range jsonl.Read[metrics.Sample](r, name) {
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if s.AtUs > 0 {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b metrics.Sample) int { return cmp.Compare(a.AtUs, b.AtUs) })
	return out, nil
}
