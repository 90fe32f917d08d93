package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/rxtime"
)

// transport sends one request and receives its response. There are three: direct, HTTP/1.1 without a proxy, with the
// kernel's receive stamps; streams, HTTP/2 without a proxy; and standard, net/http, for everything else.
type transport interface {
	// exchange sends c and passes the response to s. It fills in t also if it fails. It reports whether the exchange has
	// ended, with its error; direct alone returns before that, in the manner of http1.Transport.Start.
	exchange(ctx context.Context, c *call, t *trip, s http1.Sink) (ended bool, err error)
	// preconnect opens connections until n are idle.
	preconnect(ctx context.Context, ep *endpoint, n int) error
	close()
}

// call is one HTTP request ready to be sent.
type call struct {
	http1.Request
	req   *load.Request
	ep    *endpoint
	trace string // id, for the header; empty: none
	span  string
	tries int // HTTP requests so far
}

// begin prepares c for the first HTTP request of req. It reuses the memory of the call before.
func (c *call) begin(ep *endpoint, req *load.Request, start clock.Nanos, now time.Time) {
	*c = call{
		Request: http1.Request{Head: c, Body: req.Body, Start: start, Begun: now, Wake: c.Wake},
		req:     req, ep: ep,
	}
}

// trip is what a transport measures of an exchange.
type trip struct {
	http1.Timing
	watch      *http1.Watch  // of net/http's connection
	times      *rxtime.Conn  // the same connection; nil: no times of the kernel
	streamWait time.Duration // until an HTTP/2 connection had a free stream
}

// into writes the measurements to a record.
func (t *trip) into(rec *record.Record) {
	rec.DNSMs, rec.ConnectMs, rec.TLSMs = millis(t.DNS), millis(t.Connect), millis(t.TLS)
	if t.Kernel {
		rec.RTTMs, rec.RTTMinMs, rec.Retransmits = millis(t.RTT), millis(t.MinRTT), t.Retransmits
		rec.Keys |= record.KeyRetransmits
	}
	rec.SendMs = millis(t.Send)
	rec.Reused = t.Reused
	if t.Attempts > 1 {
		rec.Attempts = t.Attempts
		rec.ResentMs = millis(t.Resent)
	}
	rec.StreamWaitMs = millis(t.streamWait)
	rec.BytesSent, rec.BytesReceived = t.Sent, t.Received
	rec.ReadDelayMs = millis(t.MaxDelay)
	rec.Clock = "kernel"
	if t.Unstamped {
		rec.Clock = "user"
	}
}

// millis returns d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return ms(d.Microseconds()) }

// direct is HTTP/1.1 without a proxy.
type direct struct{ t *http1.Transport }

func (d direct) exchange(ctx context.Context, c *call, t *trip, s http1.Sink) (ended bool, err error) {
	c.Origin, c.Stream, c.Close = c.ep.origin, c.ep.stream, c.closes()
	c.Again()
	return d.t.Start(ctx, &c.Request, &t.Timing, s)
}

func (d direct) preconnect(ctx context.Context, ep *endpoint, n int) error {
	return d.t.Preconnect(ctx, ep.origin, n)
}

func (d direct) close() { d.t.Close() }

func fail(kind, format string, args ...any) error { return failFor("", kind, format, args...) }

func failFor(reason, kind, format string, args ...any) error {
	return &http1.Error{Kind: kind, Reason: reason, Err: fmt.Errorf(format, args...)}
}

// hint returns what Config.Hint adds to the message of err.
func (c *Config) hint(err error) string {
	var e *http1.Error
	switch {
	case c.Hint == nil || !errors.As(err, &e):
		return ""
	case e.Reason == "" && (e.Kind == record.KindHTTP || e.Kind == record.KindAPI):
		if fields := api.Refused(err.Error()); len(fields) > 0 {
			return strings.Replace(c.Hint("refused-fields"), "%s", strings.Join(fields, " "), 1)
		}
		return ""
	case e.Reason == "":
		return ""
	}
	return c.Hint(e.Reason)
}

// hinted returns err with its hint.
func (c *Config) hinted(err error) error {
	if hint := c.hint(err); hint != "" {
		return fmt.Errorf("%w%s", err, hint)
	}
	return err
}

// describe returns the error of a record for err: plain words, and the kind by which failures are counted.
func describe(err error) *record.Error {
	kind := record.KindProtocol
	var f *http1.Error
	var op *net.OpError
	switch {
	case errors.As(err, &f):
		kind = f.Kind
	case errors.Is(err, http1.ErrMalformed):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		kind = record.KindCanceled
	case http1.ClosedByPeer(err), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), broken(err):
		kind = record.KindTruncated
	case errors.As(err, &op):
		kind = record.KindConnect
	}
	return &record.Error{Kind: kind, Message: err.Error()}
}

// broken reports whether an open connection failed, such as by a timeout of TCP.
func broken(err error) bool {
	var op *net.OpError
	var call *os.SyscallError
	return errors.As(err, &call) && (call.Syscall == "read" || call.Syscall == "write") ||
		errors.As(err, &op) && (op.Op == "read" || op.Op == "write")
}

// Kind returns the kind that the record of a request with this error has.
func Kind(err error) string { return describe(err).Kind }
