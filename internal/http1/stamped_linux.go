package http1

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stampedConn is a TCP connection that keeps the kernel's stamp of the last read, for the layers above it.
type stampedConn struct {
	*net.TCPConn
	raw   syscall.RawConn
	msg   sockMsg
	ready func(uintptr) bool // onReady, created once

	// of the read under way, or of the last
	b     []byte
	n     int
	errno syscall.Errno
	at    time.Time
	stamp int64 // ns since the epoch by the system clock; 0: none
}

// stamps returns c with the kernel's stamps if it is a TCP connection, else c itself.
func stamps(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil || raw.Control(func(fd uintptr) { enableStamps(int(fd)) }) != nil {
		return c
	}
	s := &stampedConn{TCPConn: tcp, raw: raw}
	s.ready = s.onReady
	return s
}

func (s *stampedConn) onReady(fd uintptr) bool {
	s.n, s.stamp, s.errno = s.msg.recv(fd, s.b)
	for s.errno == unix.EINTR {
		s.n, s.stamp, s.errno = s.msg.recv(fd, s.b)
	}
	return s.errno != unix.EAGAIN
}

// Read implements io.Reader.
func (s *stampedConn) Read(b []byte) (int, error) {
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

// stampOf returns when c was last read and the kernel's stamp of the bytes, ns since the epoch; 0: there is none.
func stampOf(c net.Conn) (read time.Time, stamp int64) {
	if s, ok := c.(*stampedConn); ok {
		return s.at, s.stamp
	}
	return read, 0
}
