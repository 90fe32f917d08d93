package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/saturation"
	"perfpipe/internal/search"
)

// saturationFlags say when a load point ends before its time.
type saturationFlags struct {
	MaxErrorRate float64 `group:"load" default:"1" placeholder:"SHARE" help:"End a load point once clearly more than this share of its requests fail; exit 1 if more failed."`
	MaxInFlight  int     `group:"load" placeholder:"N" help:"End a load point of an open loop at more than N requests in flight."`
	EarlyStop    bool    `negatable:"" default:"true" group:"load" help:"End a load point of an open loop once the backlog grows without bound."`
}

func (f *saturationFlags) check() error {
	if !(f.MaxErrorRate >= 0 && f.MaxErrorRate <= 1) {
		return fault.Usage("such as 0.05", "--max-error-rate: %v is not between 0 and 1", f.MaxErrorRate)
	}
	if f.MaxInFlight < 0 {
		return fault.Usage("", "--max-in-flight: %d is below 0", f.MaxInFlight)
	}
	return nil
}

// saturated is why a load point ended early.
type saturated struct {
	why   string
	error bool // because of --max-error-rate
}

func (s *saturated) Error() string { return s.why }

const (
	watchPause = 100 * time.Millisecond
	settleOver = 10   // requests whose latency says how long it takes until the load is what it will be
	settleBy   = 3    // such latencies
	alarm      = 1e-3 // chance of ending a point for nothing, of each look at its failures
)

// watch looks at a load point while it runs.
type watch struct {
	f      *saturationFlags
	point  load.Point
	counts *load.Counts
	cancel context.CancelCauseFunc
	done   chan struct{}
	shards int64

	mu       sync.Mutex
	ok, all  int64 // of the measured phase; those that were cut off left out
	early    int   // of the first settleOver requests
	earlySum time.Duration
	trial    *trial // of a search; nil: none
}

// watchPoint starts to look. The context that it gives ends when the point is to end, with a *saturated as its cause.
func (r *runner) watchPoint(ctx context.Context, p load.Point, t *trial) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{f: &r.f.saturationFlags, point: p, counts: &r.engine.Counts, cancel: cancel, done: make(chan struct{}), trial: t, shards: int64(max(1, r.f.part.Of))}
	r.watch.Store(w)
	go w.run(ctx)
	return ctx, w
}

// end stops looking, and tells a point's early end from an error.
func (w *watch) end(err error) (*saturated, error) {
	w.cancel(nil)
	<-w.done
	var s *saturated
	if errors.As(err, &s) {
		return s, nil
	}
	return nil, err
}

func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	tick := time.NewTicker(watchPause)
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
			if s := w.look(&backlog, now.Sub(begin), int(w.counts.InFlight.Load()), ph); s != nil {
				w.cancel(s)
				return
			}
		}
	}
}

// look says whether the point is to end.
func (w *watch) look(b *saturation.Backlog, at time.Duration, inFlight int, ph *load.Phase) *saturated {
	w.mu.Lock()
	ok, all := w.ok, w.all
	if w.early == settleOver {
		b.Settle = settleBy * w.earlySum / settleOver
	}
	w.mu.Unlock()
	if limit := w.f.MaxErrorRate; limit < 1 && search.Share(ok, all, 1-limit, alarm) == search.Fail {
		return &saturated{fmt.Sprintf("%d of %d requests failed, which is surely more than --max-error-rate %v", all-ok, all, limit), true}
	}
	if w.point.Mode != load.Open {
		return nil
	}
	if most := w.f.MaxInFlight; most > 0 && inFlight > most {
		return &saturated{fmt.Sprintf("%d requests are in flight, more than --max-in-flight %d", inFlight, most), false}
	}
	started := ph.Total > 0 && w.counts.Started.Load() == int64(ph.Total) // the rest only drains
	if w.f.EarlyStop && w.point.Rate > 0 && !started {
		if why, grows := b.Add(at, inFlight); grows {
			return &saturated{why, false}
		}
	}
	return nil
}

// take counts a record.
func (w *watch) take(rec *record.Record) {
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
	if w.trial != nil {
		w.trial.add(rec)
	}
}

// tooManyErrors is the gate of --max-error-rate at the end of a point.
func (w *watch) tooManyErrors() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.f.MaxErrorRate < 1 && w.all > 0 && float64(w.all-w.ok) > w.f.MaxErrorRate*float64(w.all)
}
