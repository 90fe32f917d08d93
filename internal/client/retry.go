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
	longPause  = 8 * time.Second  // doubling ends here
	mostPause  = 60 * time.Second // a server that asks for more is not asked again
)

// again says whether a request that ended as rec says is sent once more, and after which pause. The cases and pauses are
// those of the OpenAI SDKs, without their random share, so that the same failures give the same times: no connection,
// nothing received, and the status 408, 409, 429 and from 500 on. An answer that has begun is never asked for again.
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
	return pause, pause <= mostPause && !over
}

// retryAfter reads the header's seconds or date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if s, err := strconv.ParseFloat(value, 64); err == nil && s >= 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second)), true
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}

// wait is a pause; false: ctx has ended.
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
