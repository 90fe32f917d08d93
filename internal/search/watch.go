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

// Limits say when a load point ends before its time.
type Limits struct {
	ErrorShare float64 // end once surely a larger share of the requests fail; 1: never
	InFlight   int     // end an open loop with more requests in flight; 0: never
	Backlog    bool    // end an open loop whose requests in flight grow without bound
}

// Cause is the limit that ended a load point.
type Cause int

// The causes.
const (
	TooManyErrors Cause = iota
	TooManyInFlight
	BacklogGrows
)

// Early is why a load point ended early.
type Early struct {
	Cause  Cause
	Reason string
}

// Error implements error: an Early is the cause of the end of the point's context.
func (e *Early) Error() string { return e.Reason }

const (
	watchEvery   = 100 * time.Millisecond
	settleOver   = 10   // requests, the first of a point, whose mean latency is the unloaded one
	settleFactor = 3    // times that latency until the load is steady
	falseAlarm   = 1e-3 // probability of ending a point for nothing, of each look at its failures
)

// Watch looks at a load point while it runs and ends it at its limits.
type Watch struct {
	limits  Limits
	point   load.Point
	counts  *load.Counts
	shards  int64
	observe func(*record.Record) // gets each measured record; nil: nobody
	cancel  context.CancelCauseFunc
	done    chan struct{}

	mu       sync.Mutex
	ok, all  int64 // of the measured phase, without requests that were canceled
	early    int   // of the first settleOver requests, those that have ended
	earlySum time.Duration
}

// Watch starts to look at the point p, which an engine with these counts is about to run as one of shards. The context
// that it returns ends when the point has to, with an *Early as its cause. Add must get all records of the point, and
// hands the measured ones on to observe, if that is not nil. Stop must be called.
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

// Stop stops looking. It returns the reason if err is an early end, and err otherwise.
func (w *Watch) Stop(err error) (*Early, error) {
	w.cancel(nil)
	<-w.done
	if early, ok := errors.AsType[*Early](err); ok {
		return early, nil
	}
	return nil, err
}

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
			if early := w.look(&backlog, now.Sub(begin), int(w.counts.InFlight.Load()), ph); early != nil {
				w.cancel(early)
				return
			}
		}
	}
}

// look returns why the point has to end, or nil.
func (w *Watch) look(b *saturation.Backlog, at time.Duration, inFlight int, ph *load.Phase) *Early {
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
	started := ph.Total > 0 && w.counts.Started.Load() == int64(ph.Total) // the rest only drains
	if w.limits.Backlog && w.point.Rate > 0 && !started {
		if why, grows := b.Add(at, inFlight); grows {
			return &Early{BacklogGrows, why}
		}
	}
	return nil
}

// Add counts a record.
func (w *Watch) Add(rec *record.Record) {
	if rec.Phase != record.PhaseMeasure || rec.Run != w.point.Run {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ph := w.counts.Phase.Load(); (rec.Seq-ph.First)/w.shards < settleOver {
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
		w.observe(rec)
	}
}

// ErrorsExceeded reports whether a larger share of the requests failed than the limits allow.
func (w *Watch) ErrorsExceeded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := w.limits.ErrorShare
	return most < 1 && w.all > 0 && float64(w.all-w.ok) > most*float64(w.all)
}
