package http1

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

// netConn is a connection on systems without a poller. It reads in small pieces, since it holds its buffer while it
// waits.
type netConn struct {
	exchange
	conn  net.Conn
	in    [4 << 10]byte
	watch *Watch // nil: the kernel is not asked
}

// interruptibleConn is a net.Conn whose reads and writes fail when it is interrupted.
type interruptibleConn struct{ net.Conn }

func (c interruptibleConn) interrupt() { c.SetDeadline(past) }

// smallBody is the longest body that is copied behind its head, bytes: both then go out in one write, and so in one TLS
// record.
const smallBody = 16 << 10

func newNetConn(cfg *connConfig, nc net.Conn, addr string) *netConn {
	c := &netConn{exchange: cfg.exchange(interruptibleConn{nc}, addr), conn: nc}
	if !cfg.NoInfo {
		c.watch = NewWatch(nc)
	}
	return c
}

// start is the whole exchange.
func (c *netConn) start(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error) {
	return true, c.roundTrip(ctx, r, t, s)
}

func (c *netConn) result() error { return nil } // start has returned it

func (c *netConn) roundTrip(ctx context.Context, r *Request, t *Timing, s Sink) error {
	c.begin(ctx, r, t, s)
	defer func() {
		c.watch.Sample(c.last, t)
		c.s, c.t = nil, nil
	}()
	if err := c.send(ctx, r); err != nil {
		return err
	}
	for {
		if ctx.Err() != nil { // tested after the deadline is set, which may have undone the interruption
			return canceled(ctx)
		}
		n, err := c.conn.Read(c.in[:])
		if n > 0 {
			c.last = time.Now()
			if done, err := c.received(c.in[:n], c.last, 0); done || err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := c.expired(ctx, s); err != nil {
				return err
			}
		default:
			return c.ending(err)
		}
	}
}

// send writes head and body. A server may respond, and close the connection, before it has read everything: its
// response is then worth more than the error.
func (c *netConn) send(ctx context.Context, r *Request) error {
	began := c.last
	buf := c.cfg.heads.Get().(*[]byte)
	defer c.cfg.heads.Put(buf)
	for _, part := range r.parts(buf, smallBody) {
		n, err := c.conn.Write(part)
		c.t.Sent += int64(n)
		if errors.Is(err, os.ErrDeadlineExceeded) { // TLS cannot go on after half a record
			if err := c.expired(ctx, c.s); err != nil {
				return err
			}
			return fail(kindReadTimeout, "the request was not taken in time")
		}
		if err != nil {
			return nil
		}
	}
	c.t.Send = time.Since(began)
	return nil
}
