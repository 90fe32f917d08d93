package client

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"perfpipe/internal/record"
)

// netWire is HTTP/1.1 over any connection: TLS, a unix socket. It reads in small pieces, since it holds its buffer while
// it waits.
type netWire struct {
	deadline
	clock *Clock
	under net.Conn // below TLS; else the connection itself
	p     parser
	out   []byte
	in    [4 << 10]byte
}

// smallBody is what is copied to go out in one write, and so in one TLS record, with its head.
const smallBody = 16 << 10

func newNetWire(d *dialer, clock *Clock, conn, under net.Conn, known *heads) *netWire {
	return &netWire{deadline: deadline{cfg: d.cfg, conn: conn}, clock: clock, under: under, p: parser{heads: known}}
}

func (w *netWire) parser() *parser { return &w.p }

func (w *netWire) roundTrip(ctx context.Context, ca *call, t *trip, s sink) error {
	w.p.reset()
	w.begin(ca, ca.now(t))
	w.watch(ctx)
	w.arm(w.last)
	if err := w.send(ctx, ca, t); err != nil {
		return err
	}
	for {
		if ctx.Err() != nil { // looked at after arm, which may have undone the interruption
			return &failure{record.KindCanceled, context.Cause(ctx)}
		}
		n, err := w.conn.Read(w.in[:])
		if n > 0 {
			if done, err := w.got(w.in[:n], t, s); done || err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := w.expired(ctx, ca); err != nil {
				return err
			}
		case !w.p.begun() && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)): // within TLS's own records
			return errStale
		case errors.Is(err, io.EOF):
			return w.p.eof()
		case isTLS(err): // such as a client's certificate refused, which TLS 1.3 tells only now
			return tlsError(ctx, ca.ep.addr, err)
		default:
			return err
		}
	}
}

// send writes head and body. A server may answer, and hang up, before it has read all: its answer is then worth more
// than the error.
func (w *netWire) send(ctx context.Context, ca *call, t *trip) error {
	w.out = ca.appendHead(w.out[:0])
	parts := [2][]byte{w.out, ca.body}
	if len(ca.body) <= smallBody {
		w.out = append(w.out, ca.body...)
		parts = [2][]byte{w.out}
	}
	for _, part := range parts {
		n, err := w.conn.Write(part)
		t.sent += int64(n)
		if errors.Is(err, os.ErrDeadlineExceeded) { // TLS cannot go on after half a record
			if err := w.expired(ctx, ca); err != nil {
				return err
			}
			return fail(record.KindReadTimeout, "the request was not taken in time")
		}
		if err != nil {
			return nil
		}
	}
	return nil
}

func (w *netWire) got(b []byte, t *trip, s sink) (done bool, err error) {
	w.last = time.Now()
	read, stamp := stampOf(w.under)
	t.delay = 0
	if stamp == 0 {
		read, t.unstamped = w.last, true
	}
	at := w.clock.Ns(read)
	if delay := read.UnixNano() - stamp; stamp != 0 && delay > 0 {
		at -= delay
		t.delay = delay
		t.readDelay = max(t.readDelay, delay)
	}
	if t.reused && at < w.asked && !w.p.begun() { // said to an idle connection, such as a 408 before its end
		return false, errStale
	}
	t.received += int64(len(b))
	t.end = at
	n, err := w.p.feed(b, s, at)
	if !w.p.done() {
		if e := s.ending(); e != going && err == nil {
			err = w.bound(e)
		}
		return false, err
	}
	t.over = at
	if n < len(b) {
		w.p.keep = false // bytes that nobody asked for
	}
	return true, err
}
