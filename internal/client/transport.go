package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"perfpipe/internal/record"
)

// transport carries one request and its response. There are two ways behind it: fast, a lean HTTP/1.1 that takes the
// kernel's receive stamps, and standard, net/http, for all that fast declines.
type transport interface {
	// exchange sends c and hands the response to s. It fills t also where it fails.
	exchange(ctx context.Context, c *call, t *trip, s sink) error
	// preconnect opens connections so that n in all are idle.
	preconnect(ctx context.Context, ep *endpoint, n int) error
	close()
}

// call is one HTTP request ready to go out.
type call struct {
	ep      *endpoint
	id      string
	headers map[string]string // of this request alone
	body    []byte
	start   int64     // ns since the epoch, whole µs
	begun   time.Time // the same: the timeouts count from here
}

// now is the present, which at the first attempt on a kept connection is when the call began.
func (c *call) now(t *trip) time.Time {
	if t.reused && t.attempts == 1 {
		return c.begun
	}
	return time.Now()
}

// trip is what a transport measured besides the response.
type trip struct {
	dns, connect, tls int64 // ns
	streamWait        int64 // ns: until a connection had a free stream of HTTP/2
	reused            bool
	attempts          int
	resent            int64 // ns after the start of the call: when the last attempt began; 0: there was one only
	sent, received    int64 // bytes
	end               int64 // ns since the epoch: when the last byte was received
	over              int64 // ns since the epoch: when the byte was received that made the answer whole; 0: its end was not a byte
	delay             int64 // ns: of the last read, the wait between the kernel's stamp and it
	readDelay         int64 // ns: the worst wait between the kernel's stamp and the read
	unstamped         bool  // some bytes carried no stamp of the kernel
}

// attempt counts an attempt at c that begins now.
func (t *trip) attempt(c *call) {
	if t.attempts++; t.attempts > 1 {
		t.resent = int64(time.Since(c.begun))
	}
}

// failure is an error with its kind in the record.
type failure struct {
	kind string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// late is the end of an exchange whose whole time is over.
func late(total time.Duration) error {
	return fail(record.KindTotalTimeout, "not answered whole in %v", total)
}

func fail(kind, format string, args ...any) error {
	return &failure{kind, fmt.Errorf(format, args...)}
}

var (
	errEarlyEnd = errors.New("the server closed the connection before the end of its response")
	errStale    = errors.New("the server closed the connection without an answer")
)

// describe makes a record's error of err: plain words, and the kind by which failures are counted.
func describe(err error) *record.Error {
	kind := record.KindProtocol
	var f *failure
	var op *net.OpError
	switch {
	case errors.As(err, &f):
		kind = f.kind
	case errors.Is(err, errMalformed):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		kind = record.KindCanceled
	case errors.Is(err, errEarlyEnd), errors.Is(err, errStale), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		kind = record.KindTruncated
	case errors.As(err, &op):
		kind = record.KindConnect
	}
	return &record.Error{Kind: kind, Message: err.Error()}
}

// Kind is the kind that a record of an error of Pages would have.
func Kind(err error) string { return describe(err).Kind }

// dialError says in plain words why there is no connection to addr.
func dialError(addr string, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{record.KindCanceled, err}
	case errors.As(err, &dns):
		return fail(record.KindConnect, "cannot resolve %s: %s", dns.Name, dns.Err)
	case errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err):
		return fail(record.KindConnectTimeout, "no connection to %s in time", addr)
	case errors.Is(err, syscall.ECONNREFUSED):
		return &failure{record.KindConnect, wrapped{"connection refused by " + addr, err}}
	case errors.Is(err, syscall.EMFILE):
		return &failure{record.KindConnect, wrapped{"too many open files", err}}
	}
	msg := err.Error()
	if i := strings.LastIndex(msg, ": "); i >= 0 {
		msg = msg[i+2:]
	}
	return &failure{record.KindConnect, wrapped{"no connection to " + addr + ": " + msg, err}}
}

// wrapped is an error told in other words.
type wrapped struct {
	msg string
	error
}

func (w wrapped) Error() string { return w.msg }
func (w wrapped) Unwrap() error { return w.error }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
