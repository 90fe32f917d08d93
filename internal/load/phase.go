package load

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"sync/atomic"
	"time"

	"perfpipe/internal/fault"
)

// The slots of a closed loop are created in groups. If all were created at once, the first requests would measure how
// fast the server accepts connections: 1,000 within 20 ms keep a server in Go busy for 50 ms. Sessions begin at half
// the rate, which one core can start: else they would delay the next requests of those that have begun.
const (
	slotGroup    = 64
	sessionGroup = 32
	slotEvery    = 5 * time.Millisecond
)

// phase starts n requests, or all if n is 0, and waits until they have ended.
func (e *Engine) phase(ctx, hard context.Context, p Point, name string, n int) (started int, err error) {
	e.Counts.Phase.Store(&Phase{p.Run, name, e.Shard.own(e.line, n)})
	if e.Sent.Seq > 0 && e.Shard.seq(e.seq.Load()) < e.Sent.Seq {
		e.seq.Store((e.Sent.Seq + int64(max(1, e.Shard.Of)) - 1) / int64(max(1, e.Shard.Of)))
	}
	e.Counts.Started.Store(0)
	e.Counts.Done.Store(0)
	e.Counts.Earlier.Store(0)
	req, err := e.Source.Next(ctx)
	if err != nil {
		return 0, end(ctx, err)
	}
	stop, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	ph := &phase{e: e, p: p, name: name, n: n, first: req, hard: hard, halt: halt}
	if ph.start, err = e.start(ctx, p.Start); err != nil {
		return 0, end(ctx, err)
	}
	if p.Duration > 0 {
		var cancel context.CancelFunc
		stop, cancel = context.WithDeadlineCause(stop, ph.start.Add(p.Duration), errDuration)
		defer cancel()
	}
	ph.stop = stop
	fresh := func() slot { return slot{free: time.Now(), new: true, waited: e.waited()} }
	ph.workers = workers{limit: p.Limit, fresh: fresh, next: ph.next, do: ph.do}
	if p.Mode == Closed {
		ph.workers.group, ph.workers.every = slotGroup, slotEvery
		if req.Whole != nil {
			ph.workers.group = sessionGroup
		}
	}
	if p.Pacer != nil && !p.Trace {
		next, free := iter.Pull(p.Pacer)
		defer free()
		ph.offset = next
	}
	err = ph.workers.run()
	ph.sessions.end()
	if hard.Err() != nil && ctx.Err() != nil { // the last requests were canceled, though all had been started
		return ph.started, context.Cause(ctx)
	}
	if cause := context.Cause(stop); err == nil && cause != nil {
		err = cause // an Emit that failed after the last start
	}
	return ph.started, end(stop, err)
}

// start waits until the beginning of a phase: at, which may be in the past, or now if at is zero.
func (e *Engine) start(ctx context.Context, at time.Time) (time.Time, error) {
	if at.IsZero() {
		return e.wholeMicrosecond(time.Now()), nil
	}
	at = e.wholeMicrosecond(e.instant(at.UnixNano())) // so that the records show the exact time
	return at, e.wait(ctx, at)
}

// instant is the inverse of Ns.
func (e *Engine) instant(ns int64) time.Time {
	now := time.Now()
	return now.Add(time.Duration(ns - e.Ns(now)))
}

// wholeMicrosecond rounds down to a µs of the records' clock, so that records show the schedule without rounding.
func (e *Engine) wholeMicrosecond(t time.Time) time.Time {
	return t.Add(-time.Duration(e.Ns(t) % 1000))
}

var errDuration = errors.New("the duration is over")

// end returns nil for the regular ends of a phase, and otherwise the error.
func end(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errDuration) {
		return nil
	}
	return err
}

// phase is the current phase of an engine.
type phase struct {
	workers  workers
	sessions sessions
	e        *Engine
	p        Point
	name     string
	n        int                          // requests to start; 0: all
	stop     context.Context              // after its end no request starts
	halt     context.CancelCauseFunc      // ends stop
	hard     context.Context              // of the requests in flight
	sent     atomic.Int64                 // requests
	start    time.Time                    // from which offsets count
	offset   func() (time.Duration, bool) // returns that of the next request; nil: all are 0

	// Used only by the worker that leads.
	first   *Request // read before the start
	started int
	begun   bool      // a request was found that no earlier run has sent
	prevMs  float64   // at_ms of the previous request
	fed     time.Time // when the input last kept the load waiting; zero: never
}

// job is a request that is due and has a slot.
type job struct {
	req    *Request
	line   int64 // its number among the requests read
	seq    int64
	nth    int64 // its place among those that the phase has sent
	due    time.Time
	queued time.Duration // between the due time and a free slot, of a capped loop
	output time.Duration // that the slot's previous record took to emit
	waited time.Duration // Engine.Waited when the slot became free
	input  time.Duration // by a schedule: that the input kept the load waiting after the due time
	conns  time.Duration // between the due time and a free connection, if there is a limit of those

	fresh   bool     // the slot is new
	session *session // of which the request is one; nil: none
	index   int32    // in session
}

// next returns the next request of this shard when it is due. It skips those of other shards, which have their place in
// the schedule all the same.
func (ph *phase) next(s slot) (job, error) {
	if ph.p.Mode != Closed { // the slot was idle until now
		s.waited = ph.e.waited()
	}
	for {
		req, off, err := ph.take()
		if err != nil {
			return job{}, err
		}
		ph.started++
		ph.e.line++
		if !ph.e.Shard.has(ph.e.line - 1) {
			continue
		}
		if sent, err := ph.passOver(req, off); sent || err != nil {
			if err != nil {
				return job{}, err
			}
			continue
		}
		j := job{req: req, line: ph.e.line - 1, due: ph.start.Add(off), output: s.output, waited: s.waited, fresh: s.new}
		switch ph.p.Mode {
		case Open:
			j.conns = s.after(j.due)
		case Closed:
			if s.free.After(j.due) {
				j.due = s.free
			}
			if ph.over(j.due) {
				return job{}, errDuration
			}
		case Capped:
			if !s.new {
				j.queued = max(0, s.free.Sub(j.due))
			}
		}
		if ph.p.Mode != Closed {
			if ph.e.waited() > s.waited {
				ph.fed = time.Now()
			}
			j.input = max(0, ph.fed.Sub(j.due)) // also if its own line has not been waited for
			if err := ph.e.wait(ph.stop, j.due); err != nil {
				return job{}, err
			}
		}
		if req.Whole == nil {
			ph.number(&j)
		}
		ph.e.Counts.Started.Add(1)
		return j, nil
	}
}

// passOver reports whether an earlier run has sent a request. The phase starts at the first request that it has not: to
// read up to that one may have taken long.
func (ph *phase) passOver(req *Request, off time.Duration) (bool, error) {
	if ph.e.Sent.Has == nil {
		return false, nil
	}
	sent, err := ph.e.Sent.Has(ph.e.line-1, req)
	switch {
	case err != nil:
	case !sent && !ph.begun:
		if ph.begun = true; ph.p.Start.IsZero() {
			ph.start = ph.e.wholeMicrosecond(time.Now()).Add(-off)
		}
	case sent:
		if ph.e.Sent.Seq == 0 {
			ph.e.seq.Add(1)
		}
		ph.e.Counts.Started.Add(1)
		ph.e.Counts.Done.Add(1)
		ph.e.Counts.Earlier.Add(1)
		req.Release()
	}
	return sent, err
}

// take returns the next request and its offset from the start of the phase.
func (ph *phase) take() (req *Request, off time.Duration, err error) {
	if ph.n > 0 && ph.started == ph.n {
		return nil, 0, io.EOF
	}
	if ph.stop.Err() != nil {
		return nil, 0, context.Cause(ph.stop)
	}
	if req = ph.first; req != nil {
		ph.first = nil
	} else {
		waited := ph.e.waited()
		if req, err = ph.e.Source.Next(ph.stop); err != nil {
			ph.unfed(err, ph.e.waited()-waited)
			return nil, 0, err
		}
	}
	ok := true
	switch {
	case ph.p.Trace:
		off, err = ph.traced(req)
	case ph.offset != nil:
		off, ok = ph.offset()
	}
	switch d := ph.p.Duration; {
	case !ok:
		err = io.EOF // a schedule with an end, such as a ramp
	case err == nil && d > 0 && off >= d:
		err = errDuration
	}
	return req, off.Truncate(time.Microsecond), err
}

// number numbers a request that is about to be sent.
func (ph *phase) number(j *job) {
	j.seq = ph.e.Shard.seq(ph.e.seq.Add(1) - 1)
	j.nth = ph.sent.Add(1) - 1
}

// traced returns the offset of a request of a trace.
func (ph *phase) traced(req *Request) (time.Duration, error) {
	if req.AtMs == nil {
		return 0, &SourceError{req.Source.String(), fault.Of("", "no-at-ms", "no at_ms")}
	}
	at := *req.AtMs
	if at < ph.prevMs {
		return 0, &SourceError{req.Source.String(), fault.Of("", "at-ms-decreases", "at_ms decreases")}
	}
	ph.prevMs = at
	return time.Duration(math.Round(at / ph.p.Speedup * float64(time.Millisecond))), nil
}
