package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/search"
)

// points runs the load points, or the search that chooses them.
func (r *runner) points(ctx context.Context) error {
	if !r.Search.adaptive() {
		if err := r.schedule(ctx); err != nil {
			return err
		}
	}
	r.nameRun()
	switch {
	case r.Search.SLO != nil:
		return r.capacity(ctx)
	case r.Search.Knee:
		return r.knee(ctx)
	}
	for i, p := range r.Points {
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
	if r.Preconnect {
		if err := r.preconnect(ctx, p); err != nil {
			return "", err
		}
	}
	ctx, w := r.Limits.Watch(ctx, p, &r.engine.Counts, r.Shard.Of, observe)
	r.watch.Store(w)
	res, err := r.engine.Run(ctx, p)
	early, err := w.Stop(err)
	if err != nil {
		return "", err
	}
	if early != nil {
		saturated = early.Reason + r.limitOf(early)
		r.Say("%s: ended early: %s", p.Run, saturated)
	}
	if r.missed == nil && w.ErrorsExceeded() {
		r.missed = fault.Of("max-error-rate", "failures",
			"%s: more than %v of its requests failed", p.Run, r.Limits.ErrorShare)
	}
	r.unfed(p, res)
	asked, got := p.Warmup+p.Number, res.Warmed+res.Measured
	if got == 0 && asked == 0 && r.engine.Counts.Requests.Load() > 0 {
		r.Say("%s: the input had already ended: no request was sent", p.Run)
	}
	if early != nil || !res.Short || got == 0 && p.Number == 0 {
		return saturated, nil
	}
	if r.Search.adaptive() {
		return "", fault.Of("", "input-short", "%s: the input ended after %d of %d requests", p.Run, got, asked)
	}
	if got > 0 || r.engine.Counts.Requests.Load() > 0 { // an empty input is an error of its own
		r.Tell("", "input-short", "%s: the input ended after %d of %d requests", p.Run, got, asked)
	}
	return "", nil
}

// unfed reports an input that had no request left, or ready, before the duration of a load point was over.
func (r *runner) unfed(p load.Point, res load.Result) {
	switch {
	case res.Unfed == 0 || res.Measured == 0:
	case res.Dry:
		r.Tell("", "input-short", "%s: the input ended %.3g s before the duration of %v", p.Run, res.Unfed.Seconds(),
			p.Duration)
	default:
		r.tally.Unfed(res.Unfed, p.Duration)
	}
}

// limitOf returns the limit that ended a load point early, as the end of a sentence.
func (r *runner) limitOf(e *search.Early) string {
	switch e.Cause {
	case search.TooManyErrors:
		return fmt.Sprintf(r.next("too-many-errors"), r.Limits.ErrorShare)
	case search.TooManyInFlight:
		return fmt.Sprintf(r.next("too-many-in-flight"), r.Limits.InFlight)
	}
	return ""
}

// pause waits between two load points.
func (r *runner) pause(ctx context.Context) error {
	if r.Between != nil {
		if err := r.Between(ctx); err != nil && ctx.Err() == nil {
			return fault.Of("between", "", "%w", err)
		}
	}
	r.progress.Stage("%v between load points", r.Pause)
	defer r.progress.Stage("")
	select {
	case <-time.After(r.Pause):
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
		r.Tell("preconnect", "", "left out: %v", err)
		r.Preconnect = false
	case err != nil:
		return fault.Of("preconnect", "", "%w", err)
	}
	runtime.GC() // opening them leaves as much garbage as they use
	return nil
}
