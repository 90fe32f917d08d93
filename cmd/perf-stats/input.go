package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/stats"
)

// interrupt is what Ctrl-C does to reading.
type interrupt struct {
	ctx      context.Context
	stop     func()
	signaled atomic.Bool
}

// watch returns a context that ends some time after a signal: at another one, or after the grace, in which a perf-send
// that had the same Ctrl-C sends the records of the requests it had in flight.
func watch(env *cli.Env, grace time.Duration) *interrupt {
	ctx, cancel := context.WithCancelCause(context.Background())
	in := &interrupt{ctx: ctx, stop: func() { cancel(nil) }}
	go func() {
		select {
		case <-env.Signals:
			in.signaled.Store(true)
		case <-ctx.Done():
			return
		}
		select {
		case <-env.Signals:
		case <-time.After(grace):
		case <-ctx.Done():
		}
		cancel(fault.ErrInterrupted)
	}()
	return in
}

// err is fault.ErrInterrupted if a signal came, also where the input ended before the grace.
func (in *interrupt) err() error {
	if in.signaled.Load() {
		return fault.ErrInterrupted
	}
	return nil
}

// read feeds the files, or stdin, to stream.
func read(ctx context.Context, env *cli.Env, stream *stats.Stream, files []string) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, file := range files {
		file, err := facts.Records(file)
		if err != nil {
			return fault.Fail("", "%w", err)
		}
		r, name, close, err := env.Input(file, func(r io.Reader) (io.Reader, error) { return &lazy{src: r}, nil })
		if err != nil {
			return err
		}
		err = stream.Read(ctx, r, name)
		close()
		if bad, whole := new(jsonl.LineError), new(stats.SummaryError); errors.As(err, &bad) && !errors.As(err, &whole) {
			return fault.Fail("--on-bad-line skip leaves such lines out", "%w", err)
		}
		if jsonl.Damaged(err) {
			env.Say("%v: what could be read counts", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lazy looks for gzip or zstd at the first Read, so that a silent stdin does not hold up Ctrl-C.
type lazy struct{ src, r io.Reader }

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.r == nil {
		if l.r, err = jsonl.Decompress(l.src); err != nil {
			return 0, err
		}
	}
	return l.r.Read(p)
}
