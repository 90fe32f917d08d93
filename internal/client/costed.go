package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"perfpipe/internal/http1"
)

// costed is a connection of net/http with the cost of opening it. A dial may outlive the request that started it, so it
// must not write to that request's trip.
type costed struct {
	net.Conn
	began time.Time // when opening began
	cost  http1.Timing
	watch *http1.Watch
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
	var err error
	if c.Conn, err = d.Dial(untraced{ctx}, addr, &c.cost); err != nil {
		return nil, err
	}
	if httptrace.ContextClientTrace(ctx) != nil { // which removes the deadline
		c.SetDeadline(by)
	}
	if !cfg.NoTCPInfo {
		c.watch = http1.NewWatch(c.Conn)
	}
	return c, nil
}

// untraced hides the trace of a request from the dialer and its DNS connections.
type untraced struct{ context.Context }

func (untraced) Value(any) any { return nil }

// handshake is the last TLS handshake of a connection: a proxy may have one before the server's.
type handshake struct {
	number      atomic.Int32 // from 1; 0: there was none
	began, took atomic.Int64 // ns
}

// trace fills in the cost of the connection, and h. alive is called when bytes were sent or received.
func (st *standard) trace(c *call, t *trip, h *handshake, alive func()) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			t.Attempt(c.Begun)
			t.Reused, t.DNS, t.Connect, t.TLS = false, 0, 0, 0
		},
		TLSHandshakeStart: func() {
			h.number.Add(1)
			h.began.Store(int64(st.clock.Now()))
		},
		TLSHandshakeDone:     func(tls.ConnectionState, error) { h.took.Store(int64(st.clock.Now()) - h.began.Load()) },
		GotConn:              func(i httptrace.GotConnInfo) { c.got(i, t, h) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { alive() },
		GotFirstResponseByte: alive,
	}
}

// got notes the connection of an attempt. Between the connection to a proxy and TLS with the server is what the proxy
// does, such as CONNECT: it is part of connecting.
func (c *call) got(i httptrace.GotConnInfo, t *trip, h *handshake) {
	conn := i.Conn
	for s, secure := conn.(*tls.Conn); secure; s, secure = conn.(*tls.Conn) {
		conn = s.NetConn()
	}
	t.Reused = i.Reused
	own, ok := conn.(*costed)
	if !ok {
		return
	}
	own.SetDeadline(time.Time{})
	if t.watch = own.watch; t.Reused {
		return
	}
	if t.DNS = own.cost.DNS; c.ep.overTLS {
		t.TLS = time.Duration(h.took.Load())
	}
	t.Connect = time.Since(own.began) - t.DNS - t.TLS
}
