package http1

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// connecting is a TCP connection that its poller opens: no goroutine waits for it. If it fails, but another address or
// another attempt may succeed, a Dialer opens it.
type connecting struct {
	target netip.AddrPort
	last   bool // there is no other address to try
	local  netip.Addr
	began  time.Time
	by     time.Time // the deadline; zero: none

	r *Request // to send then
}

// keepAlive is what package net sets.
const (
	keepAliveSeconds = 15
	keepAliveProbes  = 9
)

// connecting returns the connection to open for addr; nil: Open is to open it. by is the deadline of the exchange;
// zero: none.
func (d *Dialer) connecting(ctx context.Context, addr string, by time.Time, t *Timing) (*connecting, error) {
	if d.Unix != "" {
		return nil, nil
	}
	c := &connecting{by: by}
	if d.Timeout > 0 {
		c.by = earlier(by, time.Now().Add(d.Timeout))
	}
	targets, err := d.lookup(ctx, c.by, addr, t)
	if err != nil {
		return nil, err
	}
	target, err := netip.ParseAddrPort(targets[0])
	if err != nil || target.Addr().Zone() != "" {
		return nil, nil
	}
	c.target = netip.AddrPortFrom(target.Addr().Unmap(), target.Port())
	if len(d.Bind) > 0 {
		c.local = d.nextLocal().Unmap()
		if c.local.Zone() != "" || c.local.Is4() != c.target.Addr().Is4() {
			return nil, nil
		}
	}
	c.last = len(targets) == 1
	return c, nil
}

// open opens a socket and begins to connect it, without waiting.
func (c *connecting) open() (fd int, err error) {
	family := unix.AF_INET6
	if c.target.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	for _, o := range [...][3]int{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveProbes},
	} {
		unix.SetsockoptInt(fd, o[0], o[1], o[2])
	}
	enableStamps(fd)
	if c.local.IsValid() {
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(c.local, 0))); err != nil {
			unix.Close(fd)
			return -1, os.NewSyscallError("bind", err)
		}
	}
	c.began = time.Now()
	err = unix.Connect(fd, sockaddr(c.target))
	if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// result returns the error of the connection, once it is no longer in progress.
func (c *connecting) result(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	if localPort(fd) == int(c.target.Port()) { // perhaps connected to itself, see net.selfConnect
		return os.NewSyscallError("connect", unix.EADDRNOTAVAIL)
	}
	return nil
}

func localPort(fd int) int {
	switch a, _ := unix.Getsockname(fd); a := a.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return 0
}

// failed returns the error of an exchange whose connection was not opened because of err.
func (c *connecting) failed(addr string, err error) error {
	if !c.last || errors.Is(err, unix.EADDRNOTAVAIL) {
		return errDial
	}
	return dialError(addr, err)
}

// connect begins to open the connection of an exchange. The poller goes on with it.
func (c *polledConn) connect(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error) {
	d := c.opening
	if c.fd, err = d.open(); err != nil {
		return true, d.failed(c.addr, err)
	}
	if err := c.poller.add(c); err != nil {
		unix.Close(c.fd)
		c.fd = -1
		return true, errDial
	}
	d.r, c.t, c.s, c.wake, c.active = r, t, s, r.Wake, true
	c.watch(ctx)
	if !d.by.IsZero() {
		c.armed = d.by
		c.SetDeadline(d.by)
	}
	if ctx.Err() != nil { // tested after the deadline is set, which may have undone the interruption
		c.active = false
		c.release()
		return true, canceled(ctx)
	}
	return false, nil
}

// connected goes on with the exchange when its connection is open, or cannot be opened.
func (c *polledConn) connected() {
	d := c.opening
	if err := d.result(c.fd); err != nil {
		c.finish(d.failed(c.addr, err))
		return
	}
	c.t.Connect = time.Since(d.began)
	c.opening = nil
	if err := c.beginSending(c.ctx, d.r, c.t, c.s); err != nil {
		c.finish(err)
	}
}

// connectLate returns the error of a connection that is not open at its deadline; nil: that has not passed.
func (c *polledConn) connectLate() error {
	d, now := c.opening, time.Now()
	end := c.cfg.end(d.r.Begun)
	switch {
	case c.ctx.Err() != nil:
		return canceled(c.ctx)
	case !end.IsZero() && !now.Before(end):
		return c.cfg.Late()
	case !d.by.IsZero() && !now.Before(d.by):
		return dialError(c.addr, os.ErrDeadlineExceeded)
	}
	c.SetDeadline(d.by)
	return nil
}
