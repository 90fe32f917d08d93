package client

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"perfpipe/internal/http1"
	"perfpipe/internal/record"
)

// The kinds of http1, which does not know records, are those of records.
func TestKindsOfTransport(t *testing.T) {
	for word, kind := range map[string]string{
		"connect": record.KindConnect, "connect_timeout": record.KindConnectTimeout,
		"read_timeout": record.KindReadTimeout, "total_timeout": record.KindTotalTimeout, "tls": record.KindTLS,
		"protocol": record.KindProtocol, "truncated": record.KindTruncated, "canceled": record.KindCanceled,
		"request": record.KindRequest,
	} {
		if got := Kind(&http1.Error{Kind: word, Err: errors.New("x")}); got != kind {
			t.Errorf("%s is %s in records, want %s", word, got, kind)
		}
	}
	for kind, err := range map[string]error{
		record.KindTruncated: os.NewSyscallError("read", syscall.ETIMEDOUT),
		record.KindConnect:   &net.OpError{Op: "socks connect", Err: syscall.EHOSTUNREACH},
	} {
		if got := Kind(err); got != kind {
			t.Errorf("%v is %s, want %s", err, got, kind)
		}
	}
}
