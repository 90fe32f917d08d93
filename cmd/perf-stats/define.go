package main

import (
	"cmp"
	"errors"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// define shows the records under other tools' definitions.
func define(in *interrupt, env *cli.Env, f *flags, opt stats.Options) error {
	defs, err := stats.ParseDefinition(f.Define)
	if err != nil {
		return fault.Usage("", "--define: %w", err)
	}
	chosen, err := f.chosen("--define", func(f format.Format) bool { return f.Definitions != nil })
	if err != nil {
		return err
	}
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	var parts []*stats.Defined
	stream.Also(func() func(*record.Record) {
		d := stats.NewDefined(defs, opt)
		parts = append(parts, d)
		return d.Add
	})
	if err := read(in.ctx, env, stream, f.Files); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	all := stats.NewDefined(defs, opt)
	for _, d := range parts {
		all.Merge(d)
	}
	blocks := all.Blocks()
	if len(blocks) == 0 {
		return cmp.Or(in.err(), errNoRecords())
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := chosen.Definitions(out, defs, blocks); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return in.err()
}
