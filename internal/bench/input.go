package bench

import (
	"context"
	"errors"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// feedConfig describes how request lines are read.
func (r *runner) feedConfig(ctx context.Context) feed.Config {
	c := feed.Config{
		Input: r.Input.Reader, Name: r.Input.Name, Limit: r.Input.Limit,
		Prepare: func(q *load.Request) error { return r.prepare(ctx, q) },
		Ignored: func(err error) { r.Say("%v", err) },
		Log: func(q *load.Request) error {
			if err := r.log.Add(q); err != nil {
				return fault.Of("run-dir", "", "%w", err)
			}
			return nil
		},
	}
	switch {
	case r.Input.Cycle:
		c.Repeat = feed.Loop
	case r.passes:
		c.Repeat = feed.Passes
	}
	if r.Input.Skip {
		c.Skip = func(err error) { r.Say("%v", err) }
	}
	return c
}

// prepare completes a request for the server, which may still be starting.
func (r *runner) prepare(ctx context.Context, q *load.Request) error {
	q.Labels = r.Input.Label(q.Labels)
	err := r.client.Prepare(ctx, q)
	for errors.Is(err, client.ErrNoModel) && r.ready.Again(ctx, err.Error()) {
		err = r.client.Prepare(ctx, q)
	}
	if errors.Is(err, client.ErrNoModel) {
		return feed.Fatal(fault.Of("", "no-model", "%w", err))
	}
	return err
}

// inputFault adds a hint to the error of a bad line.
func inputFault(err error) error {
	if bad, ok := errors.AsType[*request.SessionError](err); ok {
		return fault.Of("", bad.Reason, "%w", err)
	}
	if errors.As(err, new(*jsonl.LineError)) && !errors.As(err, new(*fault.Error)) {
		return fault.Of("", "bad-line", "%w", err)
	}
	return err
}
