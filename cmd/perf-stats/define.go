package main

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"perfpipe/internal/cli"
	"perfpipe/internal/define"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
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
	all := define.Tap(stream, defs, opt)
	if err := f.read(in.Context, env, stream, f.inputs()...); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	blocks := all().Blocks()
	if len(blocks) == 0 {
		return cmp.Or(in.Err(), errNoRecords())
	}
	err = env.Output(f.Output, func(w io.Writer) error { return chosen.Definitions(w, defs, blocks, f.formatOptions()) })
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
		if !slices.Contains(opt.Percentiles, 50) { // the median, which vLLM always shows
			opt.Percentiles = append(opt.Percentiles, 50)
		}
	}
	return nil
}
