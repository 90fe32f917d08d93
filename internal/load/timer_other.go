//go:build !linux

package load

import (
	"context"
	"time"
)

// timer wakes one goroutine at given times, by Go's timers.
type timer struct{}

// newTimer opens a timer.
func newTimer() *timer { return &timer{} }

// close does nothing.
func (t *timer) close() {}

// sleep waits until a time or the end of ctx, whose cause it returns.
func (t *timer) sleep(ctx context.Context, until time.Time) error { return waitUntil(ctx, until) }
