package client

import (
	"bytes"
	"errors"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

// refused reports whether the answer is an HTTP error, however the transport ended. An interruption counts for more,
// and so does a timeout before the first byte of the body.
func (r *reply) refused(err error) bool {
	switch {
	case r.got.Status == 0 || r.got.Status/100 == 2:
		return false
	case err == nil || r.over:
		return true
	}
	var f *http1.Error
	return len(r.whole) > 0 && !(errors.As(err, &f) && f.Kind == record.KindCanceled)
}

// wholeError reports whether the body of an HTTP error is complete by its own syntax, so that its end need not be
// awaited.
func (r *reply) wholeError() bool {
	b := bytes.TrimSpace(r.whole)
	return len(b) > 0 && (b[len(b)-1] == '}' || b[len(b)-1] == ']') && gjson.ValidBytes(b)
}

// empty returns the error of an answer without output, with a sentence in it that may explain why.
func (r *reply) empty() error {
	if said := api.Said(r.whole); said != "" && (r.held || !r.streamed()) {
		return fail(record.KindEmpty, "the answer has no output, but a message: %s", said)
	}
	return fail(record.KindEmpty, "the answer has no output")
}

// stray returns the text among the events of a truncated stream that is none, such as the message of a proxy.
func (r *reply) stray() string {
	if said := api.ErrorMessage(r.sse.Stray()); said != "" {
		return "; it says: " + said
	}
	return ""
}

// refusal returns the error of an answer whose status is not 2xx.
func (r *reply) refusal() error {
	status, why := r.got.Status, api.ErrorMessage(r.whole)
	if status/100 == 3 && r.location != "" {
		return failFor("redirected", record.KindHTTP, "HTTP %d: redirected to %s", status, mask.URL(r.redirect()))
	}
	if why == "" {
		why = "no reason given"
	}
	if !r.ep.overTLS && wantsTLS(why) {
		return failFor("wants-tls", record.KindHTTP, "HTTP %d: %s", status, why)
	}
	return fail(record.KindHTTP, "HTTP %d: %s", status, why)
}

// redirect returns the URL of Location, resolved on that of the request.
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

// wantsTLS recognizes the answer of a TLS port to plain HTTP: that of Go, nginx and Apache.
func wantsTLS(why string) bool {
	for _, words := range []string{
		"HTTP request to an HTTPS server", "HTTP request was sent to HTTPS port", "plain HTTP to an SSL-enabled server",
	} {
		if strings.Contains(why, words) {
			return true
		}
	}
	return false
}
