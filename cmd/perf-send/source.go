package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"llmperf/internal/cli"
	"llmperf/internal/jsonl"
	"llmperf/internal/request"
)

// source reads request lines ahead of the load, so that neither their making nor their parsing falls into a run. It is
// bounded in lines and in bytes.
type source struct {
	ready   chan *request.Request
	room    *budget
	err     error // set before ready is closed
	read    atomic.Int64
	skipped atomic.Int64
}

const (
	aheadLines = 4096
	aheadBytes = 32 << 20
)

// startSource reads r until its end or that of ctx. prepare looks at each request; a line that it or the parser refuses is
// skipped and said, or ends the source.
func startSource(ctx context.Context, env *cli.Env, r io.Reader, name string, skip bool, prepare func(*request.Request) error) *source {
	s := &source{ready: make(chan *request.Request, aheadLines), room: newBudget(aheadBytes)}
	go func() {
		defer close(s.ready)
		for req, err := range request.Read(r, name) {
			if err == nil {
				if perr := prepare(&req); perr != nil {
					err = located(perr, req.Source)
				}
			}
			if err != nil {
				var line *jsonl.LineError
				if skip && (errors.As(err, &line) || errors.As(err, new(*badRequest))) {
					s.skipped.Add(1)
					env.Say("%v", err)
					continue
				}
				s.err = err
				return
			}
			s.read.Add(1)
			if !s.room.take(ctx, size(&req)) {
				return
			}
			select {
			case s.ready <- &req:
			case <-ctx.Done():
				return
			}
		}
	}()
	return s
}

// badRequest is the fault of a line that is a request, but not one for this server.
type badRequest struct {
	source string
	err    error
}

func (e *badRequest) Error() string { return e.source + ": " + e.err.Error() }
func (e *badRequest) Unwrap() error { return e.err }

func located(err error, source string) error {
	var ce *cli.Error
	if errors.As(err, &ce) { // not the line's fault
		return err
	}
	return &badRequest{source, err}
}

func size(r *request.Request) int {
	n := 200 + len(r.Body)
	for _, t := range r.Turns {
		n += 100 + len(t.Body)
	}
	return n
}

// Next implements load.Source.
func (s *source) Next(ctx context.Context) (*request.Request, error) {
	select {
	case r, ok := <-s.ready:
		if !ok {
			return nil, s.end(ctx)
		}
		s.room.give(size(r))
		return r, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *source) end(ctx context.Context) error {
	switch {
	case s.err == nil:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return io.EOF
	case errors.As(s.err, new(*cli.Error)):
		return s.err
	}
	return cli.Fail("--on-bad-line skip goes on without such lines", "%w", s.err)
}

// budget is a number of bytes that may be read ahead. A single request may be larger than all of it.
type budget struct {
	free chan int // holds what is left
	all  int
	more chan struct{}
}

func newBudget(n int) *budget {
	b := &budget{free: make(chan int, 1), all: n, more: make(chan struct{}, 1)}
	b.free <- n
	return b
}

// take waits for n bytes; false: ctx has ended.
func (b *budget) take(ctx context.Context, n int) bool {
	for {
		left := <-b.free
		if left >= n || left == b.all {
			b.free <- left - n
			return true
		}
		b.free <- left
		select {
		case <-b.more:
		case <-ctx.Done():
			return false
		}
	}
}

func (b *budget) give(n int) {
	b.free <- <-b.free + n
	select {
	case b.more <- struct{}{}:
	default:
	}
}
