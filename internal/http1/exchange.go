package http1

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"perfpipe/internal/clock"
)

// conn is one HTTP/1.1 connection, used for one exchange at a time.
type conn interface {
	// start begins an exchange and reports whether it has ended, with its error. If it has not, r.Wake is called at its
	// end, and result returns the error.
	start(ctx context.Context, r *Request, t *Timing, s Sink) (ended bool, err error)
	result() error
	parser() *parser        // of the last response
	ended() bool            // reports whether the server is known to have closed the connection
	silence() time.Duration // since a byte was sent or received
	close()
}

// exchange is the part that all kinds of connections share: the response under way, with its timeouts.
type exchange struct {
	deadline
	addr string // of the server
	p    parser
	s    Sink
	t    *Timing
}

// connConfig is what the connections of a Transport share.
type connConfig struct {
	*Config
	clock   *clock.Clock
	cache   headCache
	watches watches
	heads   sync.Pool // of *[]byte: the heads of requests while they are written
}

func newConnConfig(cfg *Config, clk *clock.Clock) *connConfig {
	return &connConfig{
		Config: cfg, clock: clk, cache: headCache{fields: newFieldSet(cfg.Fields)},
		heads: sync.Pool{New: func() any { return new([]byte) }},
	}
}

func (c *connConfig) exchange(nc interruptible, addr string) exchange {
	return exchange{deadline: deadline{cfg: c, conn: nc}, addr: addr, p: parser{cache: &c.cache}}
}

func (x *exchange) parser() *parser { return &x.p }

// begin starts an exchange, or another attempt at it.
func (x *exchange) begin(ctx context.Context, r *Request, t *Timing, s Sink) {
	x.p.reset()
	x.s, x.t = s, t
	x.deadline.begin(ctx, r, r.now(t))
}

// received parses the bytes of one read at the instant read. stamp is the kernel's stamp of them, ns since the epoch by
// the system clock; 0: there is none.
func (x *exchange) received(b []byte, read time.Time, stamp int64) (done bool, err error) {
	at := x.t.Arrival(x.cfg.clock, read, stamp)
	if x.t.Reused && at < x.start && !x.p.begun() { // sent to the idle connection
		return false, errStale
	}
	x.p.crossed = x.t.Reused && at.Sub(x.start) < resendWithin
	x.t.Received += int64(len(b))
	x.t.End = at
	n, err := x.p.feed(b, x.s, at)
	if !x.p.done() {
		if p := x.s.Phase(); p != Going && err == nil {
			err = x.reached(p)
		}
		return false, err
	}
	x.t.Complete = at
	if n < len(b) {
		x.p.keepAlive = false // bytes that belong to no request
	}
	return true, err
}

// ending returns the error of the exchange for that of a read, which may be the regular end of a body.
func (x *exchange) ending(err error) error {
	switch {
	// An end within TLS's own records is io.ErrUnexpectedEOF.
	case !x.p.begun() && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return errStale
	case errors.Is(err, io.EOF):
		return x.p.eof()
	case brokenTLS(x.addr, err) != nil:
		return brokenTLS(x.addr, err)
	case isTLS(err): // such as a refused client certificate, which TLS 1.3 reports only now
		return TLSError(x.ctx, x.addr, err)
	}
	return err
}
