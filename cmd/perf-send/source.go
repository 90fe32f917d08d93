package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/request"
)

// source reads request lines ahead of the load, so that neither their making nor their parsing falls into a run. It is
// bounded in lines and in bytes.
type source struct {
	ready   *queue
	peeked  *request.Request
	err     error // set before ready has ended
	read    atomic.Int64
	skipped atomic.Int64

	passEnd *request.Request // stands in the queue where a pass over the input ends; nil: there is one pass
	between bool             // the last pass has ended, and the next has not begun
}

const (
	aheadLines = 1024
	aheadBytes = 32 << 20
)

// sourceConfig says how lines are read.
type sourceConfig struct {
	env     *cli.Env
	skip    bool // bad lines are said and skipped
	log     *requestLog
	cycle   bool // at the end of the input what was read is sent again
	inTurn  bool // as cycle, but each pass ends with io.EOF: see source.nextPass
	prepare func(*request.Request) error
}

// startSource reads r until its end or that of ctx. A line that the parser or prepare refuses is skipped and said, or ends
// the source.
func startSource(ctx context.Context, c sourceConfig, r io.Reader, name string) *source {
	s := &source{ready: newQueue(aheadLines, aheadBytes)}
	if c.inTurn {
		s.passEnd = new(request.Request)
	}
	go func() {
		defer s.ready.end()
		if !c.cycle && !c.inTurn {
			s.err = s.pass(ctx, c, r, name, nil)
			return
		}
		var kept spool
		defer kept.close()
		s.err = s.pass(ctx, c, r, name, &kept)
		for s.err == nil && s.read.Load() > 0 && ctx.Err() == nil {
			if c.inTurn && !s.ready.put(ctx, s.passEnd) {
				return
			}
			again, err := kept.reader()
			if err != nil {
				s.err = err
				return
			}
			s.err = s.pass(ctx, c, again, name, nil)
		}
	}()
	return s
}

// pass hands on the lines of r. It ends without an error where r or ctx do.
func (s *source) pass(ctx context.Context, c sourceConfig, r io.Reader, name string, keep *spool) error {
	for req, err := range request.Read(r, name, s.ready.room) {
		if err == nil && c.log != nil && (keep != nil || !c.cycle && !c.inTurn) { // the first pass
			if err := c.log.add(req); err != nil {
				return fault.Fail("", "--run-dir: %w", err)
			}
		}
		if err == nil && keep != nil {
			if err := keep.add(req); err != nil {
				return fault.Fail("", "--cycle: %w", err)
			}
		}
		if err == nil {
			if perr := c.prepare(req); perr != nil {
				err = located(perr, req.Source.String())
			}
		}
		if err != nil {
			if c.skip && (errors.As(err, new(*jsonl.LineError)) || errors.As(err, new(*badRequest))) {
				s.skipped.Add(1)
				c.env.Say("%v", err)
				continue
			}
			return err
		}
		s.read.Add(1)
		if !s.ready.put(ctx, req) {
			return nil
		}
	}
	return nil
}

// badRequest is the fault of a line that is a request, but not one for this server.
type badRequest struct {
	source string
	err    error
}

func (e *badRequest) Error() string { return e.source + ": " + e.err.Error() }
func (e *badRequest) Unwrap() error { return e.err }

func located(err error, source string) error {
	var ce *fault.Error
	if errors.As(err, &ce) { // not the line's fault
		return err
	}
	return &badRequest{source, err}
}

// Peek waits for the next request and leaves it where it is. It must not be called while a load point runs.
func (s *source) Peek(ctx context.Context) (*request.Request, error) {
	if s.peeked == nil {
		r, err := s.Next(ctx)
		if err != nil {
			return nil, err
		}
		s.peeked = r
	}
	return s.peeked, nil
}

// Waited is how long Next has waited so far.
func (s *source) Waited() time.Duration { return time.Duration(s.ready.waited.Load()) }

// Next implements load.Source.
func (s *source) Next(ctx context.Context) (*request.Request, error) {
	if r := s.peeked; r != nil {
		s.peeked = nil
		return r, nil
	}
	if s.between {
		return nil, io.EOF
	}
	if r := s.ready.take(ctx); r != nil {
		if r == s.passEnd {
			s.between = true
			return nil, io.EOF
		}
		return r, nil
	}
	if ctx.Err() != nil { // the reader may be at work still
		return nil, context.Cause(ctx)
	}
	return nil, s.end()
}

// nextPass lets the next pass over the input begin, past what is left of this one. It does nothing if there is one pass.
func (s *source) nextPass(ctx context.Context) error {
	if s.passEnd == nil {
		return nil
	}
	for !s.between {
		switch _, err := s.Next(ctx); {
		case errors.Is(err, io.EOF) && !s.between:
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
	}
	s.between = false
	return nil
}

// end is how the input ended.
func (s *source) end() error {
	switch {
	case s.err == nil:
		return io.EOF
	case errors.As(s.err, new(*fault.Error)):
		return s.err
	}
	return fault.Fail("--on-bad-line skip goes on without such lines", "%w", s.err)
}
