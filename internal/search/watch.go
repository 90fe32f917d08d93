package search

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/saturation"
)

// Limits are the conditions that end a load point early.
type Limits struct {
	ErrorShare float64 // end if significantly more than this share of the requests failed; 1: never
	InFlight   int     // end an open loop with more requests in flight; 0: never
	Backlog    bool    // end an open loop whose number of requests in flight grows without bound
}

// Cause is the limit that ended a load point.
type Cause int

// The causes.
const (
	TooManyErrors Cause = iota
	TooManyInFlight
	BacklogGrows
)

// Early is the reason why a load point ended early.
type Early struct {
	Cause  Cause
	Reason string
}

// Error implements error. An Early is the cause with which the context of the load point is canceled.
func (e *Early) Error() string { return e.Reason }

const (
	watchEvery   = 100 * time.Millisecond
	settleOver   = 10   // first requests of a load point, whose mean latency is taken as that without load
	settleFactor = 3    // multiple of that latency after which the load is steady
	falseAlarm   = 1e-3 // probability of ending a load point for its errors by mistake, per check
)

// Watch monitors a load point while it runs and ends it if it exceeds its limits.
type Watch struct {
	limits  Limits
	point   load.Point
	counts  *load.Counts
	shards  int64                // number of load generators that share the rate
	observe func(*record.Record) // called with each measured record; may be nil
	cancel  context.CancelCauseFunc
	done    chan struct{}

	mu       sync.Mutex
	ok, all  int64         // requests of the measured phase, without canceled ones
	early    int           // number of the first settleOver requests that have ended
	earlySum time.Duration // of their latencies
}

// Watch starts to monitor the load point p, which an engine with these counts is about to run as one of shards. The
// context that it returns is canceled with an *Early as its cause once a limit is exceeded. The caller must pass each
// record of the load point to Add, which calls observe with the measured ones unless it is nil, and must call Stop.
func (l Limits) Watch(
	ctx context.Context, p load.Point, counts *load.Counts, shards int, observe func(*record.Record),
) (context.Context, *Watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &Watch{
		limits: l, point: p, counts: counts, shards: int64(max(1, shards)), observe: observe,
		cancel: cancel, done: make(chan struct{}),
	}
	go w.run(ctx)
	return ctx, w
}

// Stop stops the monitoring. If err is an *Early, Stop returns it as such; otherwise it returns err.
func (w *Watch) Stop(err error) (*Early, error) {
	w.cancel(nil)
	<-w.done
	if early, ok := errors.AsType[*Early](err); ok {
		return early, nil
	}
	return nil, err
}

// run checks the limits at regular intervals, until ctx is done or a limit is exceeded.
func (w *Watch) run(ctx context.Context) {
	defer close(w.done)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	backlog := saturation.Backlog{Rate: w.point.Rate / float64(w.shards)}
	var begin time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			ph := w.counts.Phase.Load()
			if ph == nil || ph.Run != w.point.Run || ph.Name != record.PhaseMeasure {
				continue
			}
			if begin.IsZero() {
				begin = now
			}
			if early := w.check(&backlog, now.Sub(begin), int(w.counts.InFlight.Load()), ph); early != nil {
				w.cancel(early)
				return
			}
		}
	}
}

// check returns the reason to end the load point, or nil.
func (w *Watch) check(b *saturation.Backlog, at time.Duration, inFlight int, ph *load.Phase) *Early {
	w.mu.Lock()
	ok, all := w.ok, w.all
	if w.early == settleOver {
		b.Settle = settleFactor * w.earlySum / settleOver
	}
	w.mu.Unlock()
	if most := w.limits.ErrorShare; most < 1 && share(ok, all, 1-most, falseAlarm) == Fail {
		return &Early{TooManyErrors, fmt.Sprintf("%d of %d requests failed", all-ok, all)}
	}
	if w.point.Mode != load.Open {
		return nil
	}
	if most := w.limits.InFlight; most > 0 && inFlight > most {
		return &Early{TooManyInFlight, fmt.Sprintf("%d requests are in flight", inFlight)}
	}
	started := ph.Total > 0 && w.counts.Started.Load() == int64(ph.Total) // the load only drains
	if w.limits.Backlog && w.point.Rate > 0 && !started {
		if why, grows := b.Add(at, inFlight); grows {
			return &Early{BacklogGrows, why}
		}
	}
	return nil
}

// Add counts a record.
func (w *Watch) Add(rec *load.Record) {
	if rec.Phase != record.PhaseMeasure || rec.Run != w.point.Run {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if rec.Nth < settleOver {
		w.early++
		w.earlySum += time.Duration(rec.LatencyMs * float64(time.Millisecond))
	}
	if rec.OK || rec.Error.Kind != record.KindCanceled {
		w.all++
	}
	if rec.OK {
		w.ok++
	}
	if w.observe != nil {
		w.observe(&rec.Record)
	}
}

// ErrorsExceeded reports whether more than ErrorShare of the requests failed.
func (w *Watch) ErrorsExceeded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := w.limits.ErrorShare
	return most < 1 && w.all > 0 && float64(w.all-w.ok) > most*float64(w.all)
}
