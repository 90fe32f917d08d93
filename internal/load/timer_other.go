//go:build !linux

package load

import (
	"context"
	"time"
)

// Timer wakes one goroutine at given times, by Go's timers.
type Timer struct{}

// NewTimer opens a Timer.
func NewTimer() *Timer { return &Timer{} }

// Close does nothing.
func (t *Timer) Close() {}

// Sleep waits until a time or the end of ctx, whose cause it returns.
func (t *Timer) Sleep(ctx context.Context, until time.Time) error { return waitUntil(ctx, until) }
