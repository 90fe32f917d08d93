package client

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/clock"
	"perfpipe/internal/record"
)

// A record has the number of attempts, and its times count from the first.
func TestRetries(t *testing.T) {
	busy := "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
	for _, c := range []struct {
		name     string
		answers  []string
		retries  int
		attempts int
		kind     string
	}{
		{"off", []string{busy}, 0, 0, record.KindHTTP},
		{"busy twice", []string{busy, busy, chunked(hello, stop, done)}, 2, 3, ""},
		{"busy for good", []string{busy, busy, busy}, 2, 3, record.KindHTTP},
		{"not worth it", []string{"HTTP/1.1 400 Bad Request\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"}, 2, 0,
			record.KindHTTP},
		{"begun", []string{head + "Connection: close\r\n\r\n" + hello}, 2, 0, record.KindTruncated},
		{"asks for an hour", []string{strings.Replace(busy, ": 0", ": 3600", 1)}, 2, 0, record.KindHTTP},
	} {
		both(t, func(t *testing.T, plain bool) {
			times := make(chan time.Time, len(c.answers)) // of the requests
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				for _, a := range c.answers {
					if take(r) == "" {
						return
					}
					times <- time.Now()
					io.WriteString(conn, a)
				}
			})
			rec := ask(newTest(t, u, plain, func(cfg *Config) { cfg.Retries = c.retries }))
			if rec.OK != (c.kind == "") || rec.OK && rec.Error != nil || !rec.OK && rec.Error.Kind != c.kind ||
				rec.Attempts != c.attempts {
				t.Errorf("%s: %d attempts, %+v", c.name, rec.Attempts, rec.Error)
			}
			var came []time.Time
			for range len(times) {
				came = append(came, <-times)
			}
			if rec.OK && (rec.SentUs > came[0].UnixMicro() ||
				rec.TTFTMs*1000 < float64(came[len(came)-1].UnixMicro()-rec.SentUs) || rec.Status != 200 ||
				rec.RetryAfter != "") {
				t.Errorf("%s: the clock was restarted, or a failure left something: %+v", c.name, rec)
			}
		})
	}
}

func TestAgain(t *testing.T) {
	clock := clock.New()
	c := &Client{cfg: Config{Retries: 20, TotalTimeout: time.Hour}, clock: clock}
	for _, k := range []struct {
		kind   string
		status int
		after  string
		retry  int
		pause  time.Duration
		ok     bool
	}{
		{record.KindConnect, 0, "", 0, 500 * time.Millisecond, true},
		{record.KindConnectTimeout, 0, "", 1, time.Second, true},
		{record.KindReadTimeout, 0, "", 3, 4 * time.Second, true},
		{record.KindTruncated, 200, "", 9, 8 * time.Second, true},
		{record.KindHTTP, 429, "2.5", 0, 2500 * time.Millisecond, true},
		{record.KindHTTP, 500, "nonsense", 0, 500 * time.Millisecond, true},
		{record.KindHTTP, 429, "61", 0, 61 * time.Second, false},
		{record.KindHTTP, 503, "Tue, 01 Jan 2019 00:00:00 GMT", 0, 0, true},
		{record.KindHTTP, 404, "", 0, 0, false},
		{record.KindTLS, 0, "", 0, 0, false},
		{record.KindTotalTimeout, 0, "", 0, 0, false},
		{record.KindCanceled, 0, "", 0, 0, false},
		{record.KindConnect, 0, "", 20, 0, false},
	} {
		rec := &record.Record{SentUs: clock.Now().Micros(), Status: k.status, RetryAfter: k.after,
			Error: &record.Error{Kind: k.kind}}
		if pause, ok := c.again(rec, k.retry); pause != k.pause || ok != k.ok {
			t.Errorf("%+v: %v, %v", k, pause, ok)
		}
	}
}

// Compressed answers are read as they are received: each chunk has the time of its bytes.
func TestCompressed(t *testing.T) {
	type flusher interface {
		io.WriteCloser
		Flush() error
	}
	for name, open := range map[string]func(io.Writer) flusher{
		"gzip": func(w io.Writer) flusher { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) flusher { e, _ := zstd.NewWriter(w); return e },
	} {
		both(t, func(t *testing.T, plain bool) {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, head+"Connection: close\r\nContent-Encoding: "+name+"\r\n\r\n")
				z := open(conn)
				for i, part := range []string{hello, world, world, stop + done} {
					if i > 0 {
						time.Sleep(20 * time.Millisecond)
					}
					io.WriteString(z, part)
					z.Flush()
				}
				z.Close()
			})
			rec := ask(newTest(t, u, plain, func(c *Config) { c.Compressed, c.SaveOutput = true, true }))
			if !rec.OK || rec.Output != "hello world world" || len(rec.GapUs) != 2 || slices.Min(rec.GapUs) < 10_000 {
				t.Errorf("%s: %+v %+v", name, rec, rec.Error)
			}
		})
	}
}

func TestCompressedBadly(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, hello+stop)
	w.Flush()
	open := z.Len()
	io.WriteString(w, done)
	w.Close()
	for name, c := range map[string]struct{ encoding, body, kind string }{
		"cut":     {"gzip", z.String()[:open], record.KindTruncated},
		"late":    {"gzip", z.String()[:z.Len()-9], ""}, // cut after [DONE]
		"garbage": {"gzip", "not compressed", record.KindProtocol},
		"unknown": {"snappy", "x", record.KindProtocol},
		"whole":   {"gzip", z.String(), ""},
	} {
		both(t, func(t *testing.T, plain bool) {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, head+"Connection: close\r\nContent-Encoding: "+c.encoding+"\r\n\r\n"+c.body)
			})
			rec := ask(newTest(t, u, plain, nil))
			if rec.OK != (c.kind == "") || !rec.OK && rec.Error.Kind != c.kind {
				t.Errorf("%s: %+v", name, rec.Error)
			}
		})
	}
}
