package client

import "time"

// Clock counts nanoseconds since the epoch on one wall-clock anchor, monotonic after it, so that instants of a run can be
// subtracted and a stepped system clock shifts none of them.
type Clock struct {
	base   time.Time
	baseNs int64
}

// NewClock anchors a Clock at the present.
func NewClock() *Clock {
	now := time.Now()
	return &Clock{now, now.UnixNano()}
}

// Ns is the instant of t, which must carry a monotonic reading, in ns since the epoch.
func (c *Clock) Ns(t time.Time) int64 { return c.baseNs + int64(t.Sub(c.base)) }

// Now is the present in ns since the epoch.
func (c *Clock) Now() int64 { return c.baseNs + int64(time.Since(c.base)) }
