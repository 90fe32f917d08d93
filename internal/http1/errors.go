package http1

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Error is a failure with its kind, by which records count it, and with a reason if the user can do something about it.
type Error struct {
	// Kind is connect, connect_timeout, read_timeout, total_timeout, tls, protocol, truncated, canceled or request.
	Kind string
	// Reason is connect-late, wants-tls, no-tls, perhaps-no-tls, untrusted, unknown-issuer, wants-cert, wants-http2,
	// not-resent or empty.
	Reason string
	Err    error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

const (
	kindConnect        = "connect"
	kindConnectTimeout = "connect_timeout"
	kindReadTimeout    = "read_timeout"
	kindTotalTimeout   = "total_timeout"
	kindTLS            = "tls"
	kindProtocol       = "protocol"
	kindTruncated      = "truncated"
	kindCanceled       = "canceled"
	kindRequest        = "request"
)

// Reasons of an Error.
const (
	connectLate   = "connect-late"   // the connection was not open by the deadline
	wantsTLS      = "wants-tls"      // the server speaks TLS
	noTLS         = "no-tls"         // the server does not speak TLS
	perhapsNoTLS  = "perhaps-no-tls" // the server closes the connection when TLS begins
	untrusted     = "untrusted"      // the certificate is not valid
	unknownIssuer = "unknown-issuer" // the issuer of the certificate is not trusted
	wantsCert     = "wants-cert"     // the server requires a client certificate
	wantsHTTP2    = "wants-http2"    // the server speaks only HTTP/2
	notResent     = "not-resent"     // because of Config.NoResend
)

func fail(kind, format string, args ...any) error { return failFor("", kind, format, args...) }

func failFor(reason, kind, format string, args ...any) error {
	return &Error{kind, reason, fmt.Errorf(format, args...)}
}

// canceled is the error of an exchange whose context has ended.
func canceled(ctx context.Context) error { return &Error{Kind: kindCanceled, Err: context.Cause(ctx)} }

// ErrMalformed is the error of bytes that are not an HTTP/1.1 response.
var ErrMalformed = errors.New("malformed HTTP response")

var (
	errTruncated = errors.New("the server closed the connection before the end of its response")
	errStale     = errors.New("the server closed the connection without an answer")
	errOpen      = fail(kindProtocol, "the body goes on after the end of the answer")
	errRefused   = fail(kindProtocol, "the answer is refused")
)

// toDial is the error of a connection that a Dialer is to open.
type toDial struct {
	targets []string  // to try
	by      time.Time // the deadline; zero: none
}

func (*toDial) Error() string { return "the connection is to be opened by a Dialer" }

// ClosedByPeer reports whether err means that the server closed the connection, before its response or within it.
func ClosedByPeer(err error) bool { return errors.Is(err, errTruncated) || closedBefore(err) }

// closedBefore reports whether err can mean that the server closed the connection before it read the request.
func closedBefore(err error) bool {
	return errors.Is(err, errStale) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Late returns the error of an exchange that exceeds the total timeout.
func (c *Config) Late() error {
	return fail(kindTotalTimeout, "not answered whole in %v", c.TotalTimeout)
}

// resendWithin is the longest time after a request in which the close of a reused connection can have crossed it.
const resendWithin = time.Second

// Resend returns nil if a request may be sent again whose reused connection the server closed without a response,
// silence after the last byte was sent. HTTP permits it once (RFC 9112 §9.3.1), and every server that closes idle
// connections requires it: its FIN can cross a request. A server that closes the connection later than that had read
// the request, and dropped it, which is a failure.
func (c *Config) Resend(silence time.Duration) error {
	switch {
	case silence > resendWithin:
		return fail(kindTruncated,
			"the server took the request and closed the connection without an answer, %.3g s later", silence.Seconds())
	case c.NoResend:
		return failFor(notResent, kindTruncated, "the server closed the kept connection without an answer")
	}
	return nil
}

// Explain returns an error of net, crypto/tls or net/http in an exchange with addr in plain words, with its kind. It
// returns other errors unchanged.
func Explain(ctx context.Context, addr string, err error) error {
	var known *Error
	var op *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case strings.Contains(err.Error(), quotedLine):
		return malformed(err.Error())
	case brokenTLS(addr, err) != nil:
		return brokenTLS(addr, err)
	case isTLS(err):
		return TLSError(ctx, addr, err)
	case errors.As(err, &op) && op.Op == "dial":
		return dialError(addr, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errTruncated
	case isTimeout(err) && !errors.Is(err, syscall.ETIMEDOUT): // which ends a connection that is open
		return failFor(connectLate, kindConnectTimeout, "no connection to %s in time", addr)
	}
	return err
}

// quotedLine precedes the first line of a response, quoted, in an error of net/http, which has no type for it.
const quotedLine = `malformed HTTP response "`

func malformed(text string) error {
	_, line, _ := strings.Cut(text, quotedLine)
	line = `"` + line
	if first, err := strconv.Unquote(line); err == nil {
		if err := foreign([]byte(first)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the status line is %.60s", ErrMalformed, line)
}

// dialError returns in plain words why there is no connection to addr.
func dialError(addr string, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{Kind: kindCanceled, Err: err}
	case errors.As(err, &dns):
		return fail(kindConnect, "cannot resolve %s: %s", dns.Name, dns.Err)
	case errors.Is(err, syscall.ETIMEDOUT): // the kernel has given up
		return fail(kindConnectTimeout, "no connection to %s in time", addr)
	case errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err):
		return failFor(connectLate, kindConnectTimeout, "no connection to %s in time", addr)
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Kind: kindConnect, Err: reworded{"connection refused by " + addr, err}}
	case errors.Is(err, syscall.EMFILE):
		return &Error{Kind: kindConnect, Err: reworded{"too many open files", err}}
	}
	msg := err.Error()
	if i := strings.LastIndex(msg, ": "); i >= 0 {
		msg = msg[i+2:]
	}
	return &Error{Kind: kindConnect, Err: reworded{"no connection to " + addr + ": " + msg, err}}
}

// TLSError returns, in plain words, why there is no TLS with addr.
func TLSError(ctx context.Context, addr string, err error) error {
	var mismatch tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.As(err, &mismatch):
		return failFor(noTLS, kindTLS, "%s does not speak TLS", addr)
	case errors.As(err, &verify):
		why, reason := strings.TrimPrefix(verify.Err.Error(), "x509: "), untrusted
		if errors.As(verify.Err, new(x509.UnknownAuthorityError)) {
			reason = unknownIssuer
		}
		return &Error{kindTLS, reason, reworded{"the certificate of " + addr + " is not trusted: " + why, err}}
	case errors.As(err, &op) && op.Op == "remote error":
		why, reason := strings.TrimPrefix(op.Err.Error(), "tls: "), ""
		if strings.Contains(why, "certificate required") {
			reason = wantsCert
		}
		return &Error{kindTLS, reason, reworded{addr + " refuses: " + why, err}}
	case isTimeout(err) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		return failFor(connectLate, kindConnectTimeout, "no TLS connection to %s in time", addr)
	case ctx.Err() != nil:
		return canceled(ctx)
	case errors.Is(err, io.EOF):
		return failFor(perhapsNoTLS, kindTLS, "%s ends the connection when TLS begins", addr)
	}
	return fail(kindTLS, "no TLS connection to %s: %w", addr, err)
}

// brokenTLS returns the error of TLS with addr for bytes that are not TLS after the first record, or are not the
// server's; nil: err is another.
func brokenTLS(addr string, err error) error {
	var mismatch tls.RecordHeaderError
	var op *net.OpError
	why := ""
	switch {
	case errors.As(err, &mismatch) && mismatch.Conn == nil: // it is that of the first record
		why = mismatch.Msg
	case errors.As(err, &op) && op.Op == "local error":
		why = op.Err.Error()
	default:
		return nil
	}
	return fail(kindTLS, "the TLS connection to %s broke: %s", addr, strings.TrimPrefix(why, "tls: "))
}

func isTLS(err error) bool {
	var op *net.OpError
	return errors.As(err, new(tls.RecordHeaderError)) || errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, &op) && op.Op == "remote error" // an alert
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// foreign returns the error of a server whose first bytes are not HTTP/1.1's but those of another protocol: an alert of
// TLS, or the settings with which HTTP/2 begins. It returns nil for any others.
func foreign(first []byte) error {
	switch {
	case len(first) >= 3 && first[0] == 0x15 && first[1] == 3:
		return failFor(wantsTLS, kindProtocol, "the server speaks TLS")
	case len(first) >= 9 && first[0] == 0 && first[3] == 4 && string(first[5:9]) == "\x00\x00\x00\x00":
		return failFor(wantsHTTP2, kindProtocol, "the server speaks HTTP/2 alone")
	}
	return nil
}

// reworded is an error in other words.
type reworded struct {
	msg string
	error
}

func (r reworded) Error() string { return r.msg }
func (r reworded) Unwrap() error { return r.error }
