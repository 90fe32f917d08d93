package client

//lint:file-ignore SA1019 http.ClientConn has no PING, whose answer shows that the server's limit of streams is known

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"perfpipe/internal/http1"
	"perfpipe/internal/record"
	"perfpipe/internal/rxtime"
)

// streams sends requests by HTTP/2 on connections of its own. net/http's transport sends up to a hundred streams on a
// new connection before it knows how many the server accepts, and retries each refused one a second later.
type streams struct {
	cfg *Config
	h1  http1.Config
	d   *http1.Dialer
	t   *http2.Transport

	mu      sync.Mutex
	origins map[string]*streamOrigin
}

// streamOrigin holds the connections to one server.
type streamOrigin struct {
	mu      sync.Mutex
	conns   []*streamConn
	dialing int           // connections being opened
	waiting int           // requests waiting for a stream
	limit   int           // streams of a connection, as the server announced; 0: not known
	full    bool          // the server accepts no more connections
	said    bool          // Say was called
	changed chan struct{} // closed at each change
}

// streamConn is one of them.
type streamConn struct {
	*http2.ClientConn
	times *rxtime.Conn // nil: no times of the kernel
}

func newStreams(cfg *Config, d *http1.Dialer) *streams {
	t := &http2.Transport{AllowHTTP: true, DisableCompression: true}
	return &streams{cfg: cfg, h1: cfg.http1(), d: d, t: t, origins: map[string]*streamOrigin{}}
}

func (p *streams) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.origins {
		o.mu.Lock()
		for _, cc := range o.conns {
			cc.Close()
		}
		o.conns = nil
		o.mu.Unlock()
	}
}

func (p *streams) origin(ep *endpoint) *streamOrigin {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[ep.server]
	if o == nil {
		o = &streamOrigin{changed: make(chan struct{})}
		p.origins[ep.server] = o
	}
	return o
}

// maxRefusals is how often a request is sent again that the server refused without processing it.
const maxRefusals = 3

// send returns the response with its head. A request that the server did not process is sent again, and so is, once,
// one on a connection that was closed without a response.
func (p *streams) send(c *call, t *trip, req *http.Request) (*http.Response, error) {
	for lost, refused := 0, 0; ; {
		t.Attempt(c.Begun)
		cc, err := p.take(req.Context(), c.ep, t)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		t.times = cc.times
		req.Body, _ = req.GetBody()
		resp, err := cc.RoundTrip(req)
		switch {
		case err == nil:
			return resp, nil
		case req.Context().Err() != nil:
			return nil, err
		case notProcessed(err):
			if refused++; refused > maxRefusals {
				return nil, fail(record.KindProtocol, "%s refuses the stream: %w", c.ep.addr, err)
			}
		case t.Reused && lost == 0 && !errors.As(err, new(http2.StreamError)):
			if err := p.h1.Resend(time.Since(began)); err != nil {
				return nil, err
			}
			lost++
		default:
			return nil, err
		}
	}
}

// notProcessed reports whether the server states that it did not process the request (RFC 9113 §8.7).
func notProcessed(err error) bool {
	var s http2.StreamError
	if errors.As(err, &s) {
		return s.Code == http2.ErrCodeRefusedStream
	}
	text := err.Error() // x/net has no types for these
	return strings.Contains(text, "client conn not usable") ||
		strings.Contains(text, "received Server's graceful shutdown GOAWAY")
}

// take returns a connection with a stream reserved on it. It opens one if all are full.
func (p *streams) take(ctx context.Context, ep *endpoint, t *trip) (*streamConn, error) {
	o := p.origin(ep)
	begin, own := time.Now(), time.Duration(0)
	t.DNS, t.Connect, t.TLS = 0, 0, 0
	waited := false
	for {
		o.mu.Lock()
		if cc := o.reserve(p.cfg.Network.NoKeepAlive); cc != nil {
			o.mu.Unlock()
			if t.Reused = own == 0; waited {
				t.streamWait += time.Since(begin) - own
			}
			return cc, nil
		}
		if p.cfg.Network.NoKeepAlive || o.wants() {
			o.dialing++
			o.mu.Unlock()
			dialed := time.Now()
			cc, err := p.dial(ctx, ep, t)
			own += time.Since(dialed)
			reserved, err := o.add(cc, err, p.cfg)
			switch {
			case err != nil:
				return nil, err
			case reserved:
				if waited {
					t.streamWait += time.Since(begin) - own
				}
				t.Reused = false
				return cc, nil
			}
			continue
		}
		waited = true
		o.waiting++
		changed := o.changed
		o.mu.Unlock()
		err := o.wait(ctx, changed)
		o.mu.Lock()
		o.waiting--
		o.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

// streamPoll is how often a waiting request looks for a free stream.
const streamPoll = 2 * time.Millisecond

func (o *streamOrigin) wait(ctx context.Context, changed <-chan struct{}) error {
	look := time.NewTimer(streamPoll)
	defer look.Stop()
	select {
	case <-changed:
	case <-look.C:
	case <-ctx.Done():
		return &http1.Error{Kind: record.KindCanceled, Err: context.Cause(ctx)}
	}
	return nil
}

// reserve returns a connection with a free stream, or nil. It drops closed ones. alone: connections are not shared.
func (o *streamOrigin) reserve(alone bool) *streamConn {
	if alone {
		return nil
	}
	o.conns = slices.DeleteFunc(o.conns, func(cc *streamConn) bool {
		s := cc.State()
		return s.Closed || s.Closing
	})
	for _, cc := range o.conns {
		if cc.ReserveNewRequest() {
			if o.limit == 0 { // it was 0, but there is one now
				o.limit, o.full = streamsOf(cc), false
			}
			return cc
		}
	}
	return nil
}

// wants reports whether the waiting requests need another connection: one, until the limit is known.
func (o *streamOrigin) wants() bool {
	if o.full && len(o.conns) > 0 {
		return false
	}
	return o.dialing == 0 || o.limit > 0 && o.dialing*o.limit < o.waiting+1
}

// add adds the connection that was opened, or the error, and reserves a stream for the request that opened it.
func (o *streamOrigin) add(cc *streamConn, err error, cfg *Config) (reserved bool, _ error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dialing--
	defer func() {
		close(o.changed)
		o.changed = make(chan struct{})
	}()
	if err != nil {
		if o.full = len(o.conns) > 0; o.full {
			return false, nil // there are only the streams of the others
		}
		return false, err
	}
	if cfg.Network.NoKeepAlive {
		cc.SetDoNotReuse()
		return true, nil
	}
	reserved = cc.ReserveNewRequest()
	o.limit = streamsOf(cc)
	o.conns = append(o.conns, cc)
	if o.limit == 0 { // no stream at all; another connection would have none either
		if o.full = true; !o.said && cfg.Say != nil {
			o.said = true
			cfg.Say("HTTP/2: the server takes no streams at present; requests wait until it does")
		}
		return reserved, nil
	}
	if len(o.conns) > 1 && !o.said && cfg.Say != nil {
		o.said = true
		cfg.Say("HTTP/2: the server takes %d streams a connection, so several are opened", o.limit)
	}
	return reserved, nil
}

// streamsOf returns the limit of a connection's streams, as the server announced last.
func streamsOf(cc *streamConn) int { return int(min(cc.State().MaxConcurrentStreams, 1<<20)) }

// dial opens a connection and waits for the server's settings, which have its limit of streams. The answer to a PING
// follows them.
func (p *streams) dial(ctx context.Context, ep *endpoint, t *trip) (*streamConn, error) {
	plain, secure, err := p.d.Open(ctx, ep.addr, ep.overTLS, &t.Timing)
	if err != nil {
		if speaksNoHTTP2(err.Error()) {
			err = noHTTP2(ep.addr)
		}
		return nil, err
	}
	conn := plain
	if secure != nil {
		if conn = secure; secure.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
			secure.Close()
			return nil, noHTTP2(ep.addr)
		}
	}
	if p.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.cfg.ConnectTimeout)
		defer cancel()
	}
	begin := time.Now()
	cc, err := p.t.NewClientConn(conn)
	if err == nil {
		if err = cc.Ping(ctx); err != nil {
			cc.Close()
		}
	}
	switch {
	case err == nil:
		t.Connect += time.Since(begin)
		times, _ := plain.(*rxtime.Conn)
		return &streamConn{cc, times}, nil
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return nil, failFor("connect-late", record.KindConnectTimeout, "no HTTP/2 settings from %s in time", ep.addr)
	case ctx.Err() != nil:
		return nil, &http1.Error{Kind: record.KindCanceled, Err: context.Cause(ctx)}
	}
	return nil, noHTTP2(ep.addr)
}

func noHTTP2(addr string) error {
	return failFor("no-http2", record.KindProtocol, "%s does not speak HTTP/2", addr)
}
