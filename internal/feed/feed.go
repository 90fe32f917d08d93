// Package feed reads request lines ahead of the load, so that making and parsing them delays no request.
//
// A [Feed] parses and prepares lines in a goroutine of its own and holds the requests in a queue, which is bounded in
// number and in bytes: input of any length takes constant memory. The lines of a session become one request, which
// stands for all of them. To repeat the input, it spools the lines of the first pass, in memory or, beyond a limit, in
// a temporary file.
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// Repeat is what follows the last line of the input.
type Repeat int

// The values of Repeat.
const (
	Once   Repeat = iota // nothing: the feed ends
	Loop                 // the first line again, without end
	Passes               // io.EOF, and after each NextPass the first line again
)

// Config describes a feed.
type Config struct {
	Input  io.Reader // request lines, plain or compressed
	Name   string    // of the input, for messages
	Repeat Repeat

	// Prepare completes each request after it was parsed. An error rejects the line, or ends the feed if it is Fatal.
	// If Prepare is nil, requests stay as they are.
	Prepare func(*load.Request) error
	// Skip gets the error of each rejected line. If Skip is nil, the first rejected line ends the feed.
	Skip func(error)
	// Ignored gets an error for each of the first unknown names of members in envelopes, once. It may be nil.
	Ignored func(error)
	// Limit is the number of requests of each session; 0: all of them.
	Limit int
	// Log gets each request of the first pass as it was read, before Prepare. It may be nil.
	Log func(*load.Request) error
}

// Feed is a stream of requests.
type Feed struct {
	c       Config
	queue   *queue
	peeked  *load.Request
	err     error // that ended the input; set before the queue is closed
	skipped atomic.Int64
	others  atomic.Int64 // lines of sessions that were skipped for another line
	gather  gatherer
	packer  load.Packer
	unknown map[string]bool // names of members that were reported

	passEnd *load.Request // marks the end of a pass in the queue; nil unless Repeat is Passes
	between bool          // a pass has ended, and the next one has not begun
}

// Limits of the queue.
const (
	aheadLines = 1024
	aheadBytes = 32 << 20
)

// Start begins to read the input. It reads until the input or ctx ends.
func Start(ctx context.Context, c Config) *Feed {
	f := &Feed{c: c, queue: newQueue(aheadLines, aheadBytes), gather: gatherer{limit: c.Limit}}
	if c.Repeat == Passes {
		f.passEnd = new(load.Request)
	}
	go func() {
		defer f.queue.close()
		f.err = f.read(ctx)
	}()
	return f
}

// read puts the requests of all passes into the queue.
func (f *Feed) read(ctx context.Context) error {
	plain, err := jsonl.Decompress(f.c.Input)
	if err != nil {
		return fmt.Errorf("%s: %w", f.c.Name, err)
	}
	if f.c.Repeat == Once {
		_, err := f.pass(ctx, plain, f.c.Log)
		return err
	}
	var spool spool
	defer spool.close()
	n, err := f.pass(ctx, plain, func(r *load.Request) error {
		if f.c.Log != nil {
			if err := f.c.Log(r); err != nil {
				return err
			}
		}
		return spoolError(spool.add(r))
	})
	for err == nil && n > 0 && ctx.Err() == nil {
		if f.c.Repeat == Passes && !f.queue.put(ctx, f.passEnd) {
			return nil
		}
		var again io.Reader
		if again, err = spool.reader(); err != nil {
			return spoolError(err)
		}
		n, err = f.pass(ctx, again, nil)
	}
	return err
}

func spoolError(err error) error {
	if err != nil {
		err = fmt.Errorf("store the input to repeat it: %w", err)
	}
	return err
}

// pass puts the n accepted requests of r into the queue, a session as one. The end of r or ctx is not an error. Unless
// it is nil, first gets the request of each line as it was read.
func (f *Feed) pass(ctx context.Context, r io.Reader, first func(*load.Request) error) (n int, err error) {
	for req, err := range f.gather.units(f.requests(r, first)) {
		if err == nil {
			err = f.prepare(req)
		}
		if err != nil {
			if f.c.Skip == nil || !errors.As(err, new(*jsonl.LineError)) {
				return n, err
			}
			f.skipped.Add(1)
			f.others.Add(int64(f.gather.lines - 1))
			f.c.Skip(err)
			continue
		}
		n++
		if !f.queue.put(ctx, req) {
			return n, nil
		}
	}
	return n, nil
}

// requests parses the lines of r, and calls first with each, unless it is nil. A body that is a whole line, and its
// Members, are valid until the next line is read. A bad line is a *jsonl.LineError, and reading continues.
func (f *Feed) requests(r io.Reader, first func(*load.Request) error) iter.Seq2[*load.Request, error] {
	return func(yield func(*load.Request, error) bool) {
		var members fastjson.Members
		for line, err := range jsonl.Lines(r) {
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", f.c.Name, err))
				return
			}
			req := f.queue.alloc()
			if members, err = req.Parse(line.Bytes, members[:0]); err != nil {
				req, err = nil, &jsonl.LineError{File: f.c.Name, Line: line.N, Err: err}
			} else {
				req.Source, req.Members = request.Source{File: f.c.Name, Line: line.N}, members
				f.ignored(req)
				if first != nil {
					err = first(req)
				}
			}
			if !yield(req, err) {
				return
			}
		}
	}
}

// maxUnknown is the number of unknown members to report: more of them are no slips.
const maxUnknown = 10

// ignored reports the unknown members of a request's envelope.
func (f *Feed) ignored(r *load.Request) {
	for _, name := range r.Unknown {
		if f.c.Ignored == nil || f.unknown[name] || len(f.unknown) == maxUnknown {
			continue
		}
		if f.unknown == nil {
			f.unknown = map[string]bool{}
		}
		f.unknown[name] = true
		f.c.Ignored(r.Source.Wrap(fmt.Errorf("unknown member %.60q in the envelope is ignored", name)))
	}
}

// prepare calls Prepare for a request, or for each of a session, and adds the line to its error, unless that is Fatal.
func (f *Feed) prepare(r *load.Request) error {
	if r.Whole != nil {
		return f.packer.Pack(r.Whole, f.prepare)
	}
	var err error
	if f.c.Prepare != nil {
		err = f.c.Prepare(r)
	}
	if err == nil {
		if len(r.Members) > 0 { // the body is still a slice of the line
			r.SetBody(r.Body)
		}
		return nil
	}
	var fatal *fatalError
	if errors.As(err, &fatal) {
		return fatal.err
	}
	return r.Source.Wrap(err)
}

type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }

// Fatal marks an error of Prepare that is not the fault of the line. It ends the feed even if bad lines are skipped.
func Fatal(err error) error { return &fatalError{err} }

// Next returns the next request. It waits until there is one, the input ends (io.EOF, or the error that ended it) or
// ctx is done. One goroutine at a time may call it.
func (f *Feed) Next(ctx context.Context) (*load.Request, error) {
	if r := f.peeked; r != nil {
		f.peeked = nil
		return r, nil
	}
	if f.between {
		return nil, io.EOF
	}
	switch r := f.queue.take(ctx); {
	case r != nil && r == f.passEnd:
		f.between = true
		return nil, io.EOF
	case r != nil:
		return r, nil
	case ctx.Err() != nil: // the reader may still be running
		return nil, context.Cause(ctx)
	case f.err != nil:
		return nil, f.err
	}
	return nil, io.EOF
}

// Peek returns the request that Next will return. It must not be called while another goroutine may call Next.
func (f *Feed) Peek(ctx context.Context) (*load.Request, error) {
	if f.peeked == nil {
		r, err := f.Next(ctx)
		if err != nil {
			return nil, err
		}
		f.peeked = r
	}
	return f.peeked, nil
}

// NextPass drops the rest of this pass over the input and begins the next one. It does nothing unless Repeat is Passes.
func (f *Feed) NextPass(ctx context.Context) error {
	if f.passEnd == nil {
		return nil
	}
	for !f.between {
		switch _, err := f.Next(ctx); {
		case errors.Is(err, io.EOF) && !f.between: // no line was accepted
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
	}
	f.between = false
	return nil
}

// Waited returns the time that calls of Next have waited for the input so far.
func (f *Feed) Waited() time.Duration { return time.Duration(f.queue.waited.Load()) }

// Skipped returns the number of rejected lines, and of the other lines of their sessions.
func (f *Feed) Skipped() (bad, others int64) { return f.skipped.Load(), f.others.Load() }

// Limited returns the number of requests of sessions beyond Limit.
func (f *Feed) Limited() int64 { return f.gather.limited.Load() }
