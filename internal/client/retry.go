package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"perfpipe/internal/clock"
	"perfpipe/internal/record"
)

const (
	firstPause = 500 * time.Millisecond
	longPause  = 8 * time.Second  // where doubling ends
	maxPause   = 60 * time.Second // a server that asks for a longer one is not asked again
)

// retry makes further attempts while the rules permit, and waits for their ends.
func (x *exchange) retry() {
	woken := make(chan struct{}, 1)
	x.call.Wake = func() { woken <- struct{}{} }
	for n := 0; ; n++ {
		pause, again := x.c.again(&x.out.Record, n)
		if !again || !wait(x.ctx, pause) {
			return
		}
		renew(&x.out.Record)
		ended, err := x.attempt()
		for !ended {
			<-woken
			ended, err = x.c.direct.Resume(x.ctx, &x.call.Request, &x.trip.Timing, &x.reply)
		}
		x.judge(err)
	}
}

// renew resets r to its state before the first attempt.
func renew(r *record.Record) {
	was := *r
	*r = record.Record{}
	r.ID, r.Labels, r.API, r.Op, r.URL, r.SentUs = was.ID, was.Labels, was.API, was.Op, was.URL, was.SentUs
	r.Request, r.PromptAsked = was.Request, was.PromptAsked
	r.TraceID, r.SpanID = was.TraceID, was.SpanID
}

// again reports whether the request of rec is sent once more, and after which pause. The cases and pauses are those
// of the OpenAI SDKs, without their jitter, so that the same failures lead to the same times: no connection, nothing
// received, and the status 408, 409, 429 and from 500 on. An answer that has begun is not requested again.
func (c *Client) again(rec *record.Record, retry int) (pause time.Duration, ok bool) {
	if rec.OK || retry >= c.cfg.Retries || rec.TTFTMs > 0 {
		return 0, false
	}
	switch rec.Error.Kind {
	case record.KindConnect, record.KindConnectTimeout, record.KindReadTimeout, record.KindTruncated:
	case record.KindHTTP:
		switch s := rec.Status; {
		case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooManyRequests, s >= 500:
		default:
			return 0, false
		}
	default:
		return 0, false
	}
	pause = min(firstPause<<min(retry, 10), longPause)
	if asked, ok := retryAfter(rec.RetryAfter, time.Unix(0, int64(c.clock.Now()))); ok {
		pause = asked
	}
	over := c.cfg.TotalTimeout > 0 && c.clock.Now().Sub(clock.Nanos(rec.SentUs*1000))+pause >= c.cfg.TotalTimeout
	return pause, pause <= maxPause && !over
}

// retryAfter parses the header Retry-After, seconds or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if s, err := strconv.ParseFloat(value, 64); err == nil && s >= 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second)), true
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}

// wait pauses for d. It reports false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
