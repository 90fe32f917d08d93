package client

//lint:file-ignore SA1019 the errors of the x/net connections in http2.go are of x/net's types

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"perfpipe/internal/record"
)

// standard is net/http's requests and responses behind the transport interface: HTTP/2 and proxies.
type standard struct {
	cfg   *Config
	clock *Clock
	rt    *http.Transport
	send  func(c *call, t *trip, req *http.Request) (*http.Response, error)
	end   func() // closes idle connections
}

func newStandard(c *Client, clock *Clock, d *dialer) transport {
	cfg := &c.cfg
	rt := &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			proxy, _, err := c.Proxy(req.URL)
			return proxy, err
		},
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			if cfg.ConnectTimeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, cfg.ConnectTimeout)
				defer cancel()
			}
			c := new(costed)
			var err error
			c.Conn, err = d.dial(untraced{ctx}, addr, &c.cost)
			return c, err
		},
		TLSClientConfig:     cfg.Network.TLS.Clone(),
		TLSHandshakeTimeout: cfg.ConnectTimeout,
		MaxIdleConns:        0, // no limit
		MaxIdleConnsPerHost: 1 << 20,
		DisableCompression:  true,
		DisableKeepAlives:   cfg.Network.NoKeepAlive,
		ReadBufferSize:      4 << 10,
		WriteBufferSize:     4 << 10,
		Protocols:           new(http.Protocols),
	}
	rt.Protocols.SetHTTP1(!cfg.Network.HTTP2)
	rt.Protocols.SetHTTP2(cfg.Network.HTTP2)
	rt.Protocols.SetUnencryptedHTTP2(cfg.Network.HTTP2)
	send := func(_ *call, _ *trip, req *http.Request) (*http.Response, error) { return rt.RoundTrip(req) }
	return &standard{cfg, clock, rt, send, rt.CloseIdleConnections}
}

// newHTTP2 makes the transport of HTTP/2 without a proxy.
func newHTTP2(cfg *Config, clock *Clock, d *dialer) transport {
	p := newStreams(cfg, d)
	return &standard{cfg, clock, nil, p.send, p.close}
}

func (st *standard) close() { st.end() }

func (st *standard) exchange(ctx context.Context, c *call, t *trip, s sink) error {
	t.unstamped = true
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if total := st.cfg.TotalTimeout; total > 0 {
		left := total - time.Duration(st.clock.Now()-c.start) // less in a later attempt
		defer time.AfterFunc(left, func() {
			cancel(late(total))
		}).Stop()
	}
	read := st.cfg.ReadTimeout
	quiet := time.AfterFunc(time.Hour, func() { cancel(fail(record.KindReadTimeout, "nothing received for %v", read)) })
	quiet.Stop()
	defer quiet.Stop()
	alive := func() {
		if read > 0 {
			quiet.Reset(read)
		}
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, st.trace(c, t, alive)), c.ep.method, c.ep.url, bytes.NewReader(c.body))
	if err != nil {
		return &failure{record.KindRequest, err}
	}
	req.Header, req.Host = c.httpHeader()
	req.Close = c.closes()
	if !st.cfg.NoResend {
		req.Header["Idempotency-Key"] = nil // sent to nobody; lets net/http send again on a kept connection found closed
	}
	resp, err := st.send(c, t, req)
	if err != nil {
		if c.ep.secure && t.connect == 0 && !t.reused && errors.Is(err, io.EOF) {
			return tlsError(ctx, c.ep.addr, err)
		}
		return st.byProxy(c, t, st.explain(ctx, c, err))
	}
	defer resp.Body.Close()
	t.end = st.clock.Now()
	t.sent = int64(len(c.body))
	s.head(&header{
		Status: resp.StatusCode, ContentType: contentType([]byte(resp.Header.Get("Content-Type"))),
		Encoding: resp.Header.Get("Content-Encoding"), RetryAfter: resp.Header.Get("Retry-After"),
		Location: resp.Header.Get("Location"),
	}, t.end)
	rest := time.AfterFunc(time.Hour, func() { cancel(errOpen) })
	defer rest.Stop()
	buf, phase := make([]byte, 32<<10), going
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			t.end = st.clock.Now()
			t.received += int64(n)
			alive()
			s.body(buf[:n], t.end)
			switch e := s.ending(); {
			case e == refused:
				return errRefused
			case e == ended && phase != ended:
				rest.Reset(restAfterEnd)
			case e == settled && !c.many():
				rest.Reset(restWhenSettled)
			}
			phase = s.ending()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return st.explain(ctx, c, err)
		}
	}
}

// byProxy says of an error before there was a connection that it is the proxy's.
func (st *standard) byProxy(c *call, t *trip, err error) error {
	if c.ep.proxy == "" || t.connect != 0 || t.reused {
		return err
	}
	var known *failure
	switch {
	case !errors.As(err, &known):
		return fail(record.KindConnect, "the proxy %s does not connect to %s: %w", c.ep.proxy, c.ep.addr, err)
	case known.kind == record.KindConnect || known.kind == record.KindConnectTimeout:
		return fail(known.kind, "the proxy %s: %w", c.ep.proxy, err)
	}
	return err
}

// costed is a connection with what it cost. A dial may outlive the request that wanted it, so that it must not write to
// that one's trip.
type costed struct {
	net.Conn
	cost trip
}

// untraced hides the trace from the dialing of the DNS.
type untraced struct{ context.Context }

func (untraced) Value(any) any { return nil }

// trace fills in the cost of the connection.
func (st *standard) trace(c *call, t *trip, alive func()) *httptrace.ClientTrace {
	var begin, hand atomic.Int64
	return &httptrace.ClientTrace{
		GetConn:           func(string) { t.attempt(c) },
		TLSHandshakeStart: func() { begin.Store(st.clock.Now()) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { hand.Store(st.clock.Now() - begin.Load()) },
		GotConn: func(i httptrace.GotConnInfo) {
			if t.reused = i.Reused; i.Reused {
				return
			}
			conn := i.Conn
			if s, ok := conn.(*tls.Conn); ok {
				conn, t.tls = s.NetConn(), hand.Load()
			}
			if c, ok := conn.(*costed); ok {
				t.dns, t.connect = c.cost.dns, c.cost.connect
			}
		},
		WroteRequest:         func(httptrace.WroteRequestInfo) { alive() },
		GotFirstResponseByte: alive,
	}
}

// speaksNoHTTP2 knows what net/http says of a server whose first words are not HTTP/2's: it has no errors of a type for it.
func speaksNoHTTP2(text string) bool {
	return strings.Contains(text, "HTTP/1.1 header") || strings.Contains(text, "no application protocol") ||
		strings.Contains(text, "client conn could not be established")
}

// explain finds the kind of an error of net/http.
func (st *standard) explain(ctx context.Context, c *call, err error) error {
	var cause *failure
	if errors.As(context.Cause(ctx), &cause) {
		return cause
	}
	if ctx.Err() != nil {
		return &failure{record.KindCanceled, context.Cause(ctx)}
	}
	var known *failure
	var op *net.OpError
	var reset http2.StreamError
	var away http2.GoAwayError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &reset):
		return fail(record.KindProtocol, "the server reset the stream: %v", reset.Code)
	case errors.As(err, &away):
		return fail(record.KindProtocol, "the server ended the connection: %v %.100s", away.ErrCode, away.DebugData)
	case st.cfg.Network.HTTP2 && speaksNoHTTP2(err.Error()):
		return noHTTP2(c.ep.addr)
	case strings.Contains(err.Error(), `malformed HTTP response "`):
		_, quoted, _ := strings.Cut(err.Error(), `malformed HTTP response `)
		if first, e := strconv.Unquote(quoted); e == nil {
			if e := foreign([]byte(first)); e != nil {
				return e
			}
		}
		return fmt.Errorf("%w: the status line is %.60s", errMalformed, quoted)
	case isTLS(err):
		return tlsError(ctx, c.ep.addr, err)
	case errors.As(err, &op) && op.Op == "dial":
		return dialError(c.ep.addr, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errEarlyEnd
	case isTimeout(err):
		return fail(record.KindConnectTimeout, "no TLS connection to %s in time", c.ep.addr)
	}
	return err
}

func isTLS(err error) bool {
	var op *net.OpError
	return errors.As(err, new(tls.RecordHeaderError)) || errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, &op) && op.Op == "remote error" // an alert
}

// ErrNoPreconnect says that connections cannot be opened ahead: with HTTP/2, of which one connection carries all, and
// through a proxy.
var ErrNoPreconnect = errors.New("connections of HTTP/2 and through proxies are opened when they are needed")

// preconnect is not in net/http's power.
func (st *standard) preconnect(ctx context.Context, ep *endpoint, n int) error {
	return ErrNoPreconnect
}
