package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

// refused reports whether the answer is an HTTP error, however the transport ended it. An interruption or a timeout before a
// word of it is worth more.
func (r *reply) refused(err error) bool {
	switch {
	case r.rec.Status == 0 || r.rec.Status/100 == 2:
		return false
	case err == nil || r.over:
		return true
	}
	var f *failure
	return len(r.whole) > 0 && !(errors.As(err, &f) && f.kind == record.KindCanceled)
}

// told reports whether the body of an HTTP error is whole by its own syntax, so that its end need not be waited for.
func (r *reply) told() bool {
	b := bytes.TrimSpace(r.whole)
	return len(b) > 0 && (b[len(b)-1] == '}' || b[len(b)-1] == ']') && gjson.ValidBytes(b)
}

// empty is the error of an answer without output. A sentence in it may tell why.
func (r *reply) empty() error {
	if said := api.Said(r.whole); said != "" && (r.held || !r.streamed()) {
		return fail(record.KindEmpty, "the answer has no output, it says: %s", said)
	}
	return fail(record.KindEmpty, "the answer has no output")
}

// stray is what stands among the events of a stream that broke off and is none, as what a proxy says of it.
func (r *reply) stray() string {
	if said := api.ErrorMessage(r.sse.Stray()); said != "" {
		return "; it says: " + said
	}
	return ""
}

// refusal is the error of an answer whose status is none of success, with the way out if there is one.
func (r *reply) refusal() error {
	status, why := r.rec.Status, api.ErrorMessage(r.whole)
	if status/100 == 3 && r.location != "" {
		return fail(record.KindHTTP, "HTTP %d: redirected to %s; give that as --url", status, mask.URL(r.redirect()))
	}
	if why == "" {
		why = "no reason given"
	}
	if !r.ep.secure && wantsTLS(why) {
		why += "; write https:// in --url"
	}
	return fail(record.KindHTTP, "HTTP %d: %s", status, why)
}

// redirect is the URL that the answer names, which may be relative.
func (r *reply) redirect() string {
	base, err := url.Parse(r.ep.url)
	if err != nil {
		return r.location
	}
	to, err := base.Parse(r.location)
	if err != nil {
		return r.location
	}
	return to.String()
}

// wantsTLS recognizes what servers answer in plain HTTP on a port of theirs that speaks TLS: Go's, nginx, Apache.
func wantsTLS(why string) bool {
	for _, words := range []string{"HTTP request to an HTTPS server", "HTTP request was sent to HTTPS port", "plain HTTP to an SSL-enabled server"} {
		if strings.Contains(why, words) {
			return true
		}
	}
	return false
}

// foreign recognizes the first bytes of a server that does not speak HTTP/1.1: an alert of TLS, or the settings with which
// HTTP/2 begins.
func foreign(first []byte) error {
	switch {
	case len(first) >= 3 && first[0] == 0x15 && first[1] == 3:
		return fail(record.KindProtocol, "the server speaks TLS; write https:// in --url")
	case len(first) >= 9 && first[0] == 0 && first[3] == 4 && string(first[5:9]) == "\x00\x00\x00\x00":
		return fail(record.KindProtocol, "the server speaks HTTP/2 alone; add --http2")
	}
	return nil
}

// tlsError says in plain words why there is no TLS with addr.
func tlsError(ctx context.Context, addr string, err error) error {
	var mismatch tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.As(err, &mismatch):
		return fail(record.KindTLS, "%s does not speak TLS; write http:// in --url", addr)
	case errors.As(err, &verify):
		why, way := strings.TrimPrefix(verify.Err.Error(), "x509: "), "--insecure does not verify it"
		if errors.As(verify.Err, new(x509.UnknownAuthorityError)) {
			way = "--cacert FILE trusts its issuer, " + way
		}
		return &failure{record.KindTLS, wrapped{"the certificate of " + addr + " is not trusted: " + why + "; " + way, err}}
	case errors.As(err, &op) && op.Op == "remote error":
		why := strings.TrimPrefix(op.Err.Error(), "tls: ")
		if strings.Contains(why, "certificate required") {
			why += "; --cert FILE presents one"
		}
		return &failure{record.KindTLS, wrapped{addr + " refuses: " + why, err}}
	case isTimeout(err) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fail(record.KindConnectTimeout, "no TLS connection to %s in time", addr)
	case ctx.Err() != nil:
		return &failure{record.KindCanceled, context.Cause(ctx)}
	case errors.Is(err, io.EOF):
		return fail(record.KindTLS, "%s ends the connection when TLS begins; write http:// in --url if it speaks none", addr)
	}
	return fail(record.KindTLS, "no TLS connection to %s: %w", addr, err)
}
