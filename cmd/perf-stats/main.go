// Command perf-stats turns record lines into tables and figures: one block for each load point.
package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/live"
	"perfpipe/internal/stats"
)

func main() { os.Exit(cli.Main("perf-stats", run)) }

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description, groups(), formatVars(), choices()); err != nil {
		return err
	}
	env.Mode = f.Mode
	if err := f.chooseFormat(); err != nil {
		return err
	}
	if err := f.beside(); err != nil {
		return err
	}
	toStdout := f.Output == "" || f.Output == "-"
	f.colors = f.Color == "always" || toStdout && f.Colors(env.Stdout)
	if err := f.checkTrackers(); err != nil {
		return err
	}
	if f.kept() {
		return f.sendKept(env)
	}
	if err := f.checkFiles(env); err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	in := watch(env, time.Duration(f.Grace))
	defer in.stop()
	switch {
	case f.Compare:
		return compare(in.ctx, env, &f, opt)
	case f.Define != "":
		return define(in, env, &f, opt)
	case f.Format == evalscopeFormat:
		return exportEvalscope(in, env, &f, opt)
	}
	return summarize(in, env, &f, opt)
}

// summarize shows the figures of the records.
func summarize(in *interrupt, env *cli.Env, f *flags, opt stats.Options) error {
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	tracked, err := f.startTracking(env, in, stream)
	if err != nil {
		return err
	}
	defer tracked.finish()
	files, err := f.openStores(stream)
	if err != nil {
		return err
	}
	defer files.abort()
	stopDrawing := func() {}
	if f.Follow {
		stopDrawing = follow(env, stream)
	}
	err = read(in.ctx, env, stream, f.Files)
	stopDrawing()
	if err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	if n, first := stream.Skipped(); n > 0 {
		env.Say("skipped %d bad lines; the first: %v", n, first)
	}
	tracked.complete()
	all := stream.Collector()
	summary := all.Summary()
	if err := f.server(env, summary); err != nil {
		return err
	}
	if f.Format == "json" && f.State {
		if err := all.States(summary); err != nil {
			return err
		}
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := f.write(out, summary); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if err := files.commit(summary); err != nil {
		return err
	}
	if err := in.err(); err != nil {
		return err
	}
	if len(summary.Blocks) == 0 {
		return errNoRecords()
	}
	return missed(summary)
}

// errNoRecords ends a command that got nothing. It is short: in a pipe the command before has said why.
func errNoRecords() error { return fault.Fail("", "no records in the input") }

// follow redraws the figures on a terminal while records arrive, until stop is called.
func follow(env *cli.Env, stream *stats.Stream) (stop func()) {
	if !env.TTY {
		env.Say("--follow: stderr is no terminal, so there is only the table at the end")
		return func() {}
	}
	release := env.Own()
	erase := live.Start(env.Stderr, time.Second, func() string {
		var b strings.Builder
		format.Progress(&b, stream.Collector().Summary()) // a Builder takes everything
		return b.String()
	})
	return func() {
		erase()
		release()
	}
}

// write writes the summary in the format that was chosen.
func (f *flags) write(w io.Writer, s *stats.Summary) error {
	chosen, _ := format.Named(f.Format)
	opt := format.Options{Intervals: f.CI}
	if f.run != nil {
		opt.Facts = f.run.Rows()
	}
	if f.colors {
		opt.Stress = cli.Stress
	}
	return chosen.Summary(w, s, opt)
}

// missed is the failure of the first gate that is missed, and of how many.
func missed(s *stats.Summary) error {
	first, n := "", 0
	for i := range s.Blocks {
		for _, g := range s.Blocks[i].Gates {
			if g.Pass {
				continue
			}
			if n++; n == 1 {
				first = strings.TrimSpace(format.Name(&s.Blocks[i])+" misses ") + " " + g.Gate + ": it is " + format.Number(g.Value)
			}
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return fault.Fail("", "--slo: %s", first)
	}
	return fault.Fail("", "--slo: %s (and %d more)", first, n-1)
}
