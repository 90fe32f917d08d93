package http1

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"perfpipe/internal/clock"
	"perfpipe/internal/rxtime"
)

// opener returns the functions that open connections for a Transport, and the one that frees what they share. A
// connection from begin may have to be opened by its start.
func opener(cfg *Config, clk *clock.Clock, d *Dialer) (open, begin openFunc, free func()) {
	warmStamps()
	shared := newConnConfig(cfg, clk)
	pollers := newPollers(runtime.GOMAXPROCS(0), cfg)
	open = func(ctx context.Context, o *Origin, by time.Time, targets []string, t *Timing) (conn, error) {
		plain, secure, err := d.openBy(ctx, by, targets, o.addr, o.secure, t)
		if err != nil {
			return nil, err
		}
		if c, err := newPolledConn(plain, secure, o.addr, shared, pollers.pick()); err == nil {
			return c, nil
		}
		if secure != nil {
			plain = secure
		}
		return newNetConn(shared, plain, o.addr), nil
	}
	begin = func(ctx context.Context, o *Origin, by time.Time, targets []string, t *Timing) (conn, error) {
		p := pollers.pick()
		if p == nil || o.secure {
			return open(ctx, o, by, targets, t)
		}
		opening, targets, err := d.connecting(ctx, o.addr, by, t)
		switch {
		case err != nil:
			return nil, err
		case opening == nil:
			return open(ctx, o, by, targets, t)
		}
		c := polledConnOf(shared, o.addr, p)
		c.opening = opening
		return c, nil
	}
	return open, begin, pollers.close
}

// warmStamps makes the kernel stamp what it receives. It does so while any socket asks for it, and begins a short while
// after the first one does.
func warmStamps() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	rxtime.Enable(fd) // and the socket stays open for the life of the process
}
