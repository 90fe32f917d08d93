// Package load starts requests when they are due and a slot is free, and emits a record for each request started.
//
// An Engine runs load points. A Point is an open loop, whose requests are due by a schedule; a closed loop, whose slots
// each send the next request when the previous one ends; or a capped loop: an open loop with a limit of requests in
// flight. All of them, warm-up, traces and sessions differ in data only, not in code. The package exports many
// names because the plan, the point, the request and the record are each read outside it.
package load

import (
	"context"
	"sync/atomic"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/schedule"
)

// Doer sends a request and returns its record, which also describes failures.
type Doer interface {
	Do(ctx context.Context, req *Request) *Record
}

// Starter is a Doer that can send a request without waiting for its answer, so that a request in flight needs no
// goroutine.
type Starter interface {
	Doer
	// Begin returns req as pending. It does not send it yet.
	Begin(ctx context.Context, req *Request, wake func()) Pending
}

// Pending is a request to send, or in flight.
type Pending interface {
	// Go sends the request at its first call. It returns the record, or nil if it would have to wait for that. Then it is
	// to be called again, perhaps at once and by another goroutine, when wake is called.
	Go() *Record
}

// Source returns the requests in order, and io.EOF after the last. It waits for the next request until ctx ends.
type Source interface {
	Next(ctx context.Context) (*Request, error)
}

// Point is one level of load.
type Point struct {
	Run      string  // its name in the records, such as rate=10
	Rate     float64 // for the records, requests/s; 0: none
	Parallel int     // for the records; 0: no limit

	Mode    string         // Open, Closed or Capped: what a wait for a slot means
	Pacer   schedule.Pacer // of each phase; nil: all requests are due at its start
	Trace   bool           // requests are due at their own at_ms, and Pacer is unused
	Speedup float64        // divides the at_ms of a trace and the delays of sessions; 0: 1
	Limit   int            // slots: the limit of requests in flight, or of live sessions; 0: none
	Conns   int            // the limit of requests in flight that sessions have beside their first; 0: none

	Warmup   int           // requests before the measured ones
	Number   int           // measured requests; 0: all
	Asked    int           // Number for the records; 0 if the point may be complete with fewer
	Sweep    bool          // for the records: it is one of several levels
	Duration time.Duration // after which no measured request starts; 0: no limit
	Start    time.Time     // when the first request is due; zero: as soon as possible
}

// The modes of load.
const (
	Open   = "open"   // due by the schedule; a wait for a slot is lag of the load generator
	Closed = "closed" // due when the slot's previous request ends, or when the slot is created
	Capped = "capped" // due by the schedule; a wait for a slot is queueing, which is part of the response time
)

// Engine runs load points.
type Engine struct {
	Doer   Doer
	Source Source
	Emit   func(*Record) error // takes ownership of a record; called concurrently; an error ends the run

	Ns       func(time.Time) int64 // converts an instant to that of the records, ns since the epoch
	Grace    time.Duration         // after the end of ctx, for the requests in flight
	Abort    context.Context       // its end cancels the requests in flight; nil: nothing does
	RunID    string                // of every record, and the prefix of the ids of requests without one
	Sessions SessionOptions
	Shard    Shard                // the part of the schedule that this engine sends
	Waited   func() time.Duration // how long Source has kept the load waiting so far; nil: not known
	Sent     Sent                 // the requests that an earlier run has sent
	Pauses   Pauses               // of this process; nil: not known
	Counts   Counts

	// Sleep waits until an instant, unless ctx ends. It is used concurrently. If it is nil, a timer of the engine waits,
	// which tests in a bubble of synctest cannot use.
	Sleep func(ctx context.Context, until time.Time) error

	// Measure, unless nil, is called before and after each measured phase, when no request is in flight.
	Measure func(ctx context.Context)

	seq  atomic.Int64                           // requests started by this engine
	line int64                                  // requests read
	cut  func(error)                            // cancels the requests in flight of the current point
	wait func(context.Context, time.Time) error // Sleep, or that of a timer

	unfed unfed // of the current point
}

// Pauses returns the pauses of this process that overlap the time from one instant to another, in ns since the epoch:
// the begin and the end of each, in µs.
type Pauses func(from, to int64) (us []int64)

// Sent describes the requests that an earlier run has sent. The engine skips them, and its schedule continues where
// that of the earlier run ended.
type Sent struct {
	Has func(line int64, req *Request) (bool, error) // reports whether a request was sent; nil: none was
	Seq int64                                        // above every seq of its records; 0: each seq is that of its line

	RunID string // of that run, which the records name as the one that they continue
}

// SessionOptions holds what is the same for the sessions of all load points.
type SessionOptions struct {
	MaxDelay       time.Duration // limits the delays; 0: no limit
	Midway         bool          // the first session of each slot starts at a random point of its course
	Seed           uint64        // of these points
	SkipUnanswered bool          // skip requests with results of tools for which the reply before them has no call
}

// Counts is the progress of a run. Sessions and conversations count as one in Started and Done.
type Counts struct {
	Phase    atomic.Pointer[Phase] // the current phase; nil: none has begun
	Started  atomic.Int64          // of the phase
	Done     atomic.Int64          // of the phase
	Earlier  atomic.Int64          // of the phase that an earlier run has sent, which count in both
	Failed   atomic.Int64          // requests of the run
	Requests atomic.Int64          // finished requests of the run
	InFlight atomic.Int64          // requests, now
	Sessions SessionCounts         // of the run
}

// SessionCounts counts what became of the requests of sessions that have no record.
type SessionCounts struct {
	Begun      atomic.Int64 // sessions
	Unanswered atomic.Int64 // not sent, because a reply has no call for a result of a tool, and those after them
	Unsent     atomic.Int64 // not sent, because the load point or the run ended
	Passed     atomic.Int64 // not sent, because the session started midway
	Mapped     atomic.Int64 // results of tools that name a call of the reply
	AsUser     atomic.Int64 // results of tools sent as messages of the user, because the reply has no call for them
	Empty      atomic.Int64 // calls of replies that got an empty result, because the line has none for them
}

// Phase is the warm-up or the measured part of a load point.
type Phase struct {
	Run   string // the point's
	Name  string // record.PhaseWarmup or record.PhaseMeasure
	Total int    // requests to start; 0: not known
}

// Result counts the requests or sessions of a point that were started.
type Result struct {
	Warmed, Measured int
	Short            bool // the source ended before Warmup or Number was reached

	Unfed time.Duration // at the end of Duration, for which there was no request although one was due
	Dry   bool          // because the source had ended
}

// Run runs p. It returns when every started request has its record: after the last request, or Grace after the end of
// ctx, or after an error of the source or of Emit.
func (e *Engine) Run(ctx context.Context, p Point) (Result, error) {
	var res Result
	abort := e.Abort
	if abort == nil {
		abort = context.WithoutCancel(ctx)
	}
	hard, cancel := context.WithCancelCause(abort)
	defer cancel(nil)
	e.cut = cancel
	wait, free := e.sleeper()
	defer free()
	e.wait, e.unfed = wait, unfed{}
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
	if e.Measure != nil {
		e.Measure(ctx)
		defer e.Measure(ctx)
	}
	n, err := e.phase(ctx, hard, p, record.PhaseMeasure, p.Number)
	res.Measured, res.Unfed, res.Dry = n, e.unfed.at, e.unfed.dry
	res.Short = n < p.Number && p.Duration == 0 && err == nil
	return res, err
}

// sleeper returns Sleep, or that of a timer of its own, which free closes.
func (e *Engine) sleeper() (sleep func(context.Context, time.Time) error, free func()) {
	if e.Sleep != nil {
		return e.Sleep, func() {}
	}
	t := newTimer()
	return t.sleep, t.close
}

// SourceError is the error of a request line.
type SourceError struct {
	Source string // file:line
	Err    error
}

// Error implements error.
func (e *SourceError) Error() string { return e.Source + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }
