package client

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"llmperf/internal/record"
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
	idle []wire
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
	w := o.take()
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
			o.put(w)
			return nil
		}
		w.close()
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

// resendWithin is the longest time after a request in which the end of a kept connection can have crossed it on the way.
const resendWithin = time.Second

// resend reports why a request is not sent again whose kept connection the server ended, silence after the last byte was
// sent, without a byte of an answer. HTTP permits it once (RFC 9112 §9.3.1), and every server that ends idle connections
// needs it: its FIN can cross a request. A server that ends the connection later than that had taken the request, and
// dropped it; that is a failure.
func (c *Config) resend(silence time.Duration) error {
	switch {
	case silence > resendWithin:
		return fail(record.KindTruncated, "the server took the request and closed the connection without an answer, %.3g s later",
			silence.Seconds())
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

// take returns an idle connection that the server has not ended, or nil.
func (o *origin) take() wire {
	for {
		w := o.pop()
		if w == nil || !w.ended() {
			return w
		}
		w.close()
	}
}

func (o *origin) pop() wire {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.idle) - 1
	if n < 0 {
		return nil
	}
	w := o.idle[n]
	o.idle = o.idle[:n]
	return w
}

func (o *origin) put(w wire) {
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
		for w := o.pop(); w != nil; w = o.pop() {
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
				o.put(w)
			}
			return err
		})
	}
	return group.Wait()
}
