package http1

import (
	"context"
	"runtime"

	"golang.org/x/sys/unix"

	"perfpipe/internal/clock"
)

// opener returns the function that opens connections for a Transport, and the one that frees what they share.
func opener(cfg *Config, clk *clock.Clock, d *Dialer) (open openFunc, free func()) {
	warmStamps()
	shared := connConfig{cfg, clk, new(headCache), newFieldSet(cfg.Fields)}
	pollers := newPollers(runtime.GOMAXPROCS(0), cfg)
	open = func(ctx context.Context, o *Origin, t *Timing) (conn, error) {
		plain, secure, err := d.Open(ctx, o.addr, o.secure, t)
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
	return open, pollers.close
}

// warmStamps makes the kernel stamp what it receives. It does so while any socket asks for it, and begins a short while
// after the first one does.
func warmStamps() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	enableStamps(fd) // and the socket stays open for the life of the process
}
