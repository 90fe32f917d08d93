package http1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tlsConn is the TLS of a polledConn. crypto/tls pulls its bytes with Read; here Read fails with errWait if nothing has
// been received, after which crypto/tls can go on.
type tlsConn struct {
	*tls.Conn
	c     *polledConn
	addr  string // of the server
	plain []byte // head and body of a small request
	early []byte // received before the first request

	drained bool  // nothing is left to read in the socket
	stamp   int64 // of the last read, ns since the epoch by the system clock; 0: none
}

// newTLSConn has secure, whose handshake is complete, read from c and write to it.
func newTLSConn(secure *tls.Conn, addr string, c *polledConn) *tlsConn {
	t := &tlsConn{Conn: secure, c: c, addr: addr}
	secure.NetConn().(*socket).over = t
	return t
}

// socket is what TLS reads from and writes to: a net.Conn during the handshake, then the file of a polledConn, without
// waiting.
type socket struct {
	net.Conn
	over *tlsConn // nil during the handshake
}

// underTLS returns the connection to hand to TLS, which a poller can take over later.
func underTLS(c net.Conn) net.Conn { return &socket{Conn: c} }

// waitError is the error of a read that would have to wait. As it calls itself temporary, crypto/tls can go on after
// it.
type waitError struct{}

func (waitError) Error() string   { return "nothing has been received" }
func (waitError) Timeout() bool   { return true }
func (waitError) Temporary() bool { return true }

// Read implements io.Reader.
func (s *socket) Read(b []byte) (int, error) {
	if s.over == nil {
		return s.Conn.Read(b)
	}
	return s.over.recv(b)
}

// Write implements io.Writer. What the kernel does not take at once is sent later.
func (s *socket) Write(b []byte) (int, error) {
	if s.over == nil {
		return s.Conn.Write(b)
	}
	return len(b), s.over.queue(b)
}

// SetWriteDeadline implements net.Conn.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if s.over == nil {
		return s.Conn.SetWriteDeadline(t)
	}
	return nil // Write does not wait
}

// Close implements net.Conn. A polledConn closes its file itself.
func (s *socket) Close() error {
	if s.over == nil {
		return s.Conn.Close()
	}
	return nil
}

// recv reads encrypted bytes.
func (t *tlsConn) recv(b []byte) (int, error) {
	if t.drained && !t.c.ended() {
		return 0, waitError{}
	}
	for {
		n, stamp, errno := t.c.poller.msg.recv(uintptr(t.c.fd), b)
		switch {
		case errno == unix.EAGAIN:
			return 0, waitError{}
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, io.EOF
		}
		t.drained = n < len(b)
		t.c.last, t.stamp = time.Now(), stamp // both clocks at once: their offset is that of this moment
		return n, nil
	}
}

// queue sends encrypted bytes, or stores what the kernel does not take.
func (t *tlsConn) queue(b []byte) error {
	c := t.c
	if len(c.out[0]) > 0 {
		c.out[0] = append(c.out[0], b...)
		return nil
	}
	c.out[0] = b
	err := c.send()
	c.out[0] = append([]byte(nil), c.out[0]...) // b is not ours
	return err
}

// send sends a request. A server may respond, and close the connection, before it has read everything: its response is
// then worth more than the error.
func (t *tlsConn) send(r *Request) error {
	parts := [2][]byte{r.Head, r.Body}
	if len(r.Body) <= smallBody {
		t.plain = append(append(t.plain[:0], r.Head...), r.Body...)
		parts = [2][]byte{t.plain}
	}
	for _, part := range parts {
		n, err := t.Write(part)
		t.c.t.Sent += int64(n)
		if err != nil {
			return nil
		}
	}
	return nil
}

// read reads what has been received, for the exchange under way.
func (t *tlsConn) read() {
	c := t.c
	for t.drained = false; ; {
		n, err := t.Read(c.poller.buf)
		if n > 0 {
			if t.stamp != 0 {
				c.poller.batch.note()
			}
			if done, err := c.received(c.poller.buf[:n], c.last, t.stamp); done || err != nil {
				c.finish(err)
				return
			}
		}
		if err != nil {
			if !errors.As(err, new(waitError)) {
				c.finish(t.ending(err))
			}
			return
		}
	}
}

// ending returns the error of an exchange for one of Read.
func (t *tlsConn) ending(err error) error {
	switch p := &t.c.p; {
	// An end within TLS's own records is io.ErrUnexpectedEOF.
	case !p.begun() && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return errStale
	case errors.Is(err, io.EOF):
		return p.eof()
	case isTLS(err): // such as a refused client certificate, which TLS 1.3 reports only now
		return TLSError(t.c.ctx, t.addr, err)
	}
	return err
}

// readIdle reads what the server sends while no exchange is under way: session tickets, or the end of the connection.
func (t *tlsConn) readIdle() {
	t.drained = false
	n, err := t.Read(t.c.poller.buf)
	if n > 0 {
		t.c.stray = true
		t.early = append(t.early, t.c.poller.buf[:n]...)
	}
	if err != nil && !errors.As(err, new(waitError)) {
		t.c.closedByPeer.Store(true)
	}
}

// readEarly has the exchange read what was received before the first request.
func (t *tlsConn) readEarly() {
	if done, err := t.c.received(t.early, t.c.last, t.stamp); done || err != nil {
		t.c.finish(err)
	}
}
