package bench

import (
	"context"
	"errors"
	"io"

	"perfpipe/internal/fault"
	"perfpipe/internal/ready"
	"perfpipe/internal/record"
)

// testConnection sends one cheap request before the load, so that a wrong URL, key or model is one clear message
// instead of many failed requests. An error that a busy server may return for a while is only reported.
func (r *runner) testConnection(ctx context.Context) error {
	first, err := r.feed.Peek(ctx)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil // the end of the run reports an empty input
		}
		return err
	}
	r.progress.Stage("waiting for the answer to the test request%s", r.next("testing"))
	defer r.progress.Stage("")
	rec, err := r.ready.Test(ctx, r.client, first)
	if err != nil || rec == nil || rec.OK {
		return notReady(err)
	}
	e := rec.Error
	reason := "test"
	switch {
	case e.Kind == record.KindEmpty:
		return nil // the one token has no text
	case e.Kind == record.KindTotalTimeout:
		reason = "test-timeout"
	case e.Kind == record.KindTruncated && rec.BytesReceived == 0:
		reason = "test-protocol"
	case rec.Status == 429 || rec.Status/100 == 5:
		r.Say("test request: %s", e.Message)
		return nil
	case rec.Status == 401 || rec.Status == 403:
		reason = "test-key"
	case rec.Status == 404:
		reason = "test-path"
	case rec.Status == 400 || rec.Status == 422:
		reason = "test-body"
	case e.Kind == record.KindConnect || e.Kind == record.KindConnectTimeout:
		reason = "test-connect"
	}
	return fault.Of("", reason, "test request: %s", e.Message)
}

// notReady adds the setting to the error of a server that did not become ready in time.
func notReady(err error) error {
	if errors.As(err, new(*ready.TimeoutError)) {
		return fault.Of("wait-ready", "not-ready", "%w", err)
	}
	return err
}
