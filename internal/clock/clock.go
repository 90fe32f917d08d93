// Package clock reads instants of a run on one anchor: the wall clock at the start of the process, monotonic from
// there. Instants can be subtracted, and setting the system clock shifts none of them.
package clock

import (
	"sync/atomic"
	"time"
)

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

	checked atomic.Int64 // when offset was read, ns after base
	offset  atomic.Int64 // of the system clock from this one, ns
	trusted atomic.Int64 // from when on stamps of the kernel are by the system clock of now, ns after base
}

// New returns a Clock that is anchored at the present.
func New() *Clock {
	now := time.Now()
	return &Clock{base: now, baseNs: now.UnixNano()}
}

// Ns returns the instant of t, which must carry a monotonic reading, in nanoseconds since the Unix epoch.
func (c *Clock) Ns(t time.Time) int64 { return c.baseNs + int64(t.Sub(c.base)) }

// At returns the instant of t, which must carry a monotonic reading.
func (c *Clock) At(t time.Time) Nanos { return Nanos(c.Ns(t)) }

// Now returns the present instant.
func (c *Clock) Now() Nanos { return Nanos(c.baseNs + int64(time.Since(c.base))) }

const (
	leastStep = time.Millisecond // a smaller change of the offset is no step
	mostSlew  = 0.1              // rate at which the system clock may be corrected: chrony's is 0.083 at most
	afterStep = 100 * time.Millisecond
	noteEvery = time.Millisecond
)

// Received returns when bytes that were read at read had been received, and how long before. stamp is the kernel's, ns
// since the epoch by the system clock; 0: there is none. If there is none, or the system clock was set in the time
// before read, so that the stamp may be by the clock before, ok is false and the bytes count as received when read.
func (c *Clock) Received(read time.Time, stamp int64) (at Nanos, delay time.Duration, ok bool) {
	at = c.At(read)
	if stamp == 0 || c.stepped(read) {
		return at, 0, false
	}
	delay = max(0, time.Duration(read.UnixNano()-stamp))
	return at - Nanos(delay), delay, true
}

// stepped reports whether the system clock was set less than afterStep before t. All that waited to be read when it was
// set is read at once, so each read is checked. Of several threads, one may be late and check an earlier read than the
// last.
func (c *Clock) stepped(t time.Time) bool {
	now, before := t.Sub(c.base), time.Duration(c.offset.Load())
	since := (now - time.Duration(c.checked.Load())).Abs()
	slew := leastStep + time.Duration(mostSlew*float64(since))
	offset := c.offsetAt(t)
	if (offset - before).Abs() > slew {
		offset = c.offsetAt(time.Now()) // the thread may have lost its processor between the two readings of t
	}
	step := (offset - before).Abs() > slew
	if step {
		c.trusted.Store(int64(now + afterStep))
	}
	if step || since >= noteEvery { // seldom, since processors share what is stored
		c.offset.Store(int64(offset))
		c.checked.Store(int64(now))
	}
	return int64(now) < c.trusted.Load()
}

// offsetAt returns the offset of the system clock from c at t.
func (c *Clock) offsetAt(t time.Time) time.Duration { return time.Duration(t.UnixNano() - c.Ns(t)) }
