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

// refused reports whether the answer is an HTTP error, however the transport ended it. An interruption or a timeout before a
// word of it is worth more.
func (r *reply) refused(err error) bool {
	switch {
	case r.rec.Status == 0 || r.rec.Status/100 == 2:
		return false
	case err == nil || r.over:
		return true
	}
	var f *http1.Error
	return len(r.whole) > 0 && !(errors.As(err, &f) && f.Kind == record.KindCanceled)
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
