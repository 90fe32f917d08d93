package client

import (
	"context"
	"net"
	"time"

	"llmperf/internal/record"
)

// deadline sees to the timeouts of one connection and to its interruption.
type deadline struct {
	cfg   *Config
	conn  net.Conn
	armed time.Time       // the deadline that is set
	ctx   context.Context // whose end interrupts the connection
	stop  func() bool     // frees the watch on ctx
	last  time.Time       // of the last read or of the start
	look  time.Duration   // how long a silence is trusted before the connection is read again; 0: for ever
}

func (d *deadline) close() {
	if d.stop != nil {
		d.stop()
	}
	d.conn.Close()
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
func (d *deadline) arm(start, now time.Time) {
	due := d.due(start)
	if d.look > 0 {
		if next := now.Add(d.look); due.IsZero() || next.Before(due) {
			due = next
		}
	}
	if due.IsZero() || !d.armed.IsZero() && !d.armed.After(due) {
		return
	}
	d.armed = due
	d.conn.SetDeadline(due)
}

// due is when the exchange fails if nothing comes any more; zero: never.
func (d *deadline) due(start time.Time) time.Time {
	var due time.Time
	if r := d.cfg.ReadTimeout; r > 0 {
		due = d.last.Add(r)
	}
	if t := d.cfg.TotalTimeout; t > 0 {
		if end := start.Add(t); due.IsZero() || end.Before(due) {
			due = end
		}
	}
	return due
}

// expired arms the deadline again where it was another exchange's, or this one's before the last read.
func (d *deadline) expired(ctx context.Context, start time.Time) error {
	now := time.Now()
	if ctx.Err() == nil && (d.due(start).IsZero() || now.Before(d.due(start))) {
		d.armed = time.Time{}
		if d.due(start).IsZero() {
			d.conn.SetDeadline(time.Time{})
		}
		d.arm(start, now)
		return nil
	}
	total := d.cfg.TotalTimeout
	switch {
	case ctx.Err() != nil:
		return &failure{record.KindCanceled, context.Cause(ctx)}
	case total > 0 && now.Sub(start) >= total:
		return fail(record.KindTotalTimeout, "not answered whole in %v", total)
	}
	return fail(record.KindReadTimeout, "nothing received for %v", d.cfg.ReadTimeout)
}
