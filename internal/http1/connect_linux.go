package http1

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"perfpipe/internal/rxtime"
)

// connecting is a TCP connection that its poller opens: no goroutine waits for it. If it fails, but another attempt may
// succeed, or if it takes long and there are other targets, a Dialer opens it.
type connecting struct {
	targets []netip.AddrPort // the one that is tried, and those to try if it fails
	local   netip.Addr
	began   time.Time // when the first target was tried
	by      time.Time // the deadline; zero: none
	race    time.Time // when a Dialer tries the other targets as well; zero: there are none

	r *Request // to send then
}

// keepAlive is what package net sets.
const (
	keepAliveSeconds = 15
	keepAliveProbes  = 9
)

// connecting returns the connection to open for addr; nil: openBy is to open it, to one of the targets. by is the
// deadline of the exchange; zero: none.
func (d *Dialer) connecting(ctx context.Context, addr string, by time.Time, t *Timing) (
	c *connecting, targets []string, err error,
) {
	if d.Unix != "" {
		return nil, nil, nil
	}
	c = &connecting{by: by}
	if d.Timeout > 0 {
		c.by = earlier(by, time.Now().Add(d.Timeout))
	}
	if targets, err = d.lookup(ctx, c.by, addr, t); err != nil {
		return nil, nil, err
	}
	if len(d.Bind) > 0 {
		c.local = d.nextLocal().Unmap()
	}
	if !c.setTargets(targets) {
		return nil, targets, nil
	}
	return c, targets, nil
}

// setTargets sets the targets, of which those of another family than the local address cannot be reached. It reports
// whether a poller can connect to them.
func (c *connecting) setTargets(targets []string) bool {
	for _, target := range targets {
		to, err := netip.ParseAddrPort(target)
		if err != nil || to.Addr().Zone() != "" || c.local.Zone() != "" {
			return false
		}
		to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
		if !c.local.IsValid() || c.local.Is4() == to.Addr().Is4() {
			c.targets = append(c.targets, to)
		}
	}
	return len(c.targets) > 0
}

// open opens a socket and begins to connect it to the first target, without waiting.
func (c *connecting) open() (fd int, err error) {
	family := unix.AF_INET6
	if c.targets[0].Addr().Is4() {
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
	rxtime.Enable(fd)
	if c.local.IsValid() {
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(c.local, 0))); err != nil {
			unix.Close(fd)
			return -1, os.NewSyscallError("bind", err)
		}
	}
	now := time.Now()
	if c.began.IsZero() {
		c.began = now
	}
	c.race = time.Time{}
	if len(c.targets) > 1 {
		c.race = now.Add(attemptDelay)
	}
	err = unix.Connect(fd, sockaddr(c.targets[0]))
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
	if localPort(fd) == int(c.targets[0].Port()) { // perhaps connected to itself, see net.selfConnect
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

// dial begins to connect to the first target that can be tried.
func (c *polledConn) dial() (err error) {
	d := c.opening
	for c.fd, err = d.open(); err != nil; c.fd, err = d.open() {
		if err := d.skip(c.addr, err); err != nil {
			return err
		}
	}
	if err := c.poller.add(c); err != nil {
		unix.Close(c.fd)
		c.fd = -1
		return d.toDial(d.targets)
	}
	if due := earlier(d.by, d.race); !due.IsZero() {
		c.armed = due
		c.SetDeadline(due)
	}
	return nil
}

// redial continues with the next target after err. It returns the error of the exchange if there is none.
func (c *polledConn) redial(err error) error {
	if err := c.opening.skip(c.addr, err); err != nil {
		return err
	}
	c.poller.remove(c)
	unix.Close(c.fd)
	c.fd = -1
	c.closedByPeer.Store(false)
	return c.dial()
}

// skip drops the target that failed with err. It returns the error of the exchange if no other is to be tried.
func (c *connecting) skip(addr string, err error) error {
	switch {
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return c.toDial(c.targets)
	case len(c.targets) == 1:
		return dialError(addr, err)
	}
	c.targets = c.targets[1:]
	return nil
}

// others returns the targets in the order in which a Dialer is to try them: the one that has not answered comes last.
func (c *connecting) others() []netip.AddrPort { return slices.Concat(c.targets[1:], c.targets[:1]) }

// toDial returns the error that has a Dialer open the connection, to one of the targets.
func (c *connecting) toDial(targets []netip.AddrPort) error {
	to := &toDial{by: c.by}
	for _, target := range targets {
		to.targets = append(to.targets, target.String())
	}
	return to
}

// connect begins to open the connection of an exchange. The poller continues it.
func (c *polledConn) connect(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error) {
	d := c.opening
	if err := c.dial(); err != nil {
		return true, err
	}
	d.r, c.t, c.s, c.wake, c.active = r, t, s, r.Wake, true
	c.watch(ctx)
	if ctx.Err() != nil { // tested after the deadline is set, which may have undone the interruption
		c.active = false
		c.release()
		return true, canceled(ctx)
	}
	return false, nil
}

// connected continues the exchange when its connection is open, or cannot be opened.
func (c *polledConn) connected() {
	d := c.opening
	if err := d.result(c.fd); err != nil {
		if err = c.redial(err); err != nil {
			c.finish(err)
		}
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
	case !d.race.IsZero() && !now.Before(d.race):
		c.t.Connect = now.Sub(d.began)
		return d.toDial(d.others())
	}
	c.SetDeadline(earlier(d.by, d.race))
	return nil
}
