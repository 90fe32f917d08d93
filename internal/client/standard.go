package client

//lint:file-ignore SA1019 http2.go uses x/net, whose errors have types of their own

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
)

// standard sends requests of net/http: by its own transport, with proxies, or by streams, HTTP/2.
type standard struct {
	cfg   *Config
	h1    http1.Config
	clock *clock.Clock
	rt    *http.Transport
	send  func(c *call, t *trip, req *http.Request) (*http.Response, error)
	end   func() // closes idle connections
}

func newStandard(c *Client, clk *clock.Clock) *standard {
	cfg := &c.cfg
	d := cfg.dialer()
	d.Times = !cfg.Network.HTTP2 // which reads frames of many responses ahead of them
	rt := &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			proxy, _, err := c.Proxy(req.URL)
			return proxy, err
		},
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dialCosted(ctx, cfg, d, addr)
		},
		TLSClientConfig:     cfg.Network.TLS.Clone(),
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
	return &standard{cfg, cfg.http1(), clk, rt, send, rt.CloseIdleConnections}
}

// newHTTP2 returns the transport of HTTP/2 without a proxy.
func newHTTP2(cfg *Config, clk *clock.Clock) transport {
	d := cfg.dialer()
	d.Times = true
	p := newStreams(cfg, d)
	return &standard{cfg, cfg.http1(), clk, nil, p.send, p.close}
}

func (st *standard) close() { st.end() }

func (st *standard) exchange(ctx context.Context, c *call, t *trip, s http1.Sink) (ended bool, err error) {
	return true, st.roundTrip(ctx, c, t, s)
}

func (st *standard) roundTrip(ctx context.Context, c *call, t *trip, s http1.Sink) error {
	t.Unstamped = st.cfg.Network.HTTP2
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if total := st.cfg.TotalTimeout; total > 0 {
		left := total - st.clock.Now().Sub(c.Start) // less in a later attempt
		defer time.AfterFunc(left, func() { cancel(st.h1.Late()) }).Stop()
	}
	read := st.cfg.ReadTimeout
	quiet := stoppedTimer(func() { cancel(fail(record.KindReadTimeout, "nothing received for %v", read)) })
	defer quiet.Stop()
	alive := func() {
		if read > 0 {
			quiet.Reset(read)
		}
	}
	var o opening
	req, err := st.request(httptrace.WithClientTrace(ctx, st.trace(c, t, &o, alive)), c)
	if err != nil {
		return err
	}
	resp, err := st.send(c, t, req)
	for err != nil && o.closed && ctx.Err() == nil { // nothing of it was sent
		req.Body, _ = req.GetBody()
		resp, err = st.send(c, t, req)
	}
	if err != nil {
		if t.Connect == 0 && !t.Reused {
			o.attempt(c, t)
			return st.unconnected(ctx, c, o.handshakes.Load(), err)
		}
		return ofProxy(c.ep, st.explain(ctx, c.ep.addr, err))
	}
	defer resp.Body.Close()
	if st.cfg.Network.HTTP2 && resp.ProtoMajor < 2 { // net/http does without it
		return noHTTP2(c.ep.addr)
	}
	t.End = st.arrival(t)
	t.Sent = int64(len(c.Body))
	s.Head(http1.HeaderOf(resp, st.h1.Fields), t.End)
	err = st.read(resp.Body, t, s, alive, cancel)
	t.watch.Sample(time.Now(), &t.Timing)
	if err == nil || errors.Is(err, http1.Refused.Err()) {
		return err
	}
	return st.explain(ctx, c.ep.addr, err)
}

func stoppedTimer(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}

// request returns the request of net/http for c.
func (st *standard) request(ctx context.Context, c *call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, c.ep.method, c.ep.url, bytes.NewReader(c.Body))
	if err != nil {
		return nil, &http1.Error{Kind: record.KindRequest, Err: err}
	}
	c.tries++
	req.Header, req.Host = c.httpHeader()
	req.Close = c.closes()
	if !st.cfg.NoResend {
		// Not sent: it permits net/http to send again what it sent on a reused connection that the server had closed.
		req.Header["Idempotency-Key"] = nil
	}
	return req, nil
}

// arrival returns when what has just been read was received. net/http reads no further ahead than it is asked to. With
// HTTP/2, frames are read ahead: the time is that of the last one, which is still not after the read.
func (st *standard) arrival(t *trip) clock.Nanos {
	return t.Arrival(st.clock, time.Now(), t.times.Received())
}

// read passes the body to s. alive is called after each read, and cancel if the body continues after the answer's end.
func (st *standard) read(body io.Reader, t *trip, s http1.Sink, alive func(), cancel func(error)) error {
	rest := stoppedTimer(func() { cancel(http1.Ended.Err()) })
	defer rest.Stop()
	buf, phase := make([]byte, 32<<10), http1.Going
	for {
		n, err := body.Read(buf)
		if n > 0 {
			t.End = st.arrival(t)
			t.Received += int64(n)
			alive()
			s.Body(buf[:n], t.End)
			switch p := s.Phase(); {
			case p == http1.Refused:
				return p.Err()
			case p == http1.Settled && s.Several():
				rest.Stop() // it was for what then turned out to be one of several answers
			case p == http1.Ended && phase != http1.Ended, p == http1.Settled:
				rest.Reset(p.Rest())
			}
			phase = s.Phase()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ofProxy attributes to the proxy an error that is about the protocol of the connection to it.
func ofProxy(ep *endpoint, err error) error {
	var known *http1.Error
	if ep.proxy != "" && !ep.overTLS && errors.As(err, &known) && known.Reason != "" {
		return fail(known.Kind, "the proxy %s does not answer by HTTP/1.1: %w", ep.proxy, known.Err)
	}
	return err
}

// unconnected returns the error of an exchange without a connection, after that number of TLS handshakes have begun. It
// is attributed to the proxy, if there is one.
func (st *standard) unconnected(ctx context.Context, c *call, handshakes int32, err error) error {
	addr, secure := c.ep.addr, c.ep.overTLS
	if proxy, bad := url.Parse(c.ep.proxy); bad == nil && proxy.Scheme == "https" && handshakes < 2 {
		addr, secure = proxy.Host, true
	}
	if secure && errors.Is(err, io.EOF) {
		return http1.TLSError(ctx, addr, err)
	}
	err = st.explain(ctx, addr, err)
	var known *http1.Error
	switch {
	case c.ep.proxy == "":
	case !errors.As(err, &known):
		return fail(record.KindConnect, "the proxy %s does not connect to %s: %w", c.ep.proxy, c.ep.addr, err)
	case known.Kind == record.KindConnect || known.Kind == record.KindConnectTimeout:
		return failFor(known.Reason, known.Kind, "the proxy %s: %w", c.ep.proxy, err)
	}
	return err
}

// speaksNoHTTP2 recognizes the error of net/http for a server that answers by another protocol. It has no type for it.
func speaksNoHTTP2(text string) bool {
	return strings.Contains(text, "HTTP/1.1 header") || strings.Contains(text, "no application protocol") ||
		strings.Contains(text, "client conn could not be established")
}

// explain returns an error of net/http in an exchange with addr in plain words, with its kind.
func (st *standard) explain(ctx context.Context, addr string, err error) error {
	var cause *http1.Error
	if errors.As(context.Cause(ctx), &cause) {
		return cause
	}
	if ctx.Err() != nil {
		return &http1.Error{Kind: record.KindCanceled, Err: context.Cause(ctx)}
	}
	var known *http1.Error
	var reset http2.StreamError
	var away http2.GoAwayError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &reset):
		return fail(record.KindProtocol, "the server reset the stream: %v", reset.Code)
	case errors.As(err, &away):
		return fail(record.KindProtocol, "the server ended the connection: %v %.100s", away.ErrCode, away.DebugData)
	case notProcessed(err):
		return fail(record.KindProtocol, "the server ended the connection, and with it a stream that it had begun to answer")
	case strings.Contains(err.Error(), "client connection force closed"): // by x/net, which could not write to it
		return http1.Explain(ctx, addr, io.ErrUnexpectedEOF)
	case st.cfg.Network.HTTP2 && speaksNoHTTP2(err.Error()):
		return noHTTP2(addr)
	}
	return http1.Explain(ctx, addr, err)
}

// ErrNoPreconnect is the error of Preconnect for HTTP/2, where one connection carries many requests, and for proxies.
var ErrNoPreconnect = errors.New("connections of HTTP/2 and through proxies are opened when they are needed")

func (*standard) preconnect(context.Context, *endpoint, int) error {
	return ErrNoPreconnect
}
