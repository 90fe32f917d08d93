package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Times of an export, and the pause before the next one.
const (
	exportTimeout = 10 * time.Second
	maxTries      = 5
	firstPause    = 200 * time.Millisecond
	maxPause      = 5 * time.Second
)

// To returns a function for New that posts batches to a collector. The path of an endpoint without one is /v1/traces.
func To(endpoint *url.URL, headers map[string]string) func(context.Context, []byte) error {
	u := *endpoint
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	c := &http.Client{Timeout: exportTimeout}
	tries := maxTries // 1 while the collector does not answer, so that the end of a run need not wait long for it
	return func(ctx context.Context, batch []byte) error {
		var body bytes.Buffer
		w := gzip.NewWriter(&body)
		w.Write(batch) // to memory: cannot fail
		w.Close()
		for try := 1; ; try++ {
			again, pause, err := post(ctx, c, u.String(), headers, body.Bytes())
			if ctx.Err() != nil && err != nil {
				return context.Cause(ctx)
			}
			if err == nil {
				tries = maxTries
			}
			if err == nil || !again || try >= tries {
				if again {
					tries = 1
				}
				return err
			}
			if pause == 0 {
				pause = firstPause << (try - 1)
			}
			select {
			case <-time.After(min(pause, maxPause)):
			case <-ctx.Done():
			}
		}
	}
}

// post posts a batch. It reports whether it may be posted again, as OTLP permits for some answers only, and after which
// pause, if the collector asks for one.
func post(ctx context.Context, c *http.Client, to string, headers map[string]string, body []byte) (
	again bool, pause time.Duration, err error,
) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := c.Do(req)
	if late, ok := errors.AsType[*url.Error](err); ok && late.Timeout() {
		err = fmt.Errorf("no answer from %s within %v", to, exportTimeout)
	}
	if err != nil {
		return true, 0, err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case resp.StatusCode/100 != 2:
		switch resp.StatusCode {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			again = true
		}
		s, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return again, time.Duration(s) * time.Second, fmt.Errorf("HTTP %d: %.200s", resp.StatusCode,
			bytes.TrimSpace(answer))
	case gjson.GetBytes(answer, "partialSuccess.rejectedSpans").Int() > 0:
		p := gjson.GetBytes(answer, "partialSuccess")
		return false, 0, &rejection{int(p.Get("rejectedSpans").Int()), p.Get("errorMessage").Str}
	}
	return false, 0, nil
}

// rejection is the error of a batch of which the collector rejected some spans.
type rejection struct {
	spans int
	why   string
}

func (r *rejection) Error() string { return fmt.Sprintf("%d spans were rejected: %s", r.spans, r.why) }

// ToFile returns a function for New that writes a batch per line, as the file exporter of the collector does.
func ToFile(w io.Writer) func(context.Context, []byte) error {
	return func(_ context.Context, batch []byte) error {
		_, err := w.Write(append(batch, '\n'))
		return err
	}
}
