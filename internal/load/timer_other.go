//go:build !linux

package load

import (
	"context"
	"time"
)

// Timer wakes one goroutine at given times, in the plain way on this system.
type Timer struct{}

// NewTimer opens a Timer.
func NewTimer() *Timer { return &Timer{} }

// Close frees it.
func (t *Timer) Close() {}

// Sleep waits until the time or the end of ctx, whose cause is then the error.
func (t *Timer) Sleep(ctx context.Context, until time.Time) error { return waitUntil(ctx, until) }
