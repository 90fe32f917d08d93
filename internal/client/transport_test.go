package client

import (
	"errors"
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
}
