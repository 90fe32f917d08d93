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
	cfg  *Config
	open func(ctx context.Context, ep *endpoint, t *trip) (wire, error)

	mu   sync.Mutex
	idle map[string][]wire // by scheme and address, the last used last
}

func newPool(cfg *Config, open func(context.Context, *endpoint, *trip) (wire, error)) *pool {
	return &pool{cfg: cfg, open: open, idle: map[string][]wire{}}
}

// wire is one HTTP/1.1 connection, used for one exchange at a time.
type wire interface {
	roundTrip(ctx context.Context, c *call, t *trip, s sink) error
	parser() *parser // of the last response
	close()
}

// staleAfter is how long a connection may have been idle before it is looked at, for a cent of the cost of an
// exchange, before it is used.
const staleAfter = 100 * time.Millisecond

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func (p *pool) exchange(ctx context.Context, c *call, t *trip, s sink) error {
	w := p.take(c.ep)
	for first := true; ; first = false {
		t.attempts++
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
		err := w.roundTrip(ctx, c, t, s)
		if err == nil && w.parser().keep && !p.cfg.Network.NoKeepAlive {
			p.put(c.ep, w)
			return nil
		}
		w.close()
		// A kept connection that the server closed in the meantime: HTTP lets the client send again, once, where
		// nothing came back (RFC 9112 §9.3.1). The clock is not restarted.
		if err == nil || !first || !t.reused || w.parser().begun() || !closedByPeer(err) {
			return err
		}
		w = nil
	}
}

func closedByPeer(err error) bool {
	return errors.Is(err, errStale) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (p *pool) take(ep *endpoint) wire {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.idle[ep.origin]
	if len(l) == 0 {
		return nil
	}
	w := l[len(l)-1]
	p.idle[ep.origin] = l[:len(l)-1]
	return w
}

func (p *pool) put(ep *endpoint, w wire) {
	p.mu.Lock()
	p.idle[ep.origin] = append(p.idle[ep.origin], w)
	p.mu.Unlock()
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.idle {
		for _, w := range l {
			w.close()
		}
	}
	clear(p.idle)
}

func (p *pool) preconnect(ctx context.Context, ep *endpoint, n int) error {
	p.mu.Lock()
	n -= len(p.idle[ep.origin])
	p.mu.Unlock()
	// A few at a time: a server's queue of connections that it has not taken yet is short.
	var group errgroup.Group
	group.SetLimit(64)
	for range n {
		group.Go(func() error {
			w, err := p.open(ctx, ep, new(trip))
			if err == nil {
				p.put(ep, w)
			}
			return err
		})
	}
	return group.Wait()
}
