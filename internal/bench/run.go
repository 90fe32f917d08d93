package bench

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/load"
	"perfpipe/internal/progress"
	"perfpipe/internal/ready"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/search"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/tally"
	"perfpipe/internal/tokencount"
	"perfpipe/internal/tokenizer"
)

// runner is one run.
type runner struct {
	Config
	passes    bool   // each load point sends all lines
	folder    string // of this run; "": none
	tokenizer tokenizer.Tokenizer
	log       *feed.Log // of the request lines; nil: there is none
	client    *client.Client
	ready     *ready.Waiter
	engine    *load.Engine
	feed      *feed.Feed
	out       *recordfile.File
	earlier   load.Sent // of the run that is continued
	records   *recordfile.Writer
	counter   *tokencount.Counter    // nil: servers count
	sampler   *servermetrics.Sampler // nil: none
	report    report
	watch     atomic.Pointer[search.Watch] // of the load point
	missed    error                        // the gate that was missed first
	tally     tally.Tally
	progress  *progress.Progress
}

// run sends the load points. The end of ctx ends the sending, that of abort cancels the requests in flight.
func (r *runner) run(ctx, abort context.Context, clk *clock.Clock) error {
	r.records = recordfile.NewWriter(r.out)
	r.engine = &load.Engine{
		Doer: r.client, Emit: r.emit, Sessions: r.Sessions, Ns: clk.Ns,
		Grace: r.Grace, Abort: abort, Shard: r.Shard, Sent: r.earlier, Pauses: r.client.Pauses,
	}
	if s := r.sampler; s != nil {
		r.engine.Measure = func(ctx context.Context) { s.Sample(ctx, edgeSample) }
	}
	r.progress = r.startProgress() // before others write messages, since it may take over the terminal
	if r.tokenizer != nil {
		r.counter = tokencount.Start(r.tokenizer, r.Client.SaveOutput, r.write)
	}
	r.feed = feed.Start(ctx, r.feedConfig(ctx))
	r.engine.Source, r.engine.Waited = r.feed, r.feed.Waited
	defer context.AfterFunc(ctx, func() { r.announceStop(ctx) })()
	var err error
	if r.Test && !r.simulates() {
		err = r.testConnection(ctx)
	} else {
		r.ready.Done()
	}
	if err == nil {
		err = r.points(ctx)
	}
	err = inputFault(err)
	r.progress.Stop()
	if r.counter != nil {
		err = cmp.Or(err, r.counter.Close())
	}
	err = cmp.Or(r.endOutput(err), r.log.Close())
	v := r.tally.Verdict(r.records.Blocked())
	r.report.end(&r.tally, v, err)
	return r.verdict(v, err)
}

// startProgress begins to show the run. From then on it has the last line of the terminal.
func (r *runner) startProgress() *progress.Progress {
	c := progress.Config{
		Counts: &r.engine.Counts, Running: r.tally.Running, Points: len(r.Points), Duration: r.Duration,
		Every: r.Progress.Every, Say: r.Say, Quiet: r.Progress.Quiet,
	}
	if r.Progress.Status != nil {
		c.Status = r.Progress.Status()
	}
	return progress.Start(c)
}

// announceStop reports the effect of the first interrupt.
func (r *runner) announceStop(ctx context.Context) {
	if !errors.Is(context.Cause(ctx), fault.ErrInterrupted) {
		return
	}
	n := r.engine.Counts.InFlight.Load()
	switch {
	case n == 0:
		r.Say("stopping")
	case r.Grace == 0:
		r.Say("stopping: %d in flight are canceled", n)
	default:
		r.Say("stopping: %d in flight have %v; Ctrl-C again cancels them", n, r.Grace)
	}
}

// emit takes a record from the engine.
func (r *runner) emit(rec *load.Record) error {
	r.tally.Add(rec)
	if w := r.watch.Load(); w != nil {
		w.Add(rec)
	}
	if r.counter != nil {
		return r.counter.Add(rec)
	}
	return r.write(rec)
}

// write writes a record and releases it.
func (r *runner) write(rec *load.Record) error {
	defer rec.Release()
	if r.Spans != nil {
		r.Spans.Add(&rec.Record)
	}
	return r.records.Emit(&rec.Record)
}
