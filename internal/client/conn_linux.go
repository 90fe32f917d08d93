package client

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"perfpipe/internal/record"
)

// conn is one connection of the fast transport, used for one exchange at a time.
type conn struct {
	deadline
	clock *Clock
	tcp   *net.TCPConn
	raw   syscall.RawConn
	p     parser
	msg   sockMsg
	batch *batcher // nil: none

	ready func(uintptr) bool // onReady, made once

	// the exchange under way
	out     [2][]byte // head and body, as far as they are not sent
	head    []byte
	started bool // sending was tried
	blocked bool // the socket's buffer is full
	s       sink
	t       *trip
	err     error
}

// newConn returns an error if the connection's end cannot be watched.
func newConn(tcp *net.TCPConn, cfg *Config, clock *Clock, known *heads, batch *batcher, watch *hangups) (*conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &conn{deadline: deadline{cfg: cfg, conn: tcp}, clock: clock, tcp: tcp, raw: raw, batch: batch}
	c.ready, c.p.heads = c.onReady, known
	if err := raw.Control(func(fd uintptr) { enableStamps(int(fd)) }); err != nil {
		return nil, err
	}
	if c.forget, err = watch.watch(tcp, c.hangUp); err != nil {
		return nil, err
	}
	return c, nil
}

// hangUp has a read that waits look again: see onReady.
func (c *conn) hangUp() {
	c.hungUp.Store(true)
	c.tcp.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) parser() *parser { return &c.p }

func (c *conn) roundTrip(ctx context.Context, ca *call, t *trip, s sink) error {
	now := ca.now(t)
	c.p.reset()
	c.head = ca.appendHead(c.head[:0])
	c.out[0], c.out[1] = c.head, ca.body
	if len(ca.body) <= tinyBody {
		c.head = append(c.head, ca.body...)
		c.out[0], c.out[1] = c.head, nil
	}
	c.started, c.blocked, c.s, c.t, c.err = false, false, s, t, nil
	c.begin(ca, now)
	defer func() { c.s, c.t, c.out[0], c.out[1] = nil, nil, nil, nil }()
	c.watch(ctx)
	c.arm(now)
	if c.ended() { // looked at after arm, which may have undone the interruption
		return errStale
	}
	for {
		if ctx.Err() != nil { // looked at after arm, which may have undone the interruption
			return &failure{record.KindCanceled, context.Cause(ctx)}
		}
		err := c.raw.Read(c.ready)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := c.expired(ctx, ca); err != nil {
				return err
			}
		case err != nil:
			return err
		case c.blocked:
			if err := c.writeRest(ctx, ca); err != nil {
				return err
			}
		default:
			return c.err
		}
	}
}

// tinyBody is copied behind its head, which costs less than to hand the kernel two pieces.
const tinyBody = 1 << 10

// writeRest sends what the socket's buffer had no room for. A server may answer, and hang up, before it has read all:
// its answer is then worth more than the error.
func (c *conn) writeRest(ctx context.Context, ca *call) error {
	c.blocked = false
	for i := range c.out {
		for len(c.out[i]) > 0 {
			n, err := c.tcp.Write(c.out[i])
			c.out[i] = c.out[i][n:]
			c.t.sent += int64(n)
			if n > 0 {
				c.last = time.Now()
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				if err := c.expired(ctx, ca); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				c.out = [2][]byte{}
			}
		}
	}
	return nil
}

// onReady goes as far as it can without waiting. It returns false to be called again when there is something to read.
//
// The poller reports changes only. A read that fills less than the buffer has taken all there was. Another one, just to get
// EAGAIN, costs a twentieth of an event, so it is spared between two chunks of a stream. One change can hide behind the
// data: the end of the connection that came with it. Another comes to nobody's notice: the end of an idle connection.
// hangups reports both.
func (c *conn) onReady(fd uintptr) bool {
	if !c.started {
		c.started = true
		if !c.send(fd) {
			return true
		}
		return false // no answer can be there yet
	}
	buf := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buf)
	for {
		n, stamp, errno := c.msg.recv(fd, buf[:])
		switch {
		case errno == unix.EAGAIN:
			return false
		case errno == unix.EINTR:
			continue
		case errno != 0:
			c.err = os.NewSyscallError("read", errno)
			return true
		case n == 0:
			if c.err = c.p.eof(); c.err != nil && !c.p.begun() {
				c.err = errStale
			}
			return true
		}
		if done, err := c.got(buf[:n], stamp); done || err != nil {
			c.err = err
			return true
		}
		if n < len(buf) && c.p.between() && !c.ended() {
			return false
		}
	}
}

// got takes the bytes of one read. stamp is the kernel's, ns by the system's clock, or 0.
func (c *conn) got(b []byte, stamp int64) (done bool, err error) {
	c.last = time.Now() // reads the system's clock and the monotonic one together: their offset is this moment's
	at := c.clock.Ns(c.last)
	c.t.delay = 0
	if stamp == 0 {
		c.t.unstamped = true
	} else {
		c.batch.note()
		if delay := c.last.UnixNano() - stamp; delay > 0 {
			at -= delay
			c.t.delay = delay
			c.t.readDelay = max(c.t.readDelay, delay)
		}
	}
	if c.t.reused && at < c.asked && !c.p.begun() { // said to an idle connection, such as a 408 before its end
		return false, errStale
	}
	c.t.received += int64(len(b))
	c.t.end = at
	n, err := c.p.feed(b, c.s, at)
	if !c.p.done() {
		if e := c.s.ending(); e != going && err == nil {
			err = c.bound(e)
		}
		return false, err
	}
	c.t.over = at
	if n < len(b) {
		c.p.keep = false // bytes that nobody asked for
	}
	return true, err
}

// send hands head and body to the kernel; false: it must wait for room.
func (c *conn) send(fd uintptr) bool {
	for {
		n, errno := c.msg.send(fd, c.out[0], c.out[1])
		switch errno {
		case 0:
			c.t.sent += int64(n)
			k := min(n, len(c.out[0]))
			c.out[0], c.out[1] = c.out[0][k:], c.out[1][n-k:]
			c.blocked = len(c.out[0])+len(c.out[1]) > 0
			return !c.blocked
		case unix.EINTR:
		case unix.EAGAIN:
			c.blocked = true
			return false
		default:
			c.err = os.NewSyscallError("write", errno)
			return false
		}
	}
}

// sockMsg holds the arguments of recvmsg and sendmsg, which must not move.
type sockMsg struct {
	hdr unix.Msghdr
	iov [2]unix.Iovec
	oob [128]byte
}

func (m *sockMsg) set(i int, b []byte) {
	m.iov[i].Base = unsafe.SliceData(b)
	m.iov[i].SetLen(len(b))
}

// recv reads into b. stamp is when the kernel received the last of its bytes, ns since the epoch, or 0. The kernel joins
// segments that wait to be read and keeps the last one's stamp only, so that reading in smaller steps tells no more.
func (m *sockMsg) recv(fd uintptr, b []byte) (n int, stamp int64, errno syscall.Errno) {
	m.set(0, b)
	m.hdr = unix.Msghdr{Iov: &m.iov[0], Control: &m.oob[0]}
	m.hdr.SetIovlen(1)
	m.hdr.SetControllen(len(m.oob))
	r, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), 0)
	m.iov[0].Base = nil
	if errno != 0 {
		return 0, 0, errno
	}
	return int(r), stampIn(m.oob[:m.hdr.Controllen]), 0
}

func (m *sockMsg) send(fd uintptr, a, b []byte) (n int, errno syscall.Errno) {
	if len(b) == 0 {
		r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(len(a)), unix.MSG_NOSIGNAL, 0, 0)
		return int(r), errno
	}
	m.set(0, a)
	m.set(1, b)
	m.hdr = unix.Msghdr{Iov: &m.iov[0]}
	m.hdr.SetIovlen(2)
	r, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), unix.MSG_NOSIGNAL)
	m.iov[0].Base, m.iov[1].Base = nil, nil
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// enableStamps asks for the software receive time of each segment (Documentation/networking/timestamping.rst). Where it
// is refused the times are taken when the bytes are read, and the records say so.
func enableStamps(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_RX_SOFTWARE|unix.SOF_TIMESTAMPING_SOFTWARE)
}

// stampIn finds the software stamp among the control messages: the first of three timespecs.
func stampIn(oob []byte) int64 {
	const hdr = unix.SizeofCmsghdr
	for len(oob) >= hdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
		size := int(h.Len)
		if size < hdr || size > len(oob) {
			return 0
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPING && size >= hdr+int(unsafe.Sizeof(unix.Timespec{})) {
			return (*unix.Timespec)(unsafe.Pointer(&oob[hdr])).Nano()
		}
		oob = oob[min(unix.CmsgSpace(size-hdr), len(oob)):]
	}
	return 0
}
