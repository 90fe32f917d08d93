//go:build !linux

package client

import (
	"context"
	"net"
	"time"
)

// newFast makes the lean transport: HTTP/1.1 on connections of its own, without the kernel's stamps on this system.
func newFast(cfg *Config, clock *Clock, d *dialer) transport {
	known := new(heads)
	return newPool(cfg, func(ctx context.Context, ep *endpoint, t *trip) (wire, error) {
		plain, secure, err := d.open(ctx, ep, t)
		if err != nil {
			return nil, err
		}
		if secure != nil {
			return newNetWire(d, clock, secure, plain, known), nil
		}
		return newNetWire(d, clock, plain, plain, known), nil
	})
}

func stamps(c net.Conn) net.Conn { return c }

func stampOf(net.Conn) (read time.Time, stamp int64) { return read, 0 }
