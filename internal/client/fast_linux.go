package client

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// newFast makes the lean transport: HTTP/1.1 on connections of its own. On plain TCP it costs about half of what net/http
// does, for three reasons: the whole life of an exchange runs in one callback of the network poller, system calls are
// made without telling the scheduler (they do not block), and nothing is allocated for an exchange.
func newFast(cfg *Config, clock *Clock, d *dialer) transport {
	warmStamps()
	known, batch, watch := new(heads), newBatcher(cfg), newHangups()
	p := newPool(cfg, func(ctx context.Context, ep *endpoint, t *trip) (wire, error) {
		plain, secure, err := d.open(ctx, ep, t)
		if err != nil {
			return nil, err
		}
		if secure == nil {
			if tcp, ok := plain.(*net.TCPConn); ok {
				if c, err := newConn(tcp, cfg, clock, known, batch, watch); err == nil {
					return c, nil
				}
			}
		}
		w := newNetWire(d, clock, stamps(plain), plain, known)
		if secure != nil {
			w = newNetWire(d, clock, secure, secure.NetConn(), known)
		}
		w.forget, _ = watch.watch(plain, func() { w.hungUp.Store(true) })
		return w, nil
	})
	p.closing = func() {
		batch.close()
		watch.close()
	}
	return p
}

// warmStamps lets the kernel begin to stamp what it receives, which it does while any socket asks for it, from a short
// while after the first.
func warmStamps() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	enableStamps(fd) // left open for the life of the process, which is what it is for
}

// stamped is a TCP connection that keeps the kernel's stamp of what was read last, for the layers above.
type stamped struct {
	*net.TCPConn
	raw   syscall.RawConn
	msg   sockMsg
	ready func(uintptr) bool // onReady, made once

	// of the read under way, or of the last
	b     []byte
	n     int
	errno syscall.Errno
	at    time.Time
	stamp int64 // ns since the epoch by the system's clock, or 0
}

// stamps gives c with the kernel's stamps, where it can have them.
func stamps(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil || raw.Control(func(fd uintptr) { enableStamps(int(fd)) }) != nil {
		return c
	}
	s := &stamped{TCPConn: tcp, raw: raw}
	s.ready = s.onReady
	return s
}

func (s *stamped) onReady(fd uintptr) bool {
	s.n, s.stamp, s.errno = s.msg.recv(fd, s.b)
	for s.errno == unix.EINTR {
		s.n, s.stamp, s.errno = s.msg.recv(fd, s.b)
	}
	return s.errno != unix.EAGAIN
}

// Read implements io.Reader.
func (s *stamped) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s.b = b
	err := s.raw.Read(s.ready)
	s.at, s.b = time.Now(), nil
	switch {
	case err != nil:
		return 0, err
	case s.errno != 0:
		return 0, os.NewSyscallError("read", s.errno)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// stampOf is when the bytes that c gave last were read, and the kernel's stamp of them, or 0.
func stampOf(c net.Conn) (read time.Time, stamp int64) {
	if s, ok := c.(*stamped); ok {
		return s.at, s.stamp
	}
	return read, 0
}
