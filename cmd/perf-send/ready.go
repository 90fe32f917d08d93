package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"perfpipe/internal/cli"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/mask"
	"perfpipe/internal/record"
)

// readyFlags say how long a server that is starting is waited for.
type readyFlags struct {
	WaitReady cli.Duration `group:"server" placeholder:"TIME" help:"Wait up to TIME for a server that is still starting."`
}

const (
	readyPause  = time.Second      // between two looks
	readyLook   = 5 * time.Second  // for one look
	testTimeout = 30 * time.Second // for the test request, unless --wait-ready is longer
)

// ready waits for servers that are starting. What it waits for is said when it changes.
type ready struct {
	env   *cli.Env
	pause time.Duration
	until time.Time
	began time.Time

	mu  sync.Mutex
	why string
}

func newReady(env *cli.Env, limit time.Duration) *ready {
	now := time.Now()
	return &ready{env: env, pause: readyPause, began: now, until: now.Add(limit)}
}

// again waits for the next look; false: the time is over, or ctx is.
func (r *ready) again(ctx context.Context, why string) bool {
	left := time.Until(r.until)
	if left <= 0 {
		return false
	}
	r.mu.Lock()
	if why != r.why {
		r.env.Say("waiting for the server: %s", why)
		r.why = why
	}
	r.mu.Unlock()
	select {
	case <-time.After(min(r.pause, left)):
		return true
	case <-ctx.Done():
		return false
	}
}

// limit is how long the test request may take.
func (r *ready) limit() time.Duration { return max(testTimeout, time.Until(r.until)) }

// told says that the server is there, if it was waited for.
func (r *ready) told() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why != "" {
		r.env.Say("the server is ready after %v", time.Since(r.began).Round(time.Second))
		r.why = ""
	}
}

// servers waits until each of them answers GET /health with something else than that it is not there yet (502, 503, 504).
// A server that has no such page is there.
func (r *ready) servers(ctx context.Context, c *client.Client, servers []*url.URL) error {
	if r.until.Equal(r.began) {
		return nil
	}
	pages := c.Pages(nil)
	for _, s := range servers {
		health := (&url.URL{Scheme: s.Scheme, Host: s.Host, Path: "/health"}).String()
		for {
			why, starting := look(ctx, pages, health, min(readyLook, max(time.Until(r.until), r.pause)))
			if why == "" {
				break
			}
			if starting && r.again(ctx, why) {
				continue
			}
			return r.over(ctx, why)
		}
	}
	return nil
}

// over is the error of a server that did not become ready.
func (r *ready) over(ctx context.Context, why string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fault.Fail("check --url, and the server's log", "--wait-ready: after %v: %s",
		time.Since(r.began).Round(time.Second), why)
}

// look asks a page once, for as long as limit. why is empty if the server is there; starting reports whether it may still start.
func look(ctx context.Context, pages *http.Client, page string, limit time.Duration) (why string, starting bool) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("GET %s: no answer within %v", mask.URL(page), limit.Round(time.Second)))
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

// starting reports whether a test request failed as it does while a server starts.
func starting(rec *record.Record) bool {
	switch rec.Error.Kind {
	case record.KindConnect, record.KindConnectTimeout, record.KindTruncated:
		return true
	case record.KindHTTP:
		return rec.Status >= 502 && rec.Status <= 504
	}
	return false
}
