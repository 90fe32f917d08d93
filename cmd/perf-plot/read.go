package main

import (
	"cmp"
	"context"
	"slices"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/report"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/stats"
)

// read reads the records of every file.
func read(env *cli.Env, f *flags, opt stats.Options) ([]*report.Source, error) {
	ctx, stop := env.Context()
	defer stop()
	files := f.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	var sources []*report.Source
	for _, path := range files {
		s, err := readFile(ctx, env, f, path, opt)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func readFile(ctx context.Context, env *cli.Env, f *flags, path string, opt stats.Options) (*report.Source, error) {
	file, err := facts.Records(path)
	if err != nil {
		return nil, fault.Fail("", "%w", err)
	}
	r, name, done, err := env.Input(file, jsonl.Decompress)
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := report.Read(ctx, r, path, name, opt, f.OnBadLine == "skip")
	if err != nil {
		return nil, err
	}
	if s.Damage != nil {
		env.Say("%v: what could be read counts", s.Damage)
	}
	if s.Empty() && len(f.Files) > 1 {
		env.Say("%s has no records", name)
	}
	if s.Skipped > 0 {
		env.Say("%d lines of %s are not records and were skipped; the first: %v", s.Skipped, name, s.FirstBad)
	}
	known, _ := facts.Beside(path)
	if known = cmp.Or(f.Facts, known); known == "" {
		return s, nil
	}
	run, err := facts.Read(known)
	if err != nil {
		return nil, fault.Fail("perf-send --facts-out writes it", "--facts: %w", err)
	}
	s.Facts = run.Rows()
	return s, nil
}

// readMetrics reads the metrics of a server.
func readMetrics(env *cli.Env, f *flags) (*servermetrics.File, error) {
	if f.Metrics == "" && f.series != nil {
		return nil, fault.Usage("--metrics FILE names what perf-send --metrics-out wrote", "--metric without --metrics")
	}
	if f.Metrics == "" {
		return nil, nil
	}
	r, name, done, err := env.Input(f.Metrics, jsonl.Decompress)
	if err != nil {
		return nil, err
	}
	defer done()
	file, err := servermetrics.Read(r, name)
	switch {
	case jsonl.Damaged(err):
		env.Say("--metrics: %v: what could be read counts", err)
	case err != nil:
		return nil, fault.Fail("perf-send --metrics-out makes such files", "--metrics: %w", err)
	}
	if all := file.Series(); f.series != nil && !slices.ContainsFunc(all, f.series) {
		env.Say("--metric: none of the %d series in %s matches %q", len(all), name, f.Metric)
	}
	file.Samples = slices.DeleteFunc(file.Samples, func(s servermetrics.Sample) bool { return s.AtUs <= 0 })
	return file, nil
}
