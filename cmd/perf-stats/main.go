// Command perf-stats turns record lines into tables and figures, with a block for each load point.
package main

import (
	"cmp"
	_ "embed"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/lang"
	"perfpipe/internal/live"
	"perfpipe/internal/stats"
	"perfpipe/internal/track"
	"perfpipe/internal/why"
)

//go:embed hints.txt
var hintTable string

func main() { os.Exit(cli.Main("perf-stats", run)) }

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description, groups(), formatVars(), choices(),
		cli.KnownList("trackers", track.Names()), cli.KnownWord("metric", "_ms", why.Metrics())); err != nil {
		return err
	}
	env.Mode, env.Hints = f.Mode, cli.Hints(hintTable)
	if err := f.chooseFormat(); err != nil {
		return err
	}
	if err := cmp.Or(f.checkUse(env), f.beside()); err != nil {
		return err
	}
	f.colors = f.Color == "always" || cli.IsStd(f.Output) && f.Colors(env.Stdout)
	if err := f.checkTrackers(env); err != nil {
		return err
	}
	if len(f.Visualizer) > 0 && slices.ContainsFunc(f.Files, track.IsKept) {
		return f.sendKept(env)
	}
	if err := f.checkFiles(env); err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	opt.Hint = env.Hints
	in := env.Grace(time.Duration(f.Grace))
	defer in.Stop()
	switch {
	case f.Compare:
		return compareFiles(in.Context, env, &f, opt)
	case f.Define != "" || f.Format == format.VLLM:
		return writeDefined(in, env, &f, opt)
	case f.Format == evalscopeFormat:
		return exportEvalscope(in, env, &f, opt)
	}
	return summarize(in, env, &f, opt)
}

// summarize shows the figures of the records.
func summarize(in *cli.Grace, env *cli.Env, f *flags, opt stats.Options) error {
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	tracked, err := f.startTracking(env, stream)
	if err != nil {
		return err
	}
	whole := false
	defer func() { f.finishTracking(env, in, tracked, whole) }()
	files, err := f.openStores(stream)
	if err != nil {
		return err
	}
	defer files.Abort()
	stopDrawing := func() {}
	if f.Follow {
		stopDrawing = follow(env, stream, f.formatOptions())
	}
	err = f.read(in.Context, env, stream, f.inputs()...)
	stopDrawing()
	if err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	whole = true
	var noFacts error // reported after the figures
	if len(f.Files) == 0 {
		noFacts = f.readFacts()
	}
	all := stream.Collector()
	summary := all.Summary()
	if err := f.server(env, summary); err != nil {
		return err
	}
	if f.Where != "" && format.OfWholeServer(summary) {
		env.Say("--where: energy and the price of an hour are those of all requests, divided by the selected ones")
	}
	f.checkLedger(env, summary)
	if f.Format == "json" && f.State {
		if err := all.States(summary); err != nil {
			return err
		}
	}
	chosen, _ := format.Named(f.Format)
	write := func(w io.Writer) error { return chosen.Summary(w, summary, f.formatOptions()) }
	if err := env.Output(f.Output, write); err != nil {
		return err
	}
	if err := files.Commit(summary); err != nil {
		return err
	}
	if err := in.Err(); err != nil {
		return err
	}
	return cmp.Or(judged(summary), noFacts)
}

// judged returns an error if there is nothing to judge, or a gate is missed.
func judged(s *stats.Summary) error {
	if len(s.Blocks) == 0 {
		return errNoRecords()
	}
	if text := format.Missed(s); text != "" {
		return fault.Of("slo", "", "%s", text)
	}
	return nil
}

// checkLedger reports that there is nothing for --ledger to show.
func (f *flags) checkLedger(env *cli.Env, s *stats.Summary) {
	if f.Ledger && !format.HasLedger(s) {
		env.Say("--ledger: no record has an account")
		env.Hint("docs/server-times.md has the servers that report their times; vLLM needs --enable-per-request-metrics")
	}
}

// errNoRecords returns the error for an empty input. It is short, since in a pipe the command before has reported why.
func errNoRecords() error { return fault.Fail("", "no records in the input") }

// follow redraws the figures on a terminal while records arrive, until stop is called.
func follow(env *cli.Env, stream *stats.Stream, opt format.Options) (stop func()) {
	if !env.TTY {
		env.Say("--follow: stderr is not a terminal, so there is only the table at the end")
		return func() {}
	}
	release := env.Own()
	erase := live.Start(env.Stderr, time.Second, func() string {
		var b strings.Builder
		format.Progress(&b, stream.Collector().Summary(), opt) // a Builder takes everything
		return b.String()
	})
	return func() {
		erase()
		release()
	}
}

// formatOptions returns what the flags select of the output.
func (f *flags) formatOptions() format.Options {
	opt := format.Options{Intervals: f.CI, Ledger: f.Ledger, Words: lang.Of(f.Lang)}
	if f.run != nil {
		opt.Facts, opt.Host = f.run.Rows(), f.run.Host
	}
	if f.colors {
		opt.Stress = cli.Stress
	}
	return opt
}
