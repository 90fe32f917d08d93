package main

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
	r.progress.Stage("waiting for the answer to the test request (--no-test-connection skips it)")
	defer r.progress.Stage("")
	rec, err := r.ready.Test(ctx, r.client, first)
	if err != nil || rec == nil || rec.OK {
		return notReady(err)
	}
	e := rec.Error
	hint := "--no-test-connection skips this test"
	switch {
	case e.Kind == record.KindEmpty:
		return nil // the one token has no text
	case e.Kind == record.KindTotalTimeout:
		hint = "a server that loads its model at the first request needs --wait-ready 10m; " + hint
	case e.Kind == record.KindTruncated && rec.BytesReceived == 0:
		hint = "does the server speak https, or HTTP/2 alone (--http2)? " + hint
	case rec.Status == 429 || rec.Status/100 == 5:
		r.env.Say("test request: %s", e.Message)
		return nil
	case rec.Status == 401 || rec.Status == 403:
		hint = "--api-key, or OPENAI_API_KEY, is the key; " + hint
	case rec.Status == 404:
		hint = "the URL's path or the model is wrong; " + hint
	case rec.Status == 400 || rec.Status == 422:
		hint = "--drop-params leaves fields out that the server refuses; " + hint
	case e.Kind == record.KindConnect || e.Kind == record.KindConnectTimeout:
		hint = "is the server up, and is it the right --url? " + hint
	}
	return fault.Fail(hint, "test request: %s", e.Message)
}

// notReady names the flag in the error of a server that was waited for in vain.
func notReady(err error) error {
	if errors.As(err, new(*ready.TimeoutError)) {
		return fault.Fail("check --url, and the server's log", "--wait-ready: %w", err)
	}
	return err
}
