package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// overBoth runs a test over plain TCP and over TLS, on the fast transport.
func overBoth(t *testing.T, f func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client)) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "TLS"}[secure], func(t *testing.T) {
			f(t, func(serve func(int, net.Conn, *bufio.Reader)) *Client {
				if secure {
					u, trust := tlsScript(t, serve)
					return newTest(t, u, false, trust)
				}
				return newTest(t, script(t, serve), false, nil)
			})
		})
	}
}

// raw is the TCP connection below c.
func raw(c net.Conn) *net.TCPConn {
	if s, ok := c.(*tls.Conn); ok {
		c = s.NetConn()
	}
	return c.(*net.TCPConn)
}

// endings are the ways in which a server ends a connection.
var endings = []struct {
	name string
	end  func(net.Conn)
}{
	{"FIN", func(c net.Conn) { raw(c).CloseWrite() }},
	{"close", func(c net.Conn) { c.Close() }},
	{"reset", func(c net.Conn) { raw(c).SetLinger(0); raw(c).Close() }},
}

// idle returns the idle connections of a client's one server.
func idle(c *Client) []wire {
	p := c.fast.(*pool)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.origins {
		o.mu.Lock()
		defer o.mu.Unlock()
		var all []wire
		for _, w := range o.idle {
			all = append(all, w.wire)
		}
		return all
	}
	return nil
}

// An idle connection that the server has ended, however long ago, is not used: nothing is sent twice and nothing waits.
func TestIdleConnectionEnded(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		for _, e := range endings {
			ending := make(chan struct{})
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, chunked(hello, stop, done))
				if n == 0 {
					<-ending
					e.end(conn)
				}
				r.ReadByte()
			})
			first := ask(c)
			close(ending)
			for w := idle(c)[0]; !w.ended(); {
				time.Sleep(time.Millisecond)
			}
			second := ask(c)
			if !first.OK || !second.OK || second.Reused || second.Attempts != 0 {
				t.Errorf("%s: %+v %+v\n%+v %+v", e.name, first, first.Error, second, second.Error)
			}
		}
	})
}

// A server that ends each connection right after its answer, while the client takes it up again, costs no time.
func TestConnectionEndedAsItIsUsed(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		for _, e := range endings {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, chunked(hello, stop, done))
				e.end(conn)
				r.ReadByte()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a lost end waits for ever
			defer cancel()
			for range 200 {
				rec := c.Do(ctx, &request.Request{Body: []byte(body)})
				if !rec.OK && (e.name != "reset" || rec.Error.Kind != record.KindTruncated) { // which may overtake the answer
					t.Fatalf("%s: %+v", e.name, rec.Error)
				}
			}
		}
	})
}

// The end of a connection is seen though it comes together with a chunk.
func TestEndBehindAChunk(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		for _, e := range endings {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				fmt.Fprintf(conn, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(hello), hello)
				e.end(conn)
				r.ReadByte()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for range 100 {
				rec := c.Do(ctx, &request.Request{Body: []byte(body)})
				if rec.OK || rec.Error.Kind != record.KindTruncated {
					t.Fatalf("%s: %+v", e.name, rec.Error)
				}
			}
		}
	})
}

// A connection that ends while a long request is being written is as good as ended before: it is sent again.
func TestConnectionEndedWhileWriting(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		long := []byte(strings.Replace(body, "hi", strings.Repeat("x", 16<<20), 1))
		for _, e := range endings[1:] {
			var taken atomic.Int64
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				if take(r); n == 1 {
					taken.Add(1)
				}
				io.WriteString(conn, chunked(hello, stop, done))
				if n == 0 {
					r.ReadByte()
					e.end(conn)
				}
			})
			first := ask(c)
			second := c.Do(t.Context(), &request.Request{Body: long})
			if !first.OK || !second.OK || second.Attempts != 2 || taken.Load() != 1 {
				t.Errorf("%s: %+v, %d attempts, taken %d times", e.name, second.Error, second.Attempts, taken.Load())
			}
		}
	})
}

// A request that the server took on a kept connection and dropped is sent again once, and says so, unless that is not
// wanted or the server held it for longer than the end of an idle connection can take.
func TestTakenAndDropped(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		for _, no := range []bool{false, true} {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, chunked(hello, stop, done))
				take(r)
			})
			c.cfg.NoResend = no
			ask(c)
			rec := ask(c)
			if no && (rec.OK || rec.Error.Kind != record.KindTruncated || rec.Attempts != 0) {
				t.Errorf("--no-resend: %+v, %d attempts", rec.Error, rec.Attempts)
			}
			if !no && (!rec.OK || rec.Attempts != 2 || rec.ResentMs <= 0 || rec.ResentMs >= rec.TTFTMs) {
				t.Errorf("%+v, %d attempts, the last at %g ms, TTFT %g ms", rec.Error, rec.Attempts, rec.ResentMs, rec.TTFTMs)
			}
		}
	})
	late := new(Config).resend(3 * time.Second)
	if late == nil || late.Error() != "the server took the request and closed the connection without an answer, 3 s later" {
		t.Errorf("after 3 s: %v", late)
	}
}

// What a server says to an idle connection, such as a 408 before it ends it, is no answer to the next request.
func TestSaidToAnIdleConnection(t *testing.T) {
	said := make(chan struct{})
	c := newTest(t, script(t, func(n int, conn net.Conn, r *bufio.Reader) {
		take(r)
		io.WriteString(conn, chunked(hello, stop, done))
		if n == 0 {
			io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			close(said)
		}
		take(r)
	}), false, nil)
	first := ask(c)
	<-said
	second := ask(c)
	if !first.OK || !second.OK {
		t.Errorf("%+v, %+v", first.Error, second.Error)
	}
}

// A server that ends its connections right after streams, though it announces to keep them, gets no request sent twice
// once that is known. Its other connections are kept.
func TestConnectionsThatAreNotKept(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(func(int, net.Conn, *bufio.Reader)) *Client) {
		const whole = `{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`
		c := start(func(n int, conn net.Conn, r *bufio.Reader) {
			for asked := take(r); asked != ""; asked = take(r) {
				if strings.Contains(asked, `"stream":true`) {
					io.WriteString(conn, chunked(hello, stop, done))
					raw(conn).CloseWrite()
					return
				}
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(whole), whole)
			}
		})
		says := 0
		c.cfg.Say = func(format string, args ...any) { says += strings.Count(format, "ends each connection") }
		twice := 0
		for range 20 {
			rec := ask(c)
			if !rec.OK {
				t.Fatalf("%+v", rec.Error)
			}
			if rec.Attempts > 1 {
				twice++
			}
			for w := range slices.Values(idle(c)) { // each is ended before it is used again
				for !w.ended() {
					time.Sleep(time.Millisecond)
				}
			}
		}
		if twice > 0 || says != 1 || len(idle(c)) != 0 {
			t.Errorf("%d sent twice, said %d times, %d connections kept", twice, says, len(idle(c)))
		}
		short := []byte(strings.Replace(body, "true", "false", 1))
		for i := range 3 {
			if rec := c.Do(t.Context(), &request.Request{Body: short}); !rec.OK || rec.Reused != (i > 0) {
				t.Errorf("whole answer %d: %+v, reused %v", i, rec.Error, rec.Reused)
			}
		}
	})
}
