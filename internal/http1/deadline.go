package http1

import (
	"context"
	"sync/atomic"
	"time"

	"perfpipe/internal/clock"
)

// interruptible is a connection whose reads and writes fail, or whose exchange is examined, at a deadline.
type interruptible interface {
	SetDeadline(time.Time) error
	Close() error
	interrupt() // as at a deadline that has passed
}

// deadline applies the timeouts to one connection, and the end of its context.
type deadline struct {
	cfg       *connConfig
	conn      interruptible
	armed     time.Time       // the deadline that is set on conn
	ctx       context.Context // whose end interrupts conn
	next      *deadline       // in the watch on ctx
	prev      *deadline
	begun     time.Time   // of the exchange
	start     clock.Nanos // the same instant
	last      time.Time   // of the last read, or when the attempt began
	phase     Phase       // of the answer, as far as it bounds the wait for more
	restUntil time.Time   // when that wait ends; zero: it has no bound

	closedByPeer atomic.Bool // as far as a poller knows
}

func (d *deadline) ended() bool { return d.closedByPeer.Load() }

func (d *deadline) silence() time.Duration { return time.Since(d.last) }

func (d *deadline) close() {
	d.watch(context.Background())
	d.conn.Close()
}

// begin starts an exchange, or another attempt at it.
func (d *deadline) begin(ctx context.Context, r *Request, now time.Time) {
	d.begun, d.start, d.last = r.Begun, r.Start, now
	if d.phase != Going {
		d.phase, d.restUntil, d.armed = Going, time.Time{}, time.Time{}
		d.conn.SetDeadline(time.Time{})
	}
	d.watch(ctx)
	d.arm()
}

// past is a deadline that interrupts reads and writes at once.
var past = time.Unix(1, 0)

// watch has the end of ctx interrupt reads and writes.
func (d *deadline) watch(ctx context.Context) {
	if d.ctx != ctx {
		d.cfg.watches.set(d, ctx)
	}
}

// arm sets the deadline unless an earlier one is set. That one is set anew when it expires, which is cheaper than to
// move it for each exchange and each read.
func (d *deadline) arm() {
	due := d.due()
	if due.IsZero() || !d.armed.IsZero() && !d.armed.After(due) {
		return
	}
	d.armed = due
	d.conn.SetDeadline(due)
}

// due returns when the exchange fails if nothing more is received; zero: never.
func (d *deadline) due() time.Time {
	due := earlier(d.cfg.end(d.begun), d.restUntil)
	if r := d.cfg.ReadTimeout; r > 0 {
		due = earlier(due, d.last.Add(r))
	}
	return due
}

// reached bounds the wait for the rest of a body whose answer has reached phase p.
func (d *deadline) reached(p Phase) error {
	switch {
	case p == Refused:
		return errRefused
	case p == Ended && d.phase == Ended:
		if d.last.After(d.restUntil) {
			return errOpen
		}
		return nil
	}
	d.restUntil = d.last.Add(p.Rest())
	d.phase = p
	d.arm()
	if d.ctx.Err() != nil { // arm may have undone the interruption
		d.conn.SetDeadline(past)
	}
	return nil
}

// expired returns the error of a deadline that has passed, or nil if that was not the exchange's own: it was set for an
// earlier exchange or before the last read. The right one is set then.
func (d *deadline) expired(ctx context.Context, s Sink) error {
	now := time.Now()
	if d.phase == Settled && !now.Before(d.restUntil) && s.Several() {
		d.restUntil = time.Time{}
	}
	if ctx.Err() == nil && (d.due().IsZero() || now.Before(d.due())) {
		d.armed = time.Time{}
		if d.due().IsZero() {
			d.conn.SetDeadline(time.Time{})
		}
		d.arm()
		return nil
	}
	total := d.cfg.TotalTimeout
	switch {
	case ctx.Err() != nil:
		return canceled(ctx)
	case total > 0 && now.Sub(d.begun) >= total:
		return d.cfg.Late()
	case !d.restUntil.IsZero() && !now.Before(d.restUntil):
		return errOpen
	}
	return fail(kindReadTimeout, "nothing received for %v", d.cfg.ReadTimeout)
}
