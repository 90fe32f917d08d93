package client

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/http1"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// The end of its own protocol completes an answer even if the transport fails afterwards. The connection is not reused.
func TestProtocolEndCompletesTheAnswer(t *testing.T) {
	const usage = `data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,` +
		`"completion_tokens":1,"total_tokens":8}}` + "\n\n"
	waits := func(_ net.Conn, r *bufio.Reader) { r.ReadByte() }
	both(t, func(t *testing.T, plain bool) {
		for _, c := range []struct {
			name, last string
			then       func(net.Conn, *bufio.Reader)
			untidy     string
		}{
			{"open", done, waits, record.UntidyOpen},
			{"open, no [DONE]", usage, waits, record.UntidyOpen},
			{"FIN", done, func(c net.Conn, r *bufio.Reader) { raw(c).CloseWrite() }, record.UntidyClosed},
			{"FIN, no [DONE]", usage, func(c net.Conn, r *bufio.Reader) { raw(c).CloseWrite() }, record.UntidyClosed},
			{"malformed", done, func(c net.Conn, r *bufio.Reader) { io.WriteString(c, "zz\r\n"); r.ReadByte() },
				record.UntidyMalformed},
			{"endless", done, func(c net.Conn, r *bufio.Reader) {
				for {
					if _, err := io.WriteString(c, "3\r\n:\n\n\r\n"); err != nil {
						return
					}
				}
			}, record.UntidyOpen},
			{"tidy", done, func(c net.Conn, r *bufio.Reader) { io.WriteString(c, "0\r\n\r\n"); r.ReadByte() }, ""},
		} {
			if plain && c.name == "malformed" {
				continue // net/http reports it in its own words
			}
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				text := hello + c.last
				fmt.Fprintf(conn, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(text), text)
				c.then(conn, r)
			})
			client := newTest(t, u, plain, nil)
			rec := ask(client)
			if !rec.OK || rec.UntidyEnd != c.untidy || rec.LatencyMs < rec.TTFTMs {
				t.Errorf("%s: %+v %+v", c.name, rec, rec.Error)
			}
			if plain {
				continue
			}
			if n := client.direct.Origin(u.Host, false).Idle(); n > 0 != (c.untidy == "") {
				t.Errorf("%s: %d connections are kept", c.name, n)
			}
		}
	})
}

// The message of an HTTP error counts, however the transport ends, and its end is not awaited.
func TestHTTPErrorWithoutEnd(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		const said = `{"error":{"message":"over capacity"}}`
		for name, then := range map[string]func(net.Conn, *bufio.Reader){
			"open":  func(_ net.Conn, r *bufio.Reader) { r.ReadByte() },
			"FIN":   func(c net.Conn, r *bufio.Reader) { raw(c).CloseWrite() },
			"reset": func(c net.Conn, r *bufio.Reader) { time.Sleep(time.Millisecond); raw(c).SetLinger(0) },
		} {
			for _, framing := range []string{"Transfer-Encoding: chunked\r\n\r\n25\r\n" + said + "\r\n",
				"Content-Length: 999\r\n\r\n" + said} {
				u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
					take(r)
					io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"+
						framing)
					then(conn, r)
				})
				rec := ask(newTest(t, u, plain, nil))
				if rec.OK || rec.Status != 503 || rec.Error.Kind != record.KindHTTP ||
					rec.Error.Message != "HTTP 503: over capacity" {
					t.Errorf("%s: %+v %+v", name, rec, rec.Error)
				}
			}
		}
	})
}

// A reset after [DONE] is not a failure, although it may overtake the answer.
func TestResetAfterTheEnd(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		read := make(chan struct{})
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			text := hello + stop + done
			fmt.Fprintf(conn, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(text), text)
			<-read
			raw(conn).SetLinger(0)
		})
		var once atomic.Bool
		c := newTest(t, u, plain, func(c *Config) {
			c.Debug = func(_, _ string, text []byte) {
				if strings.Contains(string(text), "[DONE]") && once.CompareAndSwap(false, true) {
					close(read)
				}
			}
		})
		if rec := ask(c); !rec.OK || rec.UntidyEnd != record.UntidyReset {
			t.Errorf("%+v %+v", rec, rec.Error)
		}
	})
}

// Output after a finish reason shows that it was not the last: then silence does not end the answer.
func TestAnswerThatGoesOn(t *testing.T) {
	const last = `data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,` +
		`"completion_tokens":2,"total_tokens":9}}` + "\n\n"
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			fmt.Fprintf(conn, "%sConnection: close\r\n\r\n%s", head, hello+last)
			time.Sleep(50 * time.Millisecond)
			io.WriteString(conn, hello)
			time.Sleep(http1.Settled.Rest() + 100*time.Millisecond)
			io.WriteString(conn, hello+last+done)
		})
		if rec := ask(newTest(t, u, plain, nil)); !rec.OK || len(rec.GapUs) != 2 {
			t.Errorf("%d gaps, %+v", len(rec.GapUs), rec.Error)
		}
	})
}

// If there are several answers in one, the end of the first does not end the others.
func TestEndOfSeveralAnswers(t *testing.T) {
	one := func(index int, text, finish string) string {
		return fmt.Sprintf(`data: {"choices":[{"index":%d,"delta":{"content":"%s"},"finish_reason":%s}],`+
			`"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}}`+"\n\n",
			index, text, finish)
	}
	u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
		take(r)
		text := one(0, "a", `"stop"`)
		fmt.Fprintf(conn, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(text), text)
		raw(conn).CloseWrite()
		r.ReadByte()
	})
	c := newTest(t, u, false, nil)
	for _, body := range []string{
		strings.Replace(body, "{", `{"n":2,`, 1), `{"model":"m","prompt":["a","b"],"stream":true}`,
	} {
		rec := c.Do(t.Context(), load.NewRequest(request.Request{Body: []byte(body)}))
		if rec.OK || rec.Error.Kind != record.KindTruncated {
			t.Errorf("%+v %+v", rec, rec.Error)
		}
	}
}
