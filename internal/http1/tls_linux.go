package http1

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"time"
)

// tlsConn is the TLS of a polledConn. crypto/tls pulls its bytes with Read; here Read fails with errWait if nothing has
// been received, after which crypto/tls can go on.
type tlsConn struct {
	*tls.Conn
	c     *polledConn
	under *socket
	early []byte // received before the first request
	end   error  // of a read before it; nil: there was none

	drained bool  // nothing is left to read in the socket
	stamp   int64 // of the last read, ns since the epoch by the system clock; 0: none
}

// newTLSConn has secure, whose handshake is complete, read from c and write to it.
func newTLSConn(secure *tls.Conn, c *polledConn) *tlsConn {
	t := &tlsConn{Conn: secure, c: c, under: secure.NetConn().(*socket)}
	t.under.over = t
	return t
}

// socket is what TLS reads from and writes to: a net.Conn during the handshake, then the file of a polledConn, without
// waiting.
type socket struct {
	net.Conn
	over    *tlsConn // nil during the handshake
	records tlsRecords
}

// underTLS returns the connection to hand to TLS, which a poller can take over later.
func underTLS(c net.Conn) net.Conn { return &socket{Conn: c} }

// Read implements io.Reader.
func (s *socket) Read(b []byte) (n int, err error) {
	if s.over == nil {
		n, err = s.Conn.Read(b)
	} else {
		n, err = s.over.recv(b)
	}
	s.records.received(b[:max(n, 0)])
	return n, err
}

// tlsRecords follows the bounds of TLS records (RFC 8446, section 5.1) in the bytes received.
type tlsRecords struct {
	header [5]byte // type, version, length of what follows
	have   int     // bytes of the header
	left   int     // bytes of the record that are still to come
	ends   int     // records that ended in the last read
}

// received adds the bytes of a read.
func (r *tlsRecords) received(b []byte) {
	r.ends = 0
	for len(b) > 0 {
		if r.have < len(r.header) {
			n := copy(r.header[r.have:], b)
			r.have, b = r.have+n, b[n:]
			if r.have < len(r.header) {
				return
			}
			r.left = int(binary.BigEndian.Uint16(r.header[3:]))
		}
		n := min(r.left, len(b))
		r.left, b = r.left-n, b[n:]
		if r.left == 0 {
			r.have = 0
			r.ends++
		}
	}
}

// one reports whether the last read ended exactly one record, and nothing of another has been received.
func (r *tlsRecords) one() bool { return r.ends == 1 && r.have == 0 }

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
		return 0, errWait
	}
	n, stamp, err := t.c.recv(&t.c.poller.msg, b)
	if err == nil {
		t.drained, t.stamp = n < len(b), stamp
	}
	return n, err
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
func (t *tlsConn) send(r *Request) {
	buf := t.c.cfg.heads.Get().(*[]byte)
	defer t.c.cfg.heads.Put(buf)
	for _, part := range r.parts(buf, smallBody) {
		n, err := t.Write(part)
		t.c.t.Sent += int64(n)
		if err != nil {
			t.c.stopSending()
			return
		}
	}
	t.c.sent()
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
			if err == nil && t.drained && t.under.records.one() && !c.ended() {
				return // that record has just been read
			}
		}
		if err != nil {
			c.failed(err)
			return
		}
	}
}

// readIdle reads what the server sends while no exchange is under way: session tickets, or the end of the connection.
func (t *tlsConn) readIdle() {
	t.drained = false
	n, err := t.Read(t.c.poller.buf)
	if n > 0 {
		t.c.stray = true
		t.early = append(t.early, t.c.poller.buf[:n]...)
	}
	if err != nil && err != errWait {
		t.end = err
		t.c.closedByPeer.Store(true)
	}
}

// readEarly has the exchange read what was received before the first request.
func (t *tlsConn) readEarly() {
	c := t.c
	if len(t.early) > 0 {
		if done, err := c.received(t.early, c.last, t.stamp); done || err != nil {
			c.finish(err)
			return
		}
	}
	if t.end != nil {
		c.failed(t.end)
	} else if c.ended() {
		t.read()
	}
}
