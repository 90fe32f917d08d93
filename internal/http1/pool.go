package http1

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"perfpipe/internal/clock"
)

// Transport sends requests on connections that it keeps open between them. It is safe for concurrent use.
type Transport struct {
	cfg   Config
	open  openFunc
	begin openFunc // its connections may have to be opened by their start
	free  func()   // frees what the connections share

	mu      sync.Mutex
	origins map[originKey]*Origin
}

// openFunc opens a connection. It fails at the deadline by; zero: there is none. It tries the targets; nil: those of a
// lookup.
type openFunc func(ctx context.Context, o *Origin, by time.Time, targets []string, t *Timing) (conn, error)

type originKey struct {
	addr   string
	secure bool
}

// Origin is one server, with the idle connections to it.
type Origin struct {
	originKey

	mu     sync.Mutex
	idle   []idleConn      // the last used last
	closed [2]atomic.Int32 // connections in a row that the server closed right after a body, and after a stream
}

// idleConn is a connection between two exchanges.
type idleConn struct {
	conn
	stream bool        // its last response was one
	since  clock.Nanos // 0: it was never used
}

const (
	// rightAfter is how soon a server closes a connection that it will not use again, whatever its response announced.
	// llama-server does so after each stream.
	rightAfter = 50 * time.Millisecond
	// maxClosed is how many connections in a row must end like that before none is reused: each of them may cost a
	// request that is sent twice.
	maxClosed = 3
)

// New returns a Transport that opens connections with d and takes times from clk.
func New(cfg Config, clk *clock.Clock, d *Dialer) *Transport {
	t := &Transport{cfg: cfg, origins: map[originKey]*Origin{}}
	t.open, t.begin, t.free = opener(&t.cfg, clk, d)
	return t
}

// Origin returns the server at addr, host:port, with TLS if secure.
func (t *Transport) Origin(addr string, secure bool) *Origin {
	key := originKey{addr, secure}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.origins[key]
	if o == nil {
		o = &Origin{originKey: key}
		t.origins[key] = o
	}
	return o
}

// attempt is the state of a request that is being sent.
type attempt struct {
	idleConn         // which has the request
	sent     int64   // bytes of the request before this attempt
	resent   bool    // it is not the first
	dial     *toDial // a Dialer is to open the connection; nil: a poller is
}

// Start begins to send r. It passes the response to s and fills in m, also if it fails. It reports whether the exchange
// has ended, with its error. If it has not, nothing waits for it: r.Wake is called, once, when Resume is to be called
// with the same arguments, which may be before Start returns.
func (t *Transport) Start(ctx context.Context, r *Request, m *Timing, s Sink) (ended bool, err error) {
	r.attempt = attempt{idleConn: r.Origin.take(r.Start)}
	return t.send(ctx, r, m, s)
}

// Resume continues an exchange after a call of r.Wake, in the manner of Start.
func (t *Transport) Resume(ctx context.Context, r *Request, m *Timing, s Sink) (ended bool, err error) {
	if ended, err := t.judge(r, m, r.attempt.result()); ended {
		return true, err
	}
	return t.send(ctx, r, m, s)
}

// Do sends r and waits for the end of the exchange.
func (t *Transport) Do(ctx context.Context, r *Request, m *Timing, s Sink) error {
	woken := make(chan struct{}, 1)
	r.Wake = func() { woken <- struct{}{} }
	ended, err := t.Start(ctx, r, m, s)
	for !ended {
		<-woken
		ended, err = t.Resume(ctx, r, m, s)
	}
	return err
}

// send makes attempts until one has to wait for its response, or the exchange has ended.
func (t *Transport) send(ctx context.Context, r *Request, m *Timing, s Sink) (ended bool, err error) {
	for {
		a := &r.attempt
		m.Attempt(r.Begun)
		if m.Reused = a.conn != nil; !m.Reused {
			if a.conn, err = t.connect(ctx, r, m); err != nil {
				return true, err
			}
		}
		a.sent = m.Sent
		if ended, err = a.start(ctx, r, m, s); !ended {
			return false, nil // from here on, r may be another goroutine's
		}
		if ended, err = t.judge(r, m, err); ended {
			return true, err
		}
	}
}

// connect opens the connection of an attempt, or leaves that to its start.
func (t *Transport) connect(ctx context.Context, r *Request, m *Timing) (conn, error) {
	end := t.cfg.end(r.Begun)
	open, by, targets := t.begin, end, []string(nil)
	if d := r.attempt.dial; d != nil {
		open, by, targets = t.open, d.by, d.targets
	}
	c, err := open(ctx, r.Origin, by, targets, m)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil: // not the connect timeout
		return nil, canceled(ctx)
	case !end.IsZero() && !time.Now().Before(end):
		return nil, t.cfg.Late()
	}
	return nil, err
}

// judge ends an attempt that has ended with err. It reports whether the exchange has ended, with its error; if not, the
// request is to be sent again on a new connection.
func (t *Transport) judge(r *Request, m *Timing, err error) (ended bool, _ error) {
	a, o := &r.attempt, r.Origin
	c := a.conn
	a.conn = nil
	if err == nil && c.parser().keepAlive && !t.cfg.NoKeepAlive && !r.Close {
		t.keep(o, idleConn{c, r.Stream, m.End}, m.Reused)
		return true, nil
	}
	c.close()
	begun := c.parser().begun()
	if m.Reused && !begun {
		o.noteClose(a.idleConn, r.Start)
	}
	dial, isDial := err.(*toDial)
	switch {
	case isDial:
		a.dial = dial
		m.Attempts--
	case err == nil || !m.Reused || begun || !closedBefore(err):
		return true, err
	case m.Sent == a.sent: // the close was seen before anything was sent: no attempt
		m.Attempts--
	case a.resent:
		return true, err
	default:
		if err := t.cfg.Resend(c.silence()); err != nil {
			return true, err
		}
		a.resent = true
		r.Head.Again()
	}
	return false, nil
}

// keep makes c idle, unless the server is known to close its connections after such responses.
func (t *Transport) keep(o *Origin, c idleConn, reused bool) {
	closed := o.closedAfter(c.stream)
	n := closed.Load()
	if n >= maxClosed {
		if closed.CompareAndSwap(n, math.MinInt32) && t.cfg.Say != nil {
			t.cfg.Say("the server ends each connection right after its answer, so every request opens one")
		}
	}
	switch {
	case n >= maxClosed || n < 0:
		c.close()
		return
	case reused && n > 0:
		closed.CompareAndSwap(n, 0)
	}
	o.put(c)
}

// Preconnect opens connections until n to o are idle.
func (t *Transport) Preconnect(ctx context.Context, o *Origin, n int) error {
	n -= o.Idle()
	// A few at a time: a server's queue of connections that it has not accepted is short.
	var group errgroup.Group
	group.SetLimit(64)
	for range n {
		group.Go(func() error {
			c, err := t.open(ctx, o, time.Time{}, nil, new(Timing))
			if err == nil {
				o.put(idleConn{conn: c})
			}
			return err
		})
	}
	return group.Wait()
}

// Close closes the idle connections. No exchange may be under way.
func (t *Transport) Close() {
	t.free()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.origins {
		for c := o.pop(); c.conn != nil; c = o.pop() {
			c.close()
		}
	}
}

// Idle returns the number of idle connections.
func (o *Origin) Idle() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.idle)
}

func (o *Origin) closedAfter(stream bool) *atomic.Int32 {
	if stream {
		return &o.closed[1]
	}
	return &o.closed[0]
}

// noteClose counts that the server had closed c when it was to be used at now.
func (o *Origin) noteClose(c idleConn, now clock.Nanos) {
	if c.since > 0 && now.Sub(c.since) < rightAfter {
		o.closedAfter(c.stream).Add(1)
	}
}

// take returns an idle connection that the server has not closed by now; its conn is nil if there is none.
func (o *Origin) take(now clock.Nanos) idleConn {
	for {
		c := o.pop()
		if c.conn == nil || !c.ended() {
			return c
		}
		c.close()
		o.noteClose(c, now)
	}
}

func (o *Origin) pop() idleConn {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.idle) - 1
	if n < 0 {
		return idleConn{}
	}
	c := o.idle[n]
	o.idle = o.idle[:n]
	return c
}

func (o *Origin) put(c idleConn) {
	o.mu.Lock()
	o.idle = append(o.idle, c)
	o.mu.Unlock()
}
