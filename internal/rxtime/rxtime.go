// Package rxtime reads when the kernel received the bytes of a socket, which is before a program that is busy, or that
// waits for a processor, reads them (Documentation/networking/timestamping.rst). Only Linux tells.
package rxtime

import (
	"net"
	"sync/atomic"
	"syscall"
)

// Listen returns a TCP listener whose connections are *Conn, unless their files are not accessible.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if raw, err := l.(*net.TCPListener).SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { Enable(int(fd)) }) // connections inherit it
	}
	return listener{l}, nil
}

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if timed := Of(c); timed != nil {
		return timed, nil
	}
	return c, nil
}

// Of returns c as a *Conn, or nil if c is not a TCP connection.
func Of(c net.Conn) *Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	raw.Control(func(fd uintptr) { Enable(int(fd)) })
	return &Conn{Conn: c, raw: raw}
}

// Conn is a TCP connection that knows when the bytes read from it were received.
type Conn struct {
	net.Conn
	raw   syscall.RawConn
	stamp atomic.Int64
}

// Received returns when the kernel received the last of the bytes that Read returned, in nanoseconds since the epoch,
// or 0 if it did not tell, or c is nil.
func (c *Conn) Received() int64 {
	if c == nil {
		return 0
	}
	return c.stamp.Load()
}
