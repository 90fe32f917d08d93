package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/clock"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// listen starts a server that runs serve on each connection; n counts them from 0. It returns the server's address.
func listen(t *testing.T, serve func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(n, c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// script starts a server that runs serve on each connection; n counts them from 0.
func script(t *testing.T, serve func(n int, c net.Conn, r *bufio.Reader)) *url.URL {
	t.Helper()
	address := listen(t, func(n int, c net.Conn) { serve(n, c, bufio.NewReader(c)) })
	return &url.URL{Scheme: "http", Host: address}
}

// take reads a request and returns its body.
func take(r *bufio.Reader) string {
	req, err := http.ReadRequest(r)
	if err != nil {
		return ""
	}
	b, _ := io.ReadAll(req.Body)
	return string(b)
}

// raw returns the TCP connection below c.
func raw(c net.Conn) *net.TCPConn {
	if s, ok := c.(*tls.Conn); ok {
		c = s.NetConn()
	}
	return c.(*net.TCPConn)
}

// both runs a test on http1 and on net/http.
func both(t *testing.T, f func(t *testing.T, plain bool)) {
	for _, plain := range []bool{false, true} {
		t.Run(map[bool]string{false: "fast", true: "net-http"}[plain], func(t *testing.T) { f(t, plain) })
	}
}

func newTest(t *testing.T, u *url.URL, plain bool, change func(*Config)) *Client {
	cfg := Config{URL: u, plain: plain, Hint: func(reason string) string { return "; hint: " + reason }}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg, clock.New())
	t.Cleanup(c.Close)
	return c
}

const body = `{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}`

func ask(c *Client) *record.Record {
	return &c.Do(context.Background(), load.NewRequest(request.Request{ID: "id", Body: []byte(body)})).Record
}

const (
	head   = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	eof    = head + "Connection: close\r\n\r\n" // a body that the connection's end ends
	hello  = `data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}` + "\n\n"
	world  = `data: {"choices":[{"index":0,"delta":{"content":" world"},"finish_reason":null}]}` + "\n\n"
	stop   = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	counts = `data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,` +
		`"prompt_tokens_details":{"cached_tokens":1}}}` + "\n\n"
	done = "data: [DONE]\n\n"
)

func chunked(parts ...string) string {
	s := head + "Transfer-Encoding: chunked\r\n\r\n"
	for _, p := range parts {
		s += fmt.Sprintf("%x\r\n%s\r\n", len(p), p)
	}
	return s + "0\r\n\r\n"
}

func whole(status, ctype, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, ctype, len(body),
		body)
}

// Each answer leads to a record with the right kind of error.
func TestAnswers(t *testing.T) {
	const json = "application/json"
	for _, c := range []struct {
		name, answer string
		kind, says   string // "" is ok
	}{
		{"good", chunked(hello, world, stop, counts, done), "", ""},
		{"one read", eof + hello + world + stop + counts + done, "", ""},
		{"no DONE", eof + hello + stop, "", ""},
		{"no finish_reason", eof + hello + done, "", ""},
		{"CRLF", eof + strings.ReplaceAll(hello+world+stop+done, "\n", "\r\n"), "", ""},
		{"CR", eof + strings.ReplaceAll(hello+world+stop+done, "\n", "\r"), "", ""},
		{"comments", eof + ": ping\n\n" + hello + ":\n\n" + stop + done, "", ""},
		{"data in lines", eof + "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"x\"}}]}\n\n" + stop + done, "",
			""},
		{"trailer", head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(hello+stop), hello+
			stop) + "0\r\nX: y\r\n\r\n", "", ""},
		{"not a stream", whole("200 OK", json, `{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`), "",
			""},
		{"reset mid-stream", head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(hello),
			hello), record.KindTruncated, ""},
		{"half a chunk", head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + hello, record.KindTruncated, ""},
		{"cut stream", chunked(hello, world), record.KindTruncated,
			"the stream ended without finish_reason and [DONE]"},
		{"garbage", eof + "data: {nonsense\n\n" + done, record.KindProtocol, "not a JSON answer"},
		{"truncated JSON", whole("200 OK", json, `{"choices":[{"mess`), record.KindProtocol, "not a JSON answer"},
		{"short body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{}",
			record.KindTruncated, ""},
		{"wrong content type", whole("200 OK", "text/html", `<html>login</html>`), record.KindProtocol,
			"not a JSON answer"},
		{"error in 200", whole("200 OK", json, `{"error":{"message":"overloaded"}}`), record.KindAPI, "overloaded"},
		{"error in stream", eof + hello + `data: {"error":{"message":"out of memory"}}` + "\n\n" + done, record.KindAPI,
			"out of memory"},
		{"429", whole("429 Too Many Requests\r\nRetry-After: 7", json, `{"error":{"message":"slow down"}}`),
			record.KindHTTP, "HTTP 429: slow down"},
		{"500", whole("500 Internal Server Error", "text/plain", "boom"), record.KindHTTP, "HTTP 500: boom"},
		{"503 empty", whole("503 Service Unavailable", json, ""), record.KindHTTP, "HTTP 503: no reason given"},
		{"zero tokens", eof + stop + done, record.KindEmpty, "the answer has no output"},
		{"no choices", whole("200 OK", json, `{"choices":[]}`), record.KindEmpty, "the answer has no output"},
		{"not HTTP", "SSH-2.0-OpenSSH\r\n", record.KindProtocol, "malformed HTTP"},
		{"hangs up", "", record.KindTruncated, ""},
	} {
		both(t, func(t *testing.T, plain bool) {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, c.answer)
			})
			rec := ask(newTest(t, u, plain, nil))
			switch {
			case rec.OK != (c.kind == "") || rec.OK != (rec.Error == nil):
				t.Errorf("%s: ok %v, error %+v", c.name, rec.OK, rec.Error)
			case rec.OK:
			case rec.Error.Kind != c.kind || !strings.Contains(rec.Error.Message, c.says):
				t.Errorf("%s: %+v, want %s: %s", c.name, rec.Error, c.kind, c.says)
			}
			if c.name == "429" && rec.RetryAfter != "7" {
				t.Errorf("Retry-After is %q", rec.RetryAfter)
			}
		})
	}
}

func TestRecordOfAStream(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			if got := take(r); got != `{"stream_options":{"include_usage":true},`+body[1:] {
				t.Errorf("body %s", got)
			}
			io.WriteString(conn, chunked(`data: {"model":"served","choices":[{"delta":{"role":"assistant",`+
				`"content":""}}]}`+"\n\n",
				`data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}`+"\n\n", hello, world, stop, counts, done))
		})
		rec := newTest(t, u, plain, func(c *Config) { c.SaveOutput = true }).Do(t.Context(),
			load.NewRequest(request.Request{
				ID: "x", Body: []byte(body), Labels: map[string]string{"a": "b"}}))
		if !rec.OK || rec.PromptTokens != 3 || rec.CompletionTokens != 2 || rec.CachedTokens != 1 ||
			rec.TokensFrom != "usage" ||
			rec.FinishReason != "stop" || rec.Status != 200 || rec.Model != "served" || rec.Output != "hmhello world" ||
			rec.API != "openai" || rec.Op != "chat" || rec.URL != u.String()+"/v1/chat/completions" || rec.ID != "x" ||
			rec.Labels["a"] != "b" {
			t.Errorf("%+v (%+v)", rec, rec.Error)
		}
		if len(rec.GapUs) != 2 || rec.TTFTMs <= 0 || rec.TTFTMs != rec.ReasoningTTFTMs ||
			rec.ContentTTFTMs < rec.TTFTMs || rec.LatencyMs < rec.LastChunkMs() {
			t.Errorf("times %+v", rec)
		}
		if rec.Clock != "kernel" && runtime.GOOS == "linux" {
			t.Errorf("clock %s", rec.Clock)
		}
	})
}

// If the server has closed the reused connection, the request is sent again, and its record has two attempts.
func TestReusedConnectionClosed(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		var conns atomic.Int64
		closed := make(chan struct{}, 1)
		u := script(t, func(n int, conn net.Conn, r *bufio.Reader) {
			conns.Add(1)
			take(r)
			io.WriteString(conn, chunked(hello, stop, done))
			if n == 0 { // read the next request without an answer
				take(r)
				conn.(*net.TCPConn).SetLinger(0)
				closed <- struct{}{}
			} else {
				take(r)
			}
		})
		c := newTest(t, u, plain, nil)
		first, second := ask(c), ask(c)
		<-closed
		if !first.OK || first.Reused || first.Attempts != 0 {
			t.Errorf("first %+v", first)
		}
		if !second.OK || second.Reused || second.Attempts != 2 || conns.Load() != 2 {
			t.Errorf("second %+v %+v, %d connections", second, second.Error, conns.Load())
		}
	})
}

func TestConnectionIsReused(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(n int, conn net.Conn, r *bufio.Reader) {
			for take(r) != "" {
				io.WriteString(conn, chunked(hello, stop, done))
			}
		})
		c := newTest(t, u, plain, nil)
		a, b := ask(c), ask(c)
		if !a.OK || !b.OK || a.Reused || !b.Reused || b.ConnectMs != 0 || a.ConnectMs == 0 {
			t.Errorf("%+v\n%+v", a, b)
		}
	})
}

func TestConnectErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	l.Close()
	both(t, func(t *testing.T, plain bool) {
		for _, c := range []struct{ url, kind, says string }{
			{"http://" + dead, record.KindConnect, "connection refused by " + dead},
			{"http://no-such-host.invalid:80", record.KindConnect, "cannot resolve no-such-host.invalid"},
		} {
			u, _ := url.Parse(c.url)
			rec := ask(newTest(t, u, plain, nil))
			if rec.OK || rec.Error.Kind != c.kind || !strings.Contains(rec.Error.Message, c.says) {
				t.Errorf("%s: %+v", c.url, rec.Error)
			}
		}
	})
}

func TestTLSMismatch(t *testing.T) {
	plain := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
		r.ReadByte()
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	overTLS, _ := url.Parse(secure.URL)
	for _, u := range []*url.URL{{Scheme: "https", Host: plain.Host}, overTLS} {
		rec := ask(newTest(t, u, false, nil))
		if rec.OK || rec.Error.Kind != record.KindTLS {
			t.Errorf("%s: %+v", u, rec.Error)
		}
	}
}

// Bodies and events may have 48 MB.
func TestLarge(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		size := 48 << 20
		if plain {
			size >>= 3 // the reply, which holds the event, is the same
		}
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			if got := len(take(r)); got < size {
				t.Errorf("%d bytes came", got)
			}
			io.WriteString(conn, eof+`data: {"choices":[{"delta":{"content":"`+strings.Repeat("x", size)+`"}}]}`+"\n\n"+
				stop)
		})
		rec := newTest(t, u, plain, func(c *Config) { c.SaveOutput = true }).Do(t.Context(),
			load.NewRequest(request.Request{
				Body: []byte(`{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("y", size) +
					`"}]}`)}))
		if !rec.OK || len(rec.Output) != size || rec.BytesSent < int64(size) || rec.BytesReceived < int64(size) {
			t.Errorf("%+v, %d bytes of output", rec.Error, len(rec.Output))
		}
	})
}

// However a request ends, it leaves no goroutine behind.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(n int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, []string{chunked(hello, done), "", eof + hello, head}[n%4])
		})
		c := newTest(t, u, plain, nil)
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() { ask(c) })
		}
		wg.Wait()
	})
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestHeaders(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		got := make(chan http.Header, 1)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header
			io.WriteString(w, `{"choices":[{"message":{"content":"x"}}]}`)
		}))
		defer srv.Close()
		u, _ := url.Parse(srv.URL)
		var log []string
		c := newTest(t, u, plain, func(c *Config) {
			c.APIKey, c.Headers = "secret", map[string]string{"x-one": "1", "user-agent": "me"}
			c.Debug = func(id, what string, text []byte) { log = append(log, what+" "+string(text)) }
		})
		c.Do(t.Context(), load.NewRequest(request.Request{ID: "r1", Body: []byte(body),
			Headers: map[string]string{"X-One": "2", "X-Two": "3"}}))
		sent := <-got
		for name, want := range map[string]string{
			"Authorization": "Bearer secret", "X-One": "2", "X-Two": "3", "User-Agent": "me",
			"Content-Type": "application/json", "X-Request-Id": "r1",
		} {
			if sent.Get(name) != want || len(sent.Values(name)) != 1 {
				t.Errorf("%s: %q", name, sent.Values(name))
			}
		}
		all := strings.Join(log, "\n")
		if strings.Contains(all, "secret") || !strings.Contains(all, `Authorization: "***"`) {
			t.Errorf("debug shows %s", all)
		}
		var steps []string
		for _, l := range log {
			steps = append(steps, strings.Fields(l)[0])
		}
		if want := []string{"endpoint", "start", "sent", "received", "received"}; !slices.Equal(steps, want) {
			t.Errorf("steps %v", steps)
		}
	})
}
