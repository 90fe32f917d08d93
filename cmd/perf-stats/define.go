package main

import (
	"cmp"
	"errors"
	"io"

	"perfpipe/internal/cli"
	"perfpipe/internal/define"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// writeDefined shows the figures of the records by other tools' definitions.
func writeDefined(in *cli.Grace, env *cli.Env, f *flags, opt stats.Options) error {
	if err := f.definedOnly(&opt); err != nil {
		return err
	}
	defs, err := define.Parse(f.Define)
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
	var parts []*define.Records
	stream.Also(func() func(*record.Record) {
		d := define.New(defs, opt)
		parts = append(parts, d)
		return d.Add
	})
	if err := read(in.Context, env, stream, f.inputs()); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	all := define.New(defs, opt)
	for _, d := range parts {
		all.Merge(d)
	}
	blocks := all.Blocks()
	if len(blocks) == 0 {
		return cmp.Or(in.Err(), errNoRecords())
	}
	err = f.output(env, func(w io.Writer) error { return chosen.Definitions(w, defs, blocks, f.formatOptions()) })
	return cmp.Or(err, in.Err())
}

// definedOnly checks the flags of figures by other definitions. --format vllm has those of vllm.
func (f *flags) definedOnly(opt *stats.Options) error {
	if f.Format == format.VLLM {
		if f.Define != "" && f.Define != format.VLLM {
			return fault.Usage("leave out --define, or choose another format",
				"--format: vllm has the definitions of vllm, not of %s", f.Define)
		}
		f.Define = format.VLLM
		opt.Percentiles = once(append(opt.Percentiles, 50)) // the median, which vLLM always shows
	}
	for _, other := range []struct {
		name  string
		typed bool
	}{
		{"--slo", len(f.SLO) > 0}, {"--ci", f.CI}, {"--follow", f.Follow}, {"--sqlite", f.SQLite != ""},
		{"--parquet", f.Parquet != ""},
	} {
		if other.typed {
			return fault.Usage("run perf-stats a second time for it",
				"%s: it is for our own figures, not for those by --define %s", other.name, f.Define)
		}
	}
	return nil
}
