package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/load"
	"perfpipe/internal/progress"
	"perfpipe/internal/ready"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/search"
	"perfpipe/internal/tally"
	"perfpipe/internal/tokencount"
)

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

// run sends the load points. The end of ctx ends the sending, that of abort cancels the requests in flight.
func (r *runner) run(
	ctx, abort context.Context, clk *clock.Clock, points []load.Point, in io.Reader, name string,
) error {
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
	v := r.tally.Verdict(r.records.Blocked())
	r.facts.end(&r.tally, v, err)
	return r.verdict(v, err)
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

// announceStop reports the effect of the first Ctrl-C.
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

// emit takes a record from the engine.
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

// write writes a record, the last step of its way.
func (r *runner) write(rec *load.Record) error {
	defer rec.Release()
	return r.records.Emit(&rec.Record)
}
