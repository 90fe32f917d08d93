package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"os/exec"
	"sync/atomic"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/progress"
	"perfpipe/internal/ready"
	"perfpipe/internal/record"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/search"
	"perfpipe/internal/tally"
	"perfpipe/internal/tokencount"
)

// send runs the load points.
func send(env *cli.Env, f *flags, points []load.Point) (err error) {
	headers, err := f.headers()
	if err != nil {
		return err
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	custom, err := f.custom()
	if err != nil {
		return err
	}
	network, err := f.network(headers)
	if err != nil {
		return err
	}
	more, err := f.more()
	if err != nil {
		return err
	}
	in, name, closeIn, err := env.Input(f.Input, func(r io.Reader) (io.Reader, error) { return r, nil })
	if err != nil {
		return err
	}
	defer closeIn()
	summary := f.Output == "" && env.StdoutTTY
	if summary {
		env.Stdout = io.Discard
	}
	out, earlier, err := f.openRecords(env)
	if err != nil {
		return err
	}
	defer out.Abort() // nothing after run
	ctx, abort, stop := interrupts(env)
	defer stop()
	var facts runFacts
	ctx, to, err := f.server(ctx, env, &facts)
	if err != nil {
		return err
	}
	defer func() {
		if e := to.close(); err == nil { // that the server has died may be why the run ended
			err = e
		}
		err = errors.Join(err, facts.write(env, f.FactsOut))
	}()
	clk := clock.New()
	c := client.New(client.Config{
		URL: to.url, API: f.API, Custom: custom, APIKey: key, Headers: headers, Model: f.Model, Served: to.model, NoUsage: f.NoUsage,
		Drop: append(f.DropParams, launch.Refuses(f.API)...), ConnectTimeout: time.Duration(f.ConnectTimeout), ReadTimeout: time.Duration(f.ReadTimeout),
		TotalTimeout: time.Duration(f.TotalTimeout), SaveOutput: f.SaveOutput || f.TokenizerPath != "", SaveRequest: f.SaveRequest,
		Simulated: to.simulated, Say: env.Say, Hint: hint, Debug: f.debugger(env),
		Network: network, More: more, Retries: f.Retries, NoResend: f.NoResend, MaxAnswer: f.MaxAnswer, Compressed: f.Compressed, Batch: f.batch(points),
	}, clk)
	defer c.Close()
	if err := f.told(env, c, append([]*url.URL{to.url}, more...)); err != nil {
		return err
	}

	waiter := ready.NewWaiter(time.Duration(f.WaitReady), env.Say)
	if err := waiter.Servers(ctx, c.Pages(nil), append([]*url.URL{to.url}, more...)); err != nil {
		return notReady(err)
	}
	stopSampling, err := f.sample(ctx, env, c, to.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSampling()) }()
	r := &runner{env: env, f: f, client: c, ready: waiter, simulated: to.simulated, facts: &facts}
	facts.begin(env, f.part)
	if err := r.clock(ctx, to.url, network); err != nil {
		return err
	}
	r.out, r.earlier, r.summary = out, earlier, summary
	return r.run(ctx, abort, clk, points, in, name)
}

// interrupts gives a context that the first Ctrl-C ends, with cause fault.ErrInterrupted, and one that the second ends.
func interrupts(env *cli.Env) (ctx, abort context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	abort, cut := context.WithCancelCause(context.Background())
	go func() {
		for i := 0; ; i++ {
			select {
			case <-env.Signals:
			case <-abort.Done():
				return
			}
			if i == 0 {
				cancel(fault.ErrInterrupted)
			} else {
				cut(fault.ErrInterrupted)
			}
		}
	}()
	return ctx, abort, func() { cancel(nil); cut(nil) }
}

// runner is one run of perf-send.
type runner struct {
	env       *cli.Env
	f         *flags
	client    *client.Client
	ready     *ready.Waiter
	engine    *load.Engine
	feed      *feed.Feed
	out       *recordfile.File
	earlier   load.Sent // with --resume
	records   *recordfile.Writer
	counter   *tokencount.Counter // nil: servers count
	simulated bool
	facts     *runFacts
	watch     atomic.Pointer[search.Watch] // of the load point
	missed    error                        // the gate that was missed first
	tally     tally.Tally
	progress  *progress.Progress
	summary   bool // stdout is a terminal, which records would flood: they are counted only
}

func (r *runner) run(ctx, abort context.Context, clk *clock.Clock, points []load.Point, in io.Reader, name string) error {
	r.records = recordfile.NewWriter(r.out)
	tok, err := r.f.tokenizer(ctx, r.env)
	if err != nil {
		return err
	}
	if tok != nil {
		r.counter = tokencount.Start(tok, r.f.SaveOutput, r.write)
	}
	log, err := r.f.openLog()
	if err != nil {
		return err
	}
	r.feed = feed.Start(ctx, r.feedConfig(ctx, log, in, name))
	timer := load.NewTimer()
	defer timer.Close()
	r.engine = &load.Engine{
		Doer: r.client, Source: r.feed, Emit: r.emit, Sleep: timer.Sleep, Ns: clk.Ns,
		Grace: time.Duration(r.f.Grace), Abort: abort, Shard: r.f.part, Waited: r.feed.Waited, Sent: r.earlier,
	}
	r.progress = r.startProgress(len(points))
	defer context.AfterFunc(ctx, func() { r.announceStop(ctx) })()
	if !r.f.NoTestConnection && !r.simulated {
		err = r.testConnection(ctx)
	} else {
		r.ready.Done()
	}
	if err == nil {
		err = r.points(ctx, points)
	}
	err = inputFault(err)
	r.progress.Stop()
	if r.counter != nil {
		err = cmp.Or(err, r.counter.Close())
	}
	err = cmp.Or(r.endOutput(err), log.Close())
	r.facts.end(&r.tally, r.loadVerdict(), err)
	return r.verdict(err)
}

// announceStop says what the first Ctrl-C does.
func (r *runner) announceStop(ctx context.Context) {
	if !errors.Is(context.Cause(ctx), fault.ErrInterrupted) {
		return
	}
	n := r.engine.Counts.InFlight.Load()
	switch grace := time.Duration(r.f.Grace); {
	case n == 0:
		r.env.Say("stopping")
	case grace == 0:
		r.env.Say("stopping: %d in flight are canceled", n)
	default:
		r.env.Say("stopping: %d in flight have %v; Ctrl-C again cancels them", n, grace)
	}
}

func (r *runner) emit(rec *load.Record) error {
	r.tally.Add(rec, r.engine.Counts.InFlight.Load())
	if w := r.watch.Load(); w != nil {
		w.Add(&rec.Record)
	}
	if r.counter != nil {
		return r.counter.Add(rec)
	}
	return r.write(rec)
}

// write is the end of a record.
func (r *runner) write(rec *load.Record) error {
	defer rec.Release()
	return r.records.Emit(&rec.Record)
}

func (r *runner) points(ctx context.Context, points []load.Point) error {
	if !r.f.adaptive() {
		if err := r.f.begin(ctx, r.env, points); err != nil {
			return err
		}
	}
	r.nameRun(points)
	switch {
	case r.f.Search != "":
		return r.search(ctx)
	case r.f.Profile != "":
		return r.knee(ctx)
	}
	for i, p := range points {
		if i > 0 {
			if err := r.pause(ctx); err != nil {
				return err
			}
			if err := r.feed.NextPass(ctx); err != nil {
				return err
			}
		}
		r.progress.Point(i + 1)
		if _, err := r.point(ctx, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// point runs a load point. Observe, if not nil, gets each measured record. Saturated is why the point ended early, or
// "".
func (r *runner) point(
	ctx context.Context, p load.Point, observe func(*record.Record),
) (saturated string, err error) {
	if r.f.Preconnect {
		if err := r.preconnect(ctx, p); err != nil {
			return "", err
		}
	}
	if p.Mode == load.Open {
		r.tally.Begin(p.Limit)
	} else {
		r.tally.Begin(0)
	}
	ctx, w := r.f.limits().Watch(ctx, p, &r.engine.Counts, r.f.part.Of, observe)
	r.watch.Store(w)
	res, err := r.engine.Run(ctx, p)
	early, err := w.Stop(err)
	if err != nil {
		return "", err
	}
	if early != nil {
		saturated = r.f.reason(early)
		r.env.Say("%s: ended early: %s", p.Run, saturated)
	}
	if r.missed == nil && w.ErrorsExceeded() {
		r.missed = fault.Fail("perf-stats shows the kinds of errors",
			"--max-error-rate: %s: more than %v of its requests failed", p.Run, r.f.MaxErrorRate)
	}
	asked, got := p.Warmup+p.Number, res.Warmed+res.Measured
	if got == 0 && asked == 0 && r.engine.Counts.Requests.Load() > 0 {
		r.env.Say("%s: the input had ended before: no request was sent", p.Run)
	}
	if early != nil || !res.Short || got == 0 && p.Number == 0 {
		return saturated, nil
	}
	const hint = "give more lines (perf-gen --number), or --cycle to send them again"
	if r.f.adaptive() {
		return "", fault.Fail(hint, "%s: the input ended after %d of %d requests", p.Run, got, asked)
	}
	r.env.Say("%s: the input ended after %d of %d requests", p.Run, got, asked)
	r.env.Hint(hint)
	return "", nil
}

// pause is what comes between two points of a sweep.
func (r *runner) pause(ctx context.Context) error {
	if r.f.Between != "" {
		cmd := exec.CommandContext(ctx, "sh", "-c", r.f.Between)
		cmd.Stdout, cmd.Stderr = r.env.Stderr, r.env.Stderr
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			return fault.Fail("", "--between: %w", err)
		}
	}
	r.progress.Stage("%v between load points", time.Duration(r.f.SleepInterval))
	defer r.progress.Stage("")
	select {
	case <-time.After(time.Duration(r.f.SleepInterval)):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// verdict turns the run's end into its error.
func (r *runner) verdict(err error) error {
	n := r.feed.Skipped()
	if n > 0 {
		r.env.Say("%d bad lines were skipped", n)
	}
	if n := r.tally.Short(); n > 0 {
		r.env.Say("%d answers are shorter than max_tokens despite ignore_eos: the load was not the one intended", n)
	}
	ok, failed := r.tally.Counts()
	switch {
	case ok+failed == 0 && err != nil:
		return err
	case ok+failed == 0 && r.engine.Counts.Done.Load() > 0: // --resume passed over all there were
		r.env.Say("nothing is left to send")
		return r.missed
	case ok+failed == 0:
		return fault.Fail("perf-gen makes request lines", "no requests in the input")
	case ok == 0 && err == nil:
		return fault.Fail("perf-stats shows the kinds of errors; --debug shows each exchange", "%s", &r.tally)
	}
	var judged error
	if err == nil && r.missed == nil {
		judged = cmp.Or(r.judge(), r.promptsDiffer())
	}
	r.env.Say("%s", &r.tally)
	switch shown := cmp.Or(r.f.folder, r.f.Output); {
	case r.f.folder != "" || r.env.TTY && shown != "" && shown != "-":
		r.env.Hint("perf-stats %s shows the figures, perf-plot -o report.html %[1]s draws them", facts.Quote([]string{shown}))
	case r.summary:
		if _, ttft := r.tally.Running(); ttft > 0 {
			r.env.Say("TTFT p50 %s ms of the latest answers", progress.Milliseconds(ttft))
		}
		r.env.Hint("| perf-stats shows all figures, -o FILE keeps the records, -o - prints them here")
	}
	return cmp.Or(err, r.missed, judged)
}

// startProgress begins to show the run. From then on messages must go to env.Stderr.
func (r *runner) startProgress(points int) *progress.Progress {
	c := progress.Config{
		Counts: &r.engine.Counts, Running: r.tally.Running, Points: points, Duration: time.Duration(r.f.Duration),
		Every: r.f.LogEveryN, Say: r.env.Say, Quiet: !r.f.Progress,
	}
	if r.f.Progress && r.env.TTY && !r.f.Debug {
		c.Status = r.env.Status().Set
	}
	return progress.Start(c)
}
