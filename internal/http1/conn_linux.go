package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"perfpipe/internal/rxtime"
)

// polledConn is a connection that a poller reads: TCP, TLS or a unix socket. It costs about half of what net/http does:
// an exchange needs one goroutine switch, however many events its response has, system calls do not tell the scheduler
// (they do not block), and an exchange allocates nothing.
type polledConn struct {
	mu     sync.Mutex // held while an exchange begins or continues
	active bool       // an exchange is under way
	stray  bool       // bytes were received while none was
	fd     int
	poller *poller
	token  uint64 // of the poller

	exchange
	wake  func() // is called at the end of the exchange
	err   error  // of the exchange that has ended
	timer *time.Timer

	out    [2][]byte // as far as it is not sent: head and body, or what TLS has made of them
	cut    bool      // the server does not take the rest of the request
	whole  bool      // the kernel has the whole request; what is sent then is of TLS itself
	msg    *sockMsg  // of sending; nil: not yet needed
	began  time.Time // when sending began
	kernel tcpWatch

	secure  *tlsConn    // nil: no TLS
	opening *connecting // nil: the connection is open
}

var errNoPoller = errors.New("no epoll set")

// newPolledConn takes over the file of plain, or of secure, which is above it unless it is nil. If it returns an error,
// they are as before. addr is the server's.
func newPolledConn(plain net.Conn, secure *tls.Conn, addr string, cfg *connConfig, p *poller) (*polledConn, error) {
	sc, ok := plain.(syscall.Conn)
	if p == nil || !ok {
		return nil, errNoPoller
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := polledConnOf(cfg, addr, p)
	// The runtime watches every file of a net.Conn. A second one of the same connection is not watched.
	if err2 := raw.Control(func(fd uintptr) { c.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); err2 != nil {
		err = err2
	}
	if err != nil {
		return nil, err
	}
	rxtime.Enable(c.fd)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := p.add(c); err != nil {
		unix.Close(c.fd)
		return nil, err
	}
	plain.Close()
	if secure != nil {
		c.secure = newTLSConn(secure, c)
	}
	return c, nil
}

// polledConnOf returns a connection to addr without its file.
func polledConnOf(cfg *connConfig, addr string, p *poller) *polledConn {
	c := &polledConn{exchange: cfg.exchange(nil, addr), poller: p, fd: -1}
	c.conn = c
	c.timer = time.AfterFunc(math.MaxInt64, c.interrupt)
	c.timer.Stop()
	return c
}

// SetDeadline has interrupt called at t.
func (c *polledConn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.timer.Stop()
	} else {
		c.timer.Reset(time.Until(t))
	}
	return nil
}

// Close closes the connection. No exchange may be under way.
func (c *polledConn) Close() error {
	c.timer.Stop()
	c.mu.Lock() // the poller may still have an event of it
	defer c.mu.Unlock()
	if c.fd < 0 {
		return nil
	}
	if c.secure != nil {
		c.secure.Close()
	}
	c.poller.remove(c)
	err := unix.Close(c.fd)
	c.fd = -1
	return err
}

// start sends as much as it can without waiting. Only an exchange that fails at once has ended then.
func (c *polledConn) start(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error) {
	batch := c.poller.batch // c may be that of another exchange when it is unlocked
	batch.began()
	if ended, err = c.tryStart(ctx, r, t, s); ended {
		batch.ended()
	}
	return ended, err
}

func (c *polledConn) tryStart(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error) {
	c.mu.Lock()
	if c.opening != nil {
		ended, err = c.connect(ctx, r, t, s)
		c.mu.Unlock()
		c.poller.help()
		return ended, err
	}
	defer c.mu.Unlock()
	if t.Reused && (c.ended() || c.stray) {
		c.p.reset() // no byte of a response to r has been received
		return true, errStale
	}
	if err := c.beginSending(ctx, r, t, s); err != nil {
		c.active = false
		c.release()
		return true, err
	}
	if c.stray || c.ended() { // such as the greeting of a server that does not speak HTTP, or is busy
		c.stray = false
		c.readEarly()
	}
	return false, nil
}

func (c *polledConn) beginSending(ctx context.Context, r *Request, t *Timing, s Sink) error {
	c.begin(ctx, r, t, s)
	c.began = c.last
	if ctx.Err() != nil { // tested after the deadline is set, which may have undone the interruption
		return canceled(ctx)
	}
	c.active, c.wake, c.cut, c.whole = true, r.Wake, false, false
	return c.sendAll(r)
}

// result returns the error of the exchange that has ended.
func (c *polledConn) result() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// sendAll sends a request, or as much of it as it can without waiting. A server may respond, and close the connection,
// before it has read everything: its response, which the poller reads, is then worth more than the error.
func (c *polledConn) sendAll(r *Request) error {
	if c.secure != nil {
		c.secure.send(r)
		return nil
	}
	buf := c.cfg.heads.Get().(*[]byte)
	defer c.cfg.heads.Put(buf)
	c.out = r.parts(buf, tinyBody)
	err := c.send()
	if closedBefore(err) {
		c.stopSending()
		return nil
	}
	c.out[0] = append([]byte(nil), c.out[0]...) // buf is not ours
	return err
}

// stopSending drops the rest of the request.
func (c *polledConn) stopSending() {
	c.out[0], c.out[1], c.cut = nil, nil, !c.whole
}

// readEarly reads what was received before the first request.
func (c *polledConn) readEarly() {
	if c.secure != nil {
		c.secure.readEarly()
		return
	}
	c.read(new(sockMsg), make([]byte, pollBuffer))
}

// release drops what belongs to the exchange.
func (c *polledConn) release() { c.s, c.t, c.wake, c.out[0], c.out[1] = nil, nil, nil, nil, nil }

// finish ends the exchange.
func (c *polledConn) finish(err error) {
	if len(c.out[0])+len(c.out[1]) > 0 { // the answer came before the request was sent
		c.stopSending()
	}
	if c.cut {
		c.p.keepAlive, c.t.Send = false, 0
	}
	c.active = false
	if !c.cfg.NoInfo && c.opening == nil {
		c.kernel.sample(uintptr(c.fd), c.last, c.t)
	}
	wake := c.wake
	c.release()
	c.poller.batch.ended()
	c.err = err
	wake()
}

// tinyBody is the longest body that is copied behind its head, bytes: that costs less than to pass the kernel two
// buffers.
const tinyBody = 1 << 10

// interrupt ends the exchange if its deadline has passed, or ctx has ended.
func (c *polledConn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.active {
		return
	}
	err := error(nil)
	if c.opening != nil {
		err = c.connectLate()
	} else {
		err = c.expired(c.ctx, c.s)
	}
	if err != nil {
		c.finish(err)
	}
}

// onEvent sends and reads as far as it can without waiting.
func (c *polledConn) onEvent(token uint64, events uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token != c.token { // of a file that was closed meanwhile
		return
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.closedByPeer.Store(true)
	}
	const readable = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	if c.active && c.opening != nil {
		if c.connected(); c.opening != nil { // it failed, or another address is tried
			return
		}
	}
	switch {
	case !c.active && c.secure != nil:
		c.secure.readIdle()
		return
	case !c.active:
		c.stray = c.stray || events&unix.EPOLLIN != 0
		return
	case len(c.out[0])+len(c.out[1]) > 0:
		if c.send() != nil {
			c.stopSending()
		}
		c.sent()
		c.last = time.Now()
	}
	switch {
	case events&readable == 0:
	case c.secure != nil:
		c.secure.read()
	default:
		c.read(&c.poller.msg, c.poller.buf)
	}
}

// read reads what has been received.
//
// The poller reports changes only. A read that does not fill the buffer has read everything that had been received
// then; what comes later, and the close of the connection, is another change. So no read is needed to get EAGAIN.
func (c *polledConn) read(msg *sockMsg, buf []byte) {
	for {
		n, stamp, err := c.recv(msg, buf)
		if err != nil {
			c.failed(err)
			return
		}
		if stamp != 0 {
			c.poller.batch.note()
		}
		if done, err := c.received(buf[:n], c.last, stamp); done || err != nil {
			c.finish(err)
			return
		}
		if n < len(buf) && !c.ended() {
			return
		}
	}
}

// recv reads into b, and sets c.last. Its error is errWait if nothing has been received.
func (c *polledConn) recv(msg *sockMsg, b []byte) (n int, stamp int64, err error) {
	for {
		n, stamp, errno := msg.recv(uintptr(c.fd), b)
		switch {
		case errno == unix.EAGAIN:
			return 0, 0, errWait
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, 0, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, 0, io.EOF
		}
		c.last = time.Now() // reads both clocks at once: their offset is that of this moment
		return n, stamp, nil
	}
}

// errWait is the error of a read that would have to wait. As it calls itself temporary, crypto/tls can go on after it.
var errWait error = waitError{}

type waitError struct{}

func (waitError) Error() string   { return "nothing has been received" }
func (waitError) Timeout() bool   { return true }
func (waitError) Temporary() bool { return true }

// failed ends the exchange with the error of a read, unless that is errWait.
func (c *polledConn) failed(err error) {
	if err != errWait {
		c.finish(c.ending(err))
	}
}

// send passes out to the kernel, until its send buffer is full.
func (c *polledConn) send() error {
	if c.msg == nil && len(c.out[1]) > 0 {
		c.msg = new(sockMsg)
	}
	for len(c.out[0])+len(c.out[1]) > 0 {
		n, errno := c.msg.send(uintptr(c.fd), c.out[0], c.out[1])
		switch errno {
		case 0:
			if c.secure == nil {
				c.t.Sent += int64(n)
			}
			k := min(n, len(c.out[0]))
			c.out[0], c.out[1] = c.out[0][k:], c.out[1][n-k:]
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return os.NewSyscallError("write", errno)
		}
	}
	if c.t != nil && !c.whole { // else TLS itself writes
		c.t.Send = time.Since(c.began)
	}
	return nil
}

// sent notes whether the kernel has the whole request.
func (c *polledConn) sent() { c.whole = c.whole || !c.cut && len(c.out[0])+len(c.out[1]) == 0 }
