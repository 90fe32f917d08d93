package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
)

// Errors of net/http and of the network are explained in plain words.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err                error
		kind, reason, text string
	}{
		{errors.New(`net/http: malformed HTTP response "\x15\x03\x01\x00\x02\x02"`),
			kindProtocol, wantsTLS, "the server speaks TLS"},
		{errors.New(`net/http: malformed HTTP response "\x00\x00\x12\x04\x00\x00\x00\x00\x00"`),
			kindProtocol, wantsHTTP2, "the server speaks HTTP/2 alone"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "host", Err: "no such host"}},
			kindConnect, "", "cannot resolve host: no such host"},
		{&net.OpError{Op: "local error", Err: errors.New("tls: bad record MAC")},
			kindTLS, "", "the TLS connection to host:80 broke: bad record MAC"},
		{tls.RecordHeaderError{Msg: "oversized"}, kindTLS, "", "the TLS connection to host:80 broke: oversized"},
		{tls.RecordHeaderError{Conn: new(net.TCPConn)}, kindTLS, noTLS, "host:80 does not speak TLS"},
		{&Error{Kind: kindTLS, Err: errors.New("as it is")}, kindTLS, "", "as it is"},
	} {
		var e *Error
		err := Explain(context.Background(), "host:80", c.err)
		if !errors.As(err, &e) || e.Kind != c.kind || e.Reason != c.reason || e.Error() != c.text {
			t.Errorf("%v: %#v", c.err, err)
		}
	}
	if err := Explain(context.Background(), "host:80", errors.New(`malformed HTTP response "SSH"`)); !errors.Is(err,
		ErrMalformed) {
		t.Errorf("SSH: %v", err)
	}
	if err := Explain(context.Background(), "host:80", io.ErrUnexpectedEOF); !ClosedByPeer(err) {
		t.Errorf("EOF: %v", err)
	}
	if err := Explain(context.Background(), "host:80", &net.OpError{Op: "read", Err: syscall.ETIMEDOUT}); errors.As(err,
		new(*Error)) {
		t.Errorf("a timeout of TCP: %v", err)
	}
	if other := errors.New("other"); Explain(context.Background(), "host:80", other) != other {
		t.Error("another error is changed")
	}
}
