//go:build !linux

package http1

import (
	"context"
	"net"

	"perfpipe/internal/clock"
)

// opener returns the function that opens connections for a Transport. There are no stamps of the kernel on this system.
func opener(cfg *Config, clk *clock.Clock, d *Dialer) (open openFunc, free func()) {
	shared := connConfig{cfg, clk, new(headCache), newFieldSet(cfg.Fields)}
	open = func(ctx context.Context, o *Origin, t *Timing) (conn, error) {
		plain, secure, err := d.Open(ctx, o.addr, o.secure, t)
		if err != nil {
			return nil, err
		}
		if secure != nil {
			return newNetConn(shared, secure, o.addr), nil
		}
		return newNetConn(shared, plain, o.addr), nil
	}
	return open, func() {}
}

func underTLS(c net.Conn) net.Conn { return c }
