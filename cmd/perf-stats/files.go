package main

import (
	"errors"
	"fmt"

	"perfpipe/internal/cli"
	"perfpipe/internal/evalscope"
	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
	"perfpipe/internal/store"
)

// openStores opens the stores and feeds them the records of the stream.
func (f *flags) openStores(stream *stats.Stream) (open store.Set, err error) {
	for _, s := range []struct {
		flag, path string
		kind       store.Kind
	}{{"--sqlite", f.SQLite, store.SQLite}, {"--parquet", f.Parquet, store.Parquet}} {
		if s.path == "" {
			continue
		}
		file, err := store.Open(s.kind, s.path, f.Mode.Private().CreateEmpty)
		if err != nil {
			open.Abort()
			return nil, fmt.Errorf("%s: %w", s.flag, err)
		}
		stream.Also(func() func(*record.Record) { return file.Add })
		open = append(open, file)
	}
	return open, nil
}

// checkFiles returns an error if an output would overwrite an input or another output.
func (f *flags) checkFiles(env *cli.Env) error {
	var files []cli.File
	for _, path := range f.inputs() {
		files = append(files, cli.File{Name: "an input", Path: path})
	}
	for _, file := range []cli.File{
		{Name: "--metrics", Path: f.Metrics}, {Name: "-o", Path: f.Output, Out: true},
		{Name: "--sqlite", Path: f.SQLite, Out: true}, {Name: "--parquet", Path: f.Parquet, Out: true},
		{Name: "--metrics-parquet", Path: f.MetricsParquet, Out: true},
	} {
		if file.Path != "" || file.Name == "-o" {
			files = append(files, file)
		}
	}
	return env.Distinct(files...)
}

// exportEvalscope writes evalscope's files of each load point into -o DIR.
func exportEvalscope(in *cli.Grace, env *cli.Env, f *flags, opt stats.Options) error {
	opt.By = evalscope.Keys(opt.By)
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	export := evalscope.New(evalscope.Options{
		Dir: f.Output, By: opt.By, Warmup: opt.Warmup, PD: f.PDMetrics,
		Create: f.Mode.Private().CreateEmpty, Write: env.WriteFile,
	})
	defer export.Abort()
	stream.Also(func() func(*record.Record) { return export.Add })
	if err := f.read(in.Context, env, stream, f.inputs()...); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	if err := export.Write(stream.Collector().Summary()); err != nil {
		return err
	}
	return in.Err()
}
