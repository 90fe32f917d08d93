package http1

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tcpConn is a plain TCP connection. It costs about half of what net/http does, for three reasons: an exchange runs in
// one callback of the network poller from its first byte to its last, system calls do not tell the scheduler (they do
// not block), and an exchange allocates nothing.
type tcpConn struct {
	exchange
	tcp   *net.TCPConn
	raw   syscall.RawConn
	msg   sockMsg
	batch *batcher // nil: none

	ready func(uintptr) bool // onReady, created once

	out     [2][]byte // head and body, as far as they are not sent
	small   []byte    // head and body of a small request
	started bool      // sending was tried
	blocked bool      // the socket's send buffer is full
	err     error
}

// newTCPConn returns an error if the kernel cannot report the close of the connection.
func newTCPConn(tcp *net.TCPConn, cfg connConfig, batch *batcher, watch *closeWatcher) (*tcpConn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &tcpConn{exchange: cfg.exchange(tcp), tcp: tcp, raw: raw, batch: batch}
	c.ready = c.onReady
	if err := raw.Control(func(fd uintptr) { enableStamps(int(fd)) }); err != nil {
		return nil, err
	}
	if c.forget, err = watch.watch(tcp, c.closed); err != nil {
		return nil, err
	}
	return c, nil
}

// closed interrupts a read that waits, so that onReady reads the end of the connection.
func (c *tcpConn) closed() {
	c.closedByPeer.Store(true)
	c.tcp.SetReadDeadline(past)
}

func (c *tcpConn) roundTrip(ctx context.Context, r *Request, t *Timing, s Sink) error {
	c.out[0], c.out[1] = r.Head, r.Body
	if len(r.Body) <= tinyBody {
		c.small = append(append(c.small[:0], r.Head...), r.Body...)
		c.out[0], c.out[1] = c.small, nil
	}
	c.started, c.blocked, c.err = false, false, nil
	c.begin(ctx, r, t, s)
	defer func() { c.s, c.t, c.out[0], c.out[1] = nil, nil, nil, nil }()
	if c.ended() { // tested after the deadline is set, which may have undone the interruption
		return errStale
	}
	for {
		if ctx.Err() != nil { // likewise
			return canceled(ctx)
		}
		err := c.raw.Read(c.ready)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := c.expired(ctx, s); err != nil {
				return err
			}
		case err != nil:
			return err
		case c.blocked:
			if err := c.writeRest(ctx); err != nil {
				return err
			}
		default:
			return c.err
		}
	}
}

// tinyBody is the longest body that is copied behind its head, bytes: that costs less than to pass the kernel two
// buffers.
const tinyBody = 1 << 10

// writeRest sends what did not fit into the socket's send buffer. A server may respond, and close the connection,
// before it has read everything: its response is then worth more than the error.
func (c *tcpConn) writeRest(ctx context.Context) error {
	c.blocked = false
	for i := range c.out {
		for len(c.out[i]) > 0 {
			n, err := c.tcp.Write(c.out[i])
			c.out[i] = c.out[i][n:]
			c.t.Sent += int64(n)
			if n > 0 {
				c.last = time.Now()
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				if err := c.expired(ctx, c.s); err != nil {
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

// onReady sends and reads as far as it can without waiting. It returns false to be called again when there is something
// to read.
//
// The poller reports changes only. A read that does not fill the buffer has read everything. Another one, just to get
// EAGAIN, costs a twentieth of an event, so there is none between two chunks of a stream. The poller can miss the close
// of a connection: of one that is idle, or one that comes with the data. The closeWatcher reports both.
func (c *tcpConn) onReady(fd uintptr) bool {
	if !c.started {
		c.started = true
		return !c.send(fd) // no response can be there yet
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
		c.last = time.Now() // reads both clocks at once: their offset is that of this moment
		if stamp != 0 {
			c.batch.note()
		}
		if done, err := c.received(buf[:n], c.last, stamp); done || err != nil {
			c.err = err
			return true
		}
		if n < len(buf) && c.p.betweenChunks() && !c.ended() {
			return false
		}
	}
}

// send passes head and body to the kernel. It returns false if an error ends the exchange or the send buffer is full.
func (c *tcpConn) send(fd uintptr) bool {
	for {
		n, errno := c.msg.send(fd, c.out[0], c.out[1])
		switch errno {
		case 0:
			c.t.Sent += int64(n)
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
