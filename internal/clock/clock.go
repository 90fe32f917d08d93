// Package clock reads instants of a run on one anchor: the wall clock at the start of the process, monotonic from
// there. Instants can be subtracted, and setting the system clock shifts none of them.
package clock

import "time"

// Nanos is an instant in nanoseconds since the Unix epoch.
type Nanos int64

// Micros returns the instant in microseconds since the Unix epoch.
func (n Nanos) Micros() int64 { return int64(n) / 1000 }

// Sub returns the duration from since to n.
func (n Nanos) Sub(since Nanos) time.Duration { return time.Duration(n - since) }

// Clock converts times with a monotonic reading into instants.
type Clock struct {
	base   time.Time
	baseNs int64
}

// New returns a Clock that is anchored at the present.
func New() *Clock {
	now := time.Now()
	return &Clock{now, now.UnixNano()}
}

// Ns returns the instant of t, which must carry a monotonic reading, in nanoseconds since the Unix epoch.
func (c *Clock) Ns(t time.Time) int64 { return c.baseNs + int64(t.Sub(c.base)) }

// At returns the instant of t, which must carry a monotonic reading.
func (c *Clock) At(t time.Time) Nanos { return Nanos(c.Ns(t)) }

// Now returns the present instant.
func (c *Clock) Now() Nanos { return Nanos(c.baseNs + int64(time.Since(c.base))) }
