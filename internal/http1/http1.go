// Package http1 sends HTTP/1.1 requests and times their responses. A Transport takes the bytes of a request and passes
// the response to a Sink piece by piece, each with the instant at which its bytes were received: the kernel's receive
// stamp if the system has one. It knows nothing of what the bytes mean.
//
// The connection pool is in pool.go, a connection in conn_linux.go, with its poller in poller_linux.go, its opening in
// connect_linux.go and its TLS in tls_linux.go, and the connection of other systems in netconn.go. The response parser
// is in parser.go, timeouts are in deadline.go, and dialing is in dial.go. The package may use unsafe, for system calls
// that the standard library does not have; each use states its reason. It exports more than twenty names because the
// transports of package client that use net/http share its dialer, timing and watch.
package http1

import (
	"time"

	"perfpipe/internal/clock"
)

// Config holds the options of a Transport.
type Config struct {
	ReadTimeout  time.Duration // the longest wait between two reads; 0: none
	TotalTimeout time.Duration // from the start of an exchange to its end; 0: none
	NoKeepAlive  bool          // open a connection for each request
	NoResend     bool          // an exchange fails if the server closes its reused connection without a response

	// Batch is how long responses may wait at least to be read together if that saves processor time; 0: not at all.
	// They wait for up to 1 ms if the exchanges under way take far longer.
	Batch time.Duration

	// NoInfo leaves out what the kernel measures of connections.
	NoInfo bool

	// Fields are the names of further fields for Header, in lower case.
	Fields []string

	Say func(format string, args ...any) // is called for facts, for each once; may be nil
}

// end returns when an exchange that began at begun ends by TotalTimeout; zero: never.
func (c *Config) end(begun time.Time) time.Time {
	if c.TotalTimeout <= 0 {
		return time.Time{}
	}
	return begun.Add(c.TotalTimeout)
}

// earlier returns the earlier of two deadlines, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Request is one HTTP request. The transport does not change its bytes.
type Request struct {
	Origin *Origin // the server
	Head   Head
	Body   []byte
	Stream bool   // a stream of events is expected
	Close  bool   // the request asks the server to close the connection after its response
	Wake   func() // is called when the exchange can go on; it must neither wait nor call the Transport

	Start clock.Nanos // when the exchange began
	Begun time.Time   // the same instant: the timeouts count from here

	attempt attempt // the current one
}

// Head makes the head of a request, which is not stored.
type Head interface {
	// AppendHead appends the request line and the header fields, with the empty line that ends them.
	AppendHead(b []byte) []byte
	// Again is called before the request is sent again. The head may change.
	Again()
}

// parts returns head and body, as one part if the body has at most limit bytes. The head is in buf.
func (r *Request) parts(buf *[]byte, limit int) [2][]byte {
	*buf = r.Head.AppendHead((*buf)[:0])
	if len(r.Body) > limit {
		return [2][]byte{*buf, r.Body}
	}
	*buf = append(*buf, r.Body...)
	return [2][]byte{*buf}
}

// now returns the present, which for the first attempt on a reused connection is the start of the exchange.
func (r *Request) now(t *Timing) time.Time {
	if t.Reused && t.Attempts == 1 {
		return r.Begun
	}
	return time.Now()
}

// Sink receives one response.
type Sink interface {
	// Head receives the status and the header fields that matter, once. h is valid during the call.
	Head(h *Header, at clock.Nanos)
	// Body receives the next bytes of the body. They are valid during the call and were received at the given instant.
	Body(b []byte, at clock.Nanos)
	// Phase returns the progress of the answer in the body. It is called after each read.
	Phase() Phase
	// Several reports whether the body holds several answers, so that silence after Settled does not end it.
	Several() bool
}

// Header is the part of a response's head that matters here.
type Header struct {
	Status      int
	ContentType string // in lower case, without parameters
	Encoding    string // Content-Encoding
	RetryAfter  string
	Location    string
	Chunked     bool
	Fields      [][2]string // those of Config.Fields, each a name in lower case and a value
}

// Field returns the value of a field of Config.Fields, or an empty string. Several are joined with commas.
func (h *Header) Field(name string) (value string) {
	for _, f := range h.Fields {
		switch {
		case f[0] != name:
		case value == "":
			value = f[1]
		default:
			value += ", " + f[1]
		}
	}
	return value
}

// Timing is what a transport measures of an exchange.
type Timing struct {
	DNS, Connect, TLS time.Duration // of the connection, if the exchange opened one

	// What the kernel measured of the connection, as of the end of the exchange, unless it was asked just before.
	Kernel      bool
	RTT, MinRTT time.Duration
	Retransmits int // since the last time

	Send time.Duration // from when there was a connection until the kernel had the request

	Reused         bool          // the connection had been used or was opened ahead of time
	Attempts       int           // how often the request was sent
	Resent         time.Duration // from the start of the exchange to its last attempt; 0: there was only one
	Sent, Received int64         // bytes

	End       clock.Nanos   // when the last byte was received
	Complete  clock.Nanos   // when the byte was received that completed the response; 0: no byte did
	Delay     time.Duration // of the last read: from the kernel's stamp to the read
	MaxDelay  time.Duration // the largest Delay of the exchange
	Unstamped bool          // some bytes had no stamp of the kernel
}

// Attempt counts an attempt that begins now, of an exchange that began at begun.
func (t *Timing) Attempt(begun time.Time) {
	if t.Attempts++; t.Attempts > 1 {
		t.Resent = time.Since(begun)
	}
}

// Arrival returns when bytes were received that were read at read. stamp is the kernel's stamp of them, ns since the
// epoch by the system clock; 0: there is none.
func (t *Timing) Arrival(c *clock.Clock, read time.Time, stamp int64) clock.Nanos {
	at, delay, ok := c.Received(read, stamp)
	t.Delay, t.MaxDelay = delay, max(t.MaxDelay, delay)
	t.Unstamped = t.Unstamped || !ok
	return at
}

// Phase is the progress of an answer by its own protocol, which the end of the HTTP response may follow late or never.
type Phase uint8

const (
	Going   Phase = iota
	Settled       // the answer has all that it must have, but more may follow
	Ended         // nothing can follow that counts
	Refused       // the answer has failed, and its rest is not wanted
)

// Rest returns how long the body may go on after the answer has reached p: in Ended, to see whether the connection can
// be used again; in Settled, between two reads, before the answer counts as ended. It is 0 if there is no bound.
func (p Phase) Rest() time.Duration {
	switch p {
	case Settled:
		return 250 * time.Millisecond
	case Ended:
		return 10 * time.Millisecond
	}
	return 0
}

// Err returns the error of an exchange that is ended because its body continues after the answer has reached p.
func (p Phase) Err() error {
	if p == Refused {
		return errRefused
	}
	return errOpen
}
