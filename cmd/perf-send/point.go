package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// points runs the load points, or the search that chooses them.
func (r *runner) points(ctx context.Context, points []load.Point) error {
	if !r.f.adaptive() {
		if err := r.f.begin(ctx, r.env, points); err != nil {
			return err
		}
	}
	r.nameRun(points)
	switch {
	case r.f.Search != "":
		return r.search(ctx)
	case r.f.Profile != "":
		return r.knee(ctx)
	}
	for i, p := range points {
		if i > 0 {
			if err := r.pause(ctx); err != nil {
				return err
			}
			if err := r.feed.NextPass(ctx); err != nil {
				return err
			}
		}
		r.progress.Point(i + 1)
		if _, err := r.point(ctx, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// point runs a load point. Observe, if not nil, gets each measured record. Saturated is why the point ended early, or
// "".
func (r *runner) point(
	ctx context.Context, p load.Point, observe func(*record.Record),
) (saturated string, err error) {
	if r.f.Preconnect {
		if err := r.preconnect(ctx, p); err != nil {
			return "", err
		}
	}
	if p.Mode == load.Open {
		r.tally.Begin(p.Limit)
	} else {
		r.tally.Begin(0)
	}
	ctx, w := r.f.limits().Watch(ctx, p, &r.engine.Counts, r.f.part.Of, observe)
	r.watch.Store(w)
	res, err := r.engine.Run(ctx, p)
	early, err := w.Stop(err)
	if err != nil {
		return "", err
	}
	if early != nil {
		saturated = r.f.reason(early)
		r.env.Say("%s: ended early: %s", p.Run, saturated)
	}
	if r.missed == nil && w.ErrorsExceeded() {
		r.missed = fault.Fail("perf-stats shows the kinds of errors",
			"--max-error-rate: %s: more than %v of its requests failed", p.Run, r.f.MaxErrorRate)
	}
	asked, got := p.Warmup+p.Number, res.Warmed+res.Measured
	if got == 0 && asked == 0 && r.engine.Counts.Requests.Load() > 0 {
		r.env.Say("%s: the input had ended before: no request was sent", p.Run)
	}
	if early != nil || !res.Short || got == 0 && p.Number == 0 {
		return saturated, nil
	}
	const hint = "give more lines (perf-gen --number), or --cycle to send them again"
	if r.f.adaptive() {
		return "", fault.Fail(hint, "%s: the input ended after %d of %d requests", p.Run, got, asked)
	}
	r.env.Say("%s: the input ended after %d of %d requests", p.Run, got, asked)
	r.env.Hint(hint)
	return "", nil
}

// pause runs --between and waits, between two load points.
func (r *runner) pause(ctx context.Context) error {
	if r.f.Between != "" {
		cmd := exec.CommandContext(ctx, "sh", "-c", r.f.Between)
		cmd.Stdout, cmd.Stderr = r.env.Stderr, r.env.Stderr
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			return fault.Fail("", "--between: %w", err)
		}
	}
	r.progress.Stage("%v between load points", time.Duration(r.f.SleepInterval))
	defer r.progress.Stage("")
	select {
	case <-time.After(time.Duration(r.f.SleepInterval)):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// preconnect opens the connections of a load point: one for each slot, in an open loop for the requests of a second.
func (r *runner) preconnect(ctx context.Context, p load.Point) error {
	n := p.Limit
	if p.Mode == load.Open {
		n = min(p.Limit, max(1, int(p.Rate)))
	}
	first, err := r.feed.Peek(ctx)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	switch err := r.client.Preconnect(ctx, first, n); {
	case errors.Is(err, client.ErrNoPreconnect):
		r.env.Say("--preconnect: left out: %v", err)
		r.f.Preconnect = false
	case err != nil:
		return fault.Fail("", "--preconnect: %w", err)
	}
	runtime.GC() // opening them leaves as much garbage as they use
	return nil
}
