package client

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"perfpipe/internal/record"
)

// pool keeps HTTP/1.1 connections and sends each exchange on one of them.
type pool struct {
	cfg     *Config
	open    func(ctx context.Context, ep *endpoint, t *trip) (wire, error)
	closing func() // nil: nothing is to be done

	mu      sync.Mutex
	origins map[string]*origin // by scheme and address
}

// origin holds the idle connections to one server, the last used last.
type origin struct {
	mu   sync.Mutex
	idle []idleWire
	hits [2]atomic.Int32 // connections in a row that ended right after an answer: of whole answers, and of streams
}

// idleWire is a connection between two exchanges.
type idleWire struct {
	wire
	stream bool  // its last answer was one
	since  int64 // ns since the epoch; 0: it was never used
}

const (
	// rightAfter is how soon a server ends a connection that it will not use again, whatever its answer announced:
	// llama-server does so behind each stream.
	rightAfter = 50 * time.Millisecond
	// mostHits is how many connections in a row must end like that before none is kept: each may cost a request sent
	// twice.
	mostHits = 3
)

func (o *origin) hitsOf(stream bool) *atomic.Int32 {
	if stream {
		return &o.hits[1]
	}
	return &o.hits[0]
}

// hit notes that w had ended when it was to be used at now, ns since the epoch.
func (o *origin) hit(w idleWire, now int64) {
	if w.since > 0 && now-w.since < int64(rightAfter) {
		o.hitsOf(w.stream).Add(1)
	}
}

func newPool(cfg *Config, open func(context.Context, *endpoint, *trip) (wire, error)) *pool {
	return &pool{cfg: cfg, open: open, origins: map[string]*origin{}}
}

// wire is one HTTP/1.1 connection, used for one exchange at a time.
type wire interface {
	roundTrip(ctx context.Context, c *call, t *trip, s sink) error
	parser() *parser        // of the last response
	ended() bool            // reports whether the server is known to have ended the connection
	silence() time.Duration // since a byte was sent or received
	close()
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func (p *pool) exchange(ctx context.Context, c *call, t *trip, s sink) error {
	o := p.origin(c.ep)
	kept := o.take(c.start)
	w := kept.wire
	for first := true; ; {
		t.attempt(c)
		t.reused = w != nil
		if w == nil {
			var err error
			if w, err = p.open(ctx, c.ep, t); err != nil {
				if ctx.Err() != nil { // not the connection's own time that was over
					err = &failure{record.KindCanceled, context.Cause(ctx)}
				}
				return err
			}
		}
		sent := t.sent
		err := w.roundTrip(ctx, c, t, s)
		if err == nil && w.parser().keep && !p.cfg.Network.NoKeepAlive && !c.closes() {
			p.keep(o, idleWire{w, c.ep.stream, t.end}, t)
			return nil
		}
		w.close()
		if t.reused && !w.parser().begun() {
			o.hit(kept, c.start)
		}
		switch {
		case err == nil || !t.reused || w.parser().begun() || !closedByPeer(err):
			return err
		case t.sent == sent: // seen before anything went out: no attempt
			t.attempts--
		case !first:
			return err
		default:
			if err := p.cfg.resend(w.silence()); err != nil {
				return err
			}
			first = false
		}
		w = nil
	}
}

// keep makes w idle, unless the server is known to end its connections after such answers.
func (p *pool) keep(o *origin, w idleWire, t *trip) {
	hits := o.hitsOf(w.stream)
	n := hits.Load()
	if n >= mostHits {
		if hits.CompareAndSwap(n, math.MinInt32) && p.cfg.Say != nil {
			p.cfg.Say("the server ends each connection right after its answer, so every request opens one")
		}
	}
	switch {
	case n >= mostHits || n < 0:
		w.close()
		return
	case t.reused && n > 0:
		hits.CompareAndSwap(n, 0)
	}
	o.put(w)
}

// resendWithin is the longest time after a request in which the end of a kept connection can have crossed it on the
// way.
const resendWithin = time.Second

// resend reports why a request is not sent again whose kept connection the server ended, silence after the last byte
// was sent, without a byte of an answer. HTTP permits it once (RFC 9112 §9.3.1), and every server that ends idle
// connections needs it: its FIN can cross a request. A server that ends the connection later than that had taken the
// request, and dropped it; that is a failure.
func (c *Config) resend(silence time.Duration) error {
	switch {
	case silence > resendWithin:
		return fail(record.KindTruncated,
			"the server took the request and closed the connection without an answer, %.3g s later", silence.Seconds())
	case c.NoResend:
		return fail(record.KindTruncated, "the server closed the kept connection without an answer (--no-resend)")
	}
	return nil
}

func closedByPeer(err error) bool {
	return errors.Is(err, errStale) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (p *pool) origin(ep *endpoint) *origin {
	if o := ep.at.Load(); o != nil {
		return o
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[ep.origin]
	if o == nil {
		o = new(origin)
		p.origins[ep.origin] = o
	}
	ep.at.Store(o)
	return o
}

// take returns an idle connection that the server has not ended by now, ns since the epoch; its wire is nil if there is
// none.
func (o *origin) take(now int64) idleWire {
	for {
		w := o.pop()
		if w.wire == nil || !w.ended() {
			return w
		}
		w.close()
		o.hit(w, now)
	}
}

func (o *origin) pop() idleWire {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.idle) - 1
	if n < 0 {
		return idleWire{}
	}
	w := o.idle[n]
	o.idle = o.idle[:n]
	return w
}

func (o *origin) put(w idleWire) {
	o.mu.Lock()
	o.idle = append(o.idle, w)
	o.mu.Unlock()
}

func (p *pool) close() {
	if p.closing != nil {
		p.closing()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.origins {
		for w := o.pop(); w.wire != nil; w = o.pop() {
			w.close()
		}
	}
}

func (p *pool) preconnect(ctx context.Context, ep *endpoint, n int) error {
	o := p.origin(ep)
	o.mu.Lock()
	n -= len(o.idle)
	o.mu.Unlock()
	// A few at a time: a server's queue of connections that it has not taken yet is short.
	var group errgroup.Group
	group.SetLimit(64)
	for range n {
		group.Go(func() error {
			w, err := p.open(ctx, ep, new(trip))
			if err == nil {
				o.put(idleWire{wire: w})
			}
			return err
		})
	}
	return group.Wait()
}
