//go:build !linux

package http1

import (
	"net"
	"time"
)

// Watch would ask the kernel about a connection; on this system it does not.
type Watch struct{}

// NewWatch returns nil.
func NewWatch(net.Conn) *Watch { return nil }

// Sample does nothing.
func (*Watch) Sample(time.Time, *Timing) {}
