package main

import (
	"errors"

	"perfpipe/internal/cli"
	"perfpipe/internal/evalscope"
	"perfpipe/internal/fault"
	"perfpipe/internal/stats"
)

// exportEvalscope writes evalscope's files of each load point into -o DIR.
func exportEvalscope(in *cli.Grace, env *cli.Env, f *flags, opt stats.Options) error {
	opt.By = evalscope.Keys(opt.By)
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	export := evalscope.New(evalscope.Options{
		Dir: f.Output, By: opt.By, Warmup: opt.Warmup, Create: f.createPrivate, Write: env.WriteFile,
	})
	defer export.Abort()
	stream.Also(export.Collect)
	if err := read(in.Context, env, stream, f.Files); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	if err := export.Write(stream.Collector().Summary()); err != nil {
		return err
	}
	return in.Err()
}
