package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"perfpipe/internal/http1"
	"perfpipe/internal/rxtime"
)

// costed is a connection of net/http with the cost of opening it. A dial may outlive the request that started it, so it
// must not write to that request's trip.
type costed struct {
	net.Conn
	began time.Time // when opening began
	cost  http1.Timing
	watch *http1.Watch
	times *rxtime.Conn // nil: no times of the kernel

	sending atomic.Bool // a part of the request has been sent
	closed  atomic.Bool // by the server, before it had read the request; net/http does not know
}

// Write implements net.Conn. A server may respond, and close the connection, before it has read everything: net/http
// would take the error of the write for the result, so it has to find that in what it reads.
func (c *costed) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	switch {
	case err == nil:
		c.sending.Store(true)
	case c.sending.Load() && http1.ClosedByPeer(err):
		c.closed.Store(true)
		return len(b), nil
	}
	return n, err
}

// dialCosted connects to addr, which is a server's or a proxy's. The connect timeout bounds all that must precede the
// first request: what the proxy does, and TLS.
func dialCosted(ctx context.Context, cfg *Config, d *http1.Dialer, addr string) (net.Conn, error) {
	c := &costed{began: time.Now()}
	var by time.Time
	if cfg.ConnectTimeout > 0 {
		by = c.began.Add(cfg.ConnectTimeout)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, by)
		defer cancel()
	}
	plain, err := d.Dial(untraced{ctx}, addr, &c.cost)
	if err != nil {
		return nil, err
	}
	c.Conn = plain
	c.times, _ = plain.(*rxtime.Conn)
	if httptrace.ContextClientTrace(ctx) != nil { // which removes the deadline
		c.SetDeadline(by)
	}
	if !cfg.NoTCPInfo {
		c.watch = http1.NewWatch(plain)
	}
	return c, nil
}

// untraced hides the trace of a request from the dialer and its DNS connections.
type untraced struct{ context.Context }

func (untraced) Value(any) any { return nil }

// opening is what a request learns of its connection.
type opening struct {
	asked       time.Time    // when a connection was asked for; zero: there is one, or it is not net/http's
	handshakes  atomic.Int32 // of TLS: a proxy may have one before the server's
	began, took atomic.Int64 // of the last one, ns
	closed      bool         // net/http has taken a connection that the server had closed
}

// trace fills in o, and the cost of the connection. alive is called when bytes were sent or received.
func (st *standard) trace(c *call, t *trip, o *opening, alive func()) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			if t.Reused, t.DNS, t.Connect, t.TLS = false, 0, 0, 0; o.asked.IsZero() {
				o.asked = time.Now()
			}
		},
		TLSHandshakeStart: func() {
			o.handshakes.Add(1)
			o.began.Store(int64(st.clock.Now()))
		},
		TLSHandshakeDone:     func(tls.ConnectionState, error) { o.took.Store(int64(st.clock.Now()) - o.began.Load()) },
		GotConn:              func(i httptrace.GotConnInfo) { o.got(i, c, t) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { alive() },
		GotFirstResponseByte: alive,
	}
}

// attempt counts an attempt, which has a connection, or fails for lack of one. net/http may ask for one repeatedly.
func (o *opening) attempt(c *call, t *trip) {
	if o.asked.IsZero() {
		return
	}
	if t.Attempts++; t.Attempts > 1 {
		t.Resent = o.asked.Sub(c.Begun)
	}
	o.asked = time.Time{}
}

// poolTime is how long it takes at most to find an idle connection. Longer is a wait for one that is being opened.
const poolTime = time.Millisecond / 4

// got notes the connection of an attempt. Between the connection to a proxy and TLS with the server is what the proxy
// does, such as CONNECT: it is part of connecting.
func (o *opening) got(i httptrace.GotConnInfo, c *call, t *trip) {
	conn := i.Conn
	for s, secure := conn.(*tls.Conn); secure; s, secure = conn.(*tls.Conn) {
		conn = s.NetConn()
	}
	own, ok := conn.(*costed)
	if o.closed = ok && own.closed.Load(); o.closed {
		own.Close()
		return
	}
	waited := time.Duration(0)
	if !o.asked.IsZero() {
		waited = time.Since(o.asked)
	}
	o.attempt(c, t)
	if t.Reused = i.Reused; t.Reused && waited > poolTime {
		t.streamWait += waited
	}
	if !ok {
		return
	}
	own.SetDeadline(time.Time{})
	own.sending.Store(false)
	if t.watch, t.times = own.watch, own.times; t.Reused {
		return
	}
	if t.DNS = own.cost.DNS; c.ep.overTLS {
		t.TLS = time.Duration(o.took.Load())
	}
	t.Connect = time.Since(own.began) - t.DNS - t.TLS
}
