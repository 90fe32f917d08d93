package client

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"perfpipe/internal/record"
)

// deadline sees to the timeouts of one connection and to its interruption.
type deadline struct {
	cfg   *Config
	conn  net.Conn
	armed time.Time       // the deadline that is set
	ctx   context.Context // whose end interrupts the connection
	stop  func() bool     // frees the watch on ctx
	start time.Time       // of the exchange
	asked int64           // the same, ns since the epoch
	last  time.Time       // of the last read or of the start
	phase ending          // of the answer, as far as it bounds the wait for more
	rest  time.Time       // when that wait is over; zero: there is no such bound

	hungUp atomic.Bool // the server has ended the connection, as far as hangups knows
	forget func()      // ends the watch of hangups; nil: there is none
}

func (d *deadline) ended() bool { return d.hungUp.Load() }

func (d *deadline) silence() time.Duration { return time.Since(d.last) }

func (d *deadline) close() {
	if d.forget != nil {
		d.forget()
	}
	if d.stop != nil {
		d.stop()
	}
	d.conn.Close()
}

// begin is the start of an exchange, or of another attempt at it.
func (d *deadline) begin(ca *call, now time.Time) {
	d.start, d.asked, d.last = ca.begun, ca.start, now
	if d.phase != going {
		d.phase, d.rest, d.armed = going, time.Time{}, time.Time{}
		d.conn.SetDeadline(time.Time{})
	}
}

// bound bounds the wait for what may follow an answer that has ended by its own protocol.
func (d *deadline) bound(e ending) error {
	switch {
	case e == refused:
		return errRefused
	case e == ended && d.phase == ended:
		if d.last.After(d.rest) {
			return errOpen
		}
		return nil
	case e == ended:
		d.rest = d.last.Add(restAfterEnd)
	default:
		d.rest = d.last.Add(restWhenSettled)
	}
	d.phase = e
	d.arm(d.last)
	if d.ctx.Err() != nil || d.ended() { // whose interruptions arm may have undone
		d.conn.SetDeadline(time.Unix(1, 0))
	}
	return nil
}

// watch sees to it that the end of ctx interrupts a read. The contexts of a run are one and the same, so that it costs
// nothing after the first time.
func (d *deadline) watch(ctx context.Context) {
	if d.ctx == ctx {
		return
	}
	if d.stop != nil {
		d.stop()
	}
	d.ctx = ctx
	d.stop = context.AfterFunc(ctx, func() { d.conn.SetDeadline(time.Unix(1, 0)) })
}

// arm sets the deadline, unless one is set that comes earlier: when it fires too early it is armed again, which is
// cheaper than to move it at each exchange and at each read.
func (d *deadline) arm(now time.Time) {
	due := d.due()
	if due.IsZero() || !d.armed.IsZero() && !d.armed.After(due) {
		return
	}
	d.armed = due
	d.conn.SetDeadline(due)
}

// due is when the exchange fails if nothing comes any more; zero: never.
func (d *deadline) due() time.Time {
	var due time.Time
	if r := d.cfg.ReadTimeout; r > 0 {
		due = d.last.Add(r)
	}
	if t := d.cfg.TotalTimeout; t > 0 {
		if end := d.start.Add(t); due.IsZero() || end.Before(due) {
			due = end
		}
	}
	if !d.rest.IsZero() && (due.IsZero() || d.rest.Before(due)) {
		due = d.rest
	}
	return due
}

// expired arms the deadline again where it was another exchange's, or this one's before the last read.
func (d *deadline) expired(ctx context.Context, ca *call) error {
	now := time.Now()
	if d.phase == settled && !now.Before(d.rest) && ca.many() {
		d.rest = time.Time{}
	}
	if ctx.Err() == nil && (d.due().IsZero() || now.Before(d.due())) {
		d.armed = time.Time{}
		if d.due().IsZero() {
			d.conn.SetDeadline(time.Time{})
		}
		d.arm(now)
		return nil
	}
	total := d.cfg.TotalTimeout
	switch {
	case ctx.Err() != nil:
		return &failure{record.KindCanceled, context.Cause(ctx)}
	case total > 0 && now.Sub(d.start) >= total:
		return late(total)
	case !d.rest.IsZero() && !now.Before(d.rest):
		return errOpen
	}
	return fail(record.KindReadTimeout, "nothing received for %v", d.cfg.ReadTimeout)
}
