//go:build !linux

package http1

import (
	"context"
	"net"
	"time"

	"perfpipe/internal/clock"
)

// opener returns the functions that open connections for a Transport, and one that frees what they share. There are no
// stamps of the kernel on this system.
func opener(cfg *Config, clk *clock.Clock, d *Dialer) (open, begin openFunc, free func()) {
	shared := newConnConfig(cfg, clk)
	open = func(ctx context.Context, o *Origin, by time.Time, targets []string, t *Timing) (conn, error) {
		plain, secure, err := d.openBy(ctx, by, targets, o.addr, o.secure, t)
		if err != nil {
			return nil, err
		}
		if secure != nil {
			return newNetConn(shared, secure, o.addr), nil
		}
		return newNetConn(shared, plain, o.addr), nil
	}
	return open, open, func() {}
}

func underTLS(c net.Conn) net.Conn { return c }
