// Package load starts requests when they are due, keeps as many in flight as it may, and sees to it that each one that
// was started has its record.
package load

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"sync/atomic"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/schedule"
)

// Doer sends one request. Whatever happens is in the record.
type Doer interface {
	Do(ctx context.Context, req *Request) *Record
}

// Source gives the requests in their order; io.EOF is their end. It waits until there is one or ctx is done.
type Source interface {
	Next(ctx context.Context) (*Request, error)
}

// Point is one level of load.
type Point struct {
	Run      string // its name in the records, such as rate=10
	Rate     float64
	Parallel int

	Pacer    schedule.Pacer // of each phase, from its start; nil: all requests are due at once
	Trace    bool           // requests say themselves when they are due (at_ms); Pacer is then not asked
	Speedup  float64        // of Trace
	Limit    int            // slots: most requests in flight; 0: no limit
	Mode     string         // open, closed or capped: what a wait for a slot means
	Warmup   int            // requests before the measured ones
	Number   int            // measured requests; 0: all there are
	Asked    int            // Number as the records have it; 0 if the point may end before it and be complete
	Duration time.Duration  // of the measured phase's starts; 0: no bound
	Start    time.Time      // when its first request is due; zero: when it is ready
}

// The modes of load.
const (
	Open   = "open"   // due by the schedule; a wait for a slot is the load generator's shortfall, and so its lag
	Closed = "closed" // due when the answer before has ended, or when the slot is created
	Capped = "capped" // due by the schedule; a wait for a slot is the system's doing, and so queueing
)

// Engine runs load points.
type Engine struct {
	Doer   Doer
	Source Source
	Emit   func(*Record) error // owns each record that it gets, from several goroutines at once; an error ends the run
	Sleep  func(ctx context.Context, until time.Time) error
	Ns     func(time.Time) int64 // instants as the records have them, ns since the epoch
	Grace  time.Duration         // how long requests in flight may go on when ctx has ended
	Abort  context.Context       // its end cancels those in flight; nil: nothing does
	RunID  string                // the run_id of every record, which the ids of requests without one begin with
	Shard  Shard                 // what of the schedule is this engine's
	Waited func() time.Duration  // how long Source has kept the load waiting so far; nil: not known
	Sent   Sent                  // what an earlier run has sent
	Counts Counts

	seq  atomic.Int64 // requests started here
	line int64        // requests read
	cut  func(error)  // cancels the requests in flight of the point that runs
}

// Sent is what an earlier run has sent, which is passed over. The schedule goes on where that run's ended.
type Sent struct {
	Has func(line int64, req *Request) (bool, error) // reports whether it was sent; nil: nothing was
	Seq int64                                        // a sequence number that none of its records has reached; 0: they follow the lines
}

// Counts is how far the run has come.
type Counts struct {
	Phase    atomic.Pointer[Phase]
	Started  atomic.Int64 // of the phase: requests, or conversations
	Done     atomic.Int64
	Failed   atomic.Int64 // requests, of the run
	Requests atomic.Int64 // finished requests, of the run
	InFlight atomic.Int64
}

// Phase is a stretch of the run with counts of its own.
type Phase struct {
	Run   string
	Name  string // warmup or measure
	Total int    // 0: not known
	First int64  // the seq of its first request
}

// Result is what became of a point.
type Result struct {
	Warmed, Measured int  // requests or conversations started
	Short            bool // the source ended before the number asked for
}

// Run runs p. It returns when every request started has its record: after the last, or when ctx has ended and Grace is
// over, or when the source or Emit fail.
func (e *Engine) Run(ctx context.Context, p Point) (Result, error) {
	var res Result
	abort := e.Abort
	if abort == nil {
		abort = context.WithoutCancel(ctx)
	}
	hard, cancel := context.WithCancelCause(abort)
	defer cancel(nil)
	e.cut = cancel
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(e.Grace, func() { cancel(context.Cause(ctx)) })
	})()
	if p.Warmup > 0 {
		w := p
		w.Duration = 0
		n, err := e.phase(ctx, hard, w, record.PhaseWarmup, p.Warmup)
		p.Start = time.Time{}
		res.Warmed = n
		if res.Short = n < p.Warmup; err != nil || res.Short {
			return res, err
		}
	}
	n, err := e.phase(ctx, hard, p, record.PhaseMeasure, p.Number)
	res.Measured = n
	res.Short = n < p.Number && p.Duration == 0 && err == nil
	return res, err
}

// The slots of a closed loop come to be in groups. All at once, the first requests would measure how long a server takes to
// take up so many connections: 1,000 requests that are sent within 20 ms keep one in Go busy for 50.
const (
	slotGroup = 64
	slotEvery = 5 * time.Millisecond
)

// phase starts up to n requests, all there are where n is 0, and waits for their ends.
func (e *Engine) phase(ctx, hard context.Context, p Point, name string, n int) (started int, err error) {
	e.Counts.Phase.Store(&Phase{p.Run, name, e.Shard.own(e.line, n), e.Shard.seq(e.seq.Load())})
	if e.Sent.Seq > 0 && e.Shard.seq(e.seq.Load()) < e.Sent.Seq {
		e.seq.Store((e.Sent.Seq + int64(max(1, e.Shard.Of)) - 1) / int64(max(1, e.Shard.Of)))
	}
	e.Counts.Started.Store(0)
	e.Counts.Done.Store(0)
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
	}
	if p.Pacer != nil && !p.Trace {
		next, free := iter.Pull(p.Pacer)
		defer free()
		ph.offset = next
	}
	err = ph.workers.run()
	if hard.Err() != nil && ctx.Err() != nil { // the last requests were canceled, though all had been started
		return ph.started, context.Cause(ctx)
	}
	if cause := context.Cause(stop); err == nil && cause != nil {
		err = cause // an Emit that failed after the last start
	}
	return ph.started, end(stop, err)
}

// start waits until a phase begins: at a given time, which counts as the beginning also where it has passed, or now.
func (e *Engine) start(ctx context.Context, at time.Time) (time.Time, error) {
	now := time.Now()
	if at.IsZero() {
		return e.wholeMicrosecond(now), nil
	}
	at = e.wholeMicrosecond(now.Add(time.Duration(at.UnixNano() - e.Ns(now)))) // by the records' clock, so that they show it exactly
	return at, e.Sleep(ctx, at)
}

// wholeMicrosecond lets a schedule begin where the records' instants fall, so that they show it to the microsecond.
func (e *Engine) wholeMicrosecond(t time.Time) time.Time {
	return t.Add(-time.Duration(e.Ns(t) % 1000))
}

var errDuration = errors.New("the duration is over")

// end tells the ends that are in order from errors.
func end(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errDuration) {
		return nil
	}
	return err
}

// phase is one phase under way.
type phase struct {
	workers workers
	e       *Engine
	p       Point
	name    string
	n       int                     // most requests; 0: all there are
	stop    context.Context         // its end ends the starting
	hard    context.Context         // of the requests in flight
	halt    context.CancelCauseFunc // ends the starting
	start   time.Time
	offset  func() (time.Duration, bool) // of the next request; nil: all are due at once

	// the leader's
	first   *Request // read before the start
	started int
	begun   bool    // a request was found that no earlier run has sent
	prev    float64 // the last at_ms
}

// job is a request that is due and has a slot.
type job struct {
	req    *Request
	line   int64 // its number among the requests read
	seq    int64
	due    time.Time
	queued time.Duration
	output time.Duration // how long the slot's record before waited to be written
	waited time.Duration // Engine.Waited when the slot became free
}

// next waits for the next request of this shard until it is due. What is another shard's is passed over: it has its place
// in the schedule, here as there.
func (ph *phase) next(s slot) (job, error) {
	if ph.p.Mode != Closed { // where a slot is idle until the next request is due
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
		j := job{req: req, line: ph.e.line - 1, due: ph.start.Add(off), output: s.output, waited: s.waited}
		switch ph.p.Mode {
		case Closed:
			if s.free.After(j.due) {
				j.due = s.free
			}
			if ph.ended(j.due) {
				return job{}, errDuration
			}
		case Capped:
			if !s.new {
				j.queued = max(0, s.free.Sub(j.due))
			}
		}
		if ph.p.Mode != Closed {
			if err := ph.e.Sleep(ph.stop, j.due); err != nil {
				return job{}, err
			}
		}
		j.seq = ph.e.nextSeq()
		ph.e.Counts.Started.Add(1)
		return j, nil
	}
}

// passOver reports whether an earlier run has sent a request. The first that none has is due when the phase begins.
func (ph *phase) passOver(req *Request, off time.Duration) (bool, error) {
	if ph.e.Sent.Has == nil {
		return false, nil
	}
	sent, err := ph.e.Sent.Has(ph.e.line-1, req)
	switch {
	case err != nil:
	case !sent && !ph.begun:
		if ph.begun = true; ph.p.Start.IsZero() {
			ph.start = ph.start.Add(-off)
		}
	case sent:
		if ph.e.Sent.Seq == 0 {
			ph.e.seq.Add(1)
		}
		ph.e.Counts.Started.Add(1)
		ph.e.Counts.Done.Add(1)
		req.Release()
	}
	return sent, err
}

// take reads a request and when it is due, from the start of the phase.
func (ph *phase) take() (req *Request, off time.Duration, err error) {
	if ph.n > 0 && ph.started == ph.n {
		return nil, 0, io.EOF
	}
	if ph.stop.Err() != nil {
		return nil, 0, context.Cause(ph.stop)
	}
	if req = ph.first; req != nil {
		ph.first = nil
	} else if req, err = ph.e.Source.Next(ph.stop); err != nil {
		return nil, 0, err
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

func (e *Engine) nextSeq() int64 { return e.Shard.seq(e.seq.Add(1) - 1) }

// traced is when a request of a trace is due.
func (ph *phase) traced(req *Request) (time.Duration, error) {
	if req.AtMs == nil {
		return 0, &SourceError{req.Source.String(), errors.New("no at_ms, which --arrival trace goes by")}
	}
	at := *req.AtMs
	if at < ph.prev {
		return 0, &SourceError{req.Source.String(), errors.New("at_ms decreases: perf-gen --sort puts requests in the order of their arrival")}
	}
	ph.prev = at
	return time.Duration(math.Round(at / ph.p.Speedup * float64(time.Millisecond))), nil
}

// SourceError is the fault of a line.
type SourceError struct {
	Source string // file:line
	Err    error
}

func (e *SourceError) Error() string { return e.Source + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *SourceError) Unwrap() error { return e.Err }
