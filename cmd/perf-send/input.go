package main

import (
	"context"
	"errors"
	"io"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
)

// feedConfig describes how request lines are read.
func (r *runner) feedConfig(ctx context.Context, log *feed.Log, in io.Reader, name string) feed.Config {
	c := feed.Config{
		Input: in, Name: name,
		Prepare: func(q *load.Request) error { return r.prepare(ctx, q) },
		Log: func(q *load.Request) error {
			if err := log.Add(q); err != nil {
				return fault.Fail("", "--run-dir: %w", err)
			}
			return nil
		},
	}
	switch {
	case r.f.Cycle:
		c.Repeat = feed.Loop
	case r.f.eachAll:
		c.Repeat = feed.Passes
	}
	if r.f.OnBadLine == "skip" {
		c.Skip = func(err error) { r.env.Say("%v", err) }
	}
	return c
}

// prepare completes a request for the server, which may still be starting.
func (r *runner) prepare(ctx context.Context, q *load.Request) error {
	q.Labels = r.f.Label.Over(q.Labels)
	err := r.client.Prepare(ctx, q)
	for errors.Is(err, client.ErrNoModel) && r.ready.Again(ctx, err.Error()) {
		err = r.client.Prepare(ctx, q)
	}
	if errors.Is(err, client.ErrNoModel) {
		return feed.Fatal(fault.Fail("check --url, or name a model with --model", "%w", err))
	}
	return err
}

// inputFault adds a hint to the error of a bad line.
func inputFault(err error) error {
	if errors.As(err, new(*jsonl.LineError)) && !errors.As(err, new(*fault.Error)) {
		return fault.Fail("--on-bad-line skip goes on without such lines", "%w", err)
	}
	return err
}
