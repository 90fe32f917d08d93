// Package ready waits for servers that are still starting.
package ready

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/load"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

const (
	retryAfter  = time.Second      // between two looks at a server
	lookTimeout = 5 * time.Second  // of one look
	testTimeout = 30 * time.Second // of the test request, unless the limit of the wait is longer
)

// Waiter waits for servers until a limit. It reports what it waits for when that changes.
type Waiter struct {
	say    func(format string, args ...any)
	pause  time.Duration
	begin  time.Time
	end    time.Time
	mu     sync.Mutex
	reason string // reported last; "": nothing was waited for
}

// NewWaiter returns a Waiter that waits for up to limit from now on. A limit of 0 waits for nothing.
func NewWaiter(limit time.Duration, say func(format string, args ...any)) *Waiter {
	now := time.Now()
	return &Waiter{say: say, pause: retryAfter, begin: now, end: now.Add(limit)}
}

// TimeoutError is a server that was not ready within the limit.
type TimeoutError struct {
	After  time.Duration
	Reason string
}

// Error implements error.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("after %v: %s", e.After.Round(time.Second), e.Reason)
}

// Again waits until the time of the next look. It returns false if the limit or ctx is over.
func (w *Waiter) Again(ctx context.Context, reason string) bool {
	left := time.Until(w.end)
	if left <= 0 {
		return false
	}
	w.mu.Lock()
	if reason != w.reason {
		w.say("waiting for the server: %s", reason)
		w.reason = reason
	}
	w.mu.Unlock()
	select {
	case <-time.After(min(w.pause, left)):
		return true
	case <-ctx.Done():
		return false
	}
}

// Done reports that the server is ready, if it was waited for.
func (w *Waiter) Done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason != "" {
		w.say("the server is ready after %v", time.Since(w.begin).Round(time.Second))
		w.reason = ""
	}
}

// Servers waits until each server answers GET /health with another status than 502, 503 and 504. A server without that
// page is ready. The error is a *TimeoutError or the cause of ctx.
func (w *Waiter) Servers(ctx context.Context, pages *http.Client, servers []*url.URL) error {
	if w.end.Equal(w.begin) {
		return nil
	}
	for _, s := range servers {
		health := (&url.URL{Scheme: s.Scheme, Host: s.Host, Path: "/health"}).String()
		for last := ""; ; {
			limit := min(lookTimeout, max(time.Until(w.end), w.pause))
			reason, starting := look(ctx, pages, health, limit)
			if reason == "" {
				break
			}
			if limit < lookTimeout && last != "" && !time.Now().Before(w.end) {
				reason = last // the limit may have cut this look short
			}
			last = reason
			if !starting || !w.Again(ctx, reason) {
				return w.timeout(ctx, reason)
			}
		}
	}
	return nil
}

// Test sends the client's test request, again while the server is starting. The record is nil if the API has no such
// request. The error is a *TimeoutError, if the limit is over and was not 0, or the cause of ctx.
func (w *Waiter) Test(ctx context.Context, c *client.Client, first *load.Request) (*record.Record, error) {
	for {
		rec := c.Test(ctx, first, max(testTimeout, time.Until(w.end)))
		if rec == nil || rec.OK {
			w.Done()
			return rec, nil
		}
		again := starting(rec)
		if again && w.Again(ctx, rec.Error.Message) {
			continue
		}
		if again && w.end.After(w.begin) {
			return rec, w.timeout(ctx, rec.Error.Message)
		}
		return rec, context.Cause(ctx)
	}
}

func (w *Waiter) timeout(ctx context.Context, reason string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &TimeoutError{time.Since(w.begin), reason}
}

// look gets a page once, within limit. The reason is "" if the server is ready; starting reports whether it may become
// ready.
func look(
	ctx context.Context, pages *http.Client, page string, limit time.Duration,
) (reason string, starting bool) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("GET %s: no answer within %v", mask.URL(page), limit.Round(time.Second)))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err.Error(), false
	}
	resp, err := pages.Do(req)
	if err != nil {
		return errors.Unwrap(err).Error(), client.Kind(err) != record.KindTLS // the URL is known
	}
	resp.Body.Close()
	if resp.StatusCode >= 502 && resp.StatusCode <= 504 {
		return fmt.Sprintf("GET %s: HTTP %d", mask.URL(page), resp.StatusCode), true
	}
	return "", false
}

// starting reports whether a request failed as requests do while a server starts.
func starting(rec *record.Record) bool {
	switch rec.Error.Kind {
	case record.KindConnect, record.KindConnectTimeout, record.KindTruncated:
		return true
	case record.KindHTTP:
		return rec.Status >= 502 && rec.Status <= 504
	}
	return false
}
