package http1

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/clock"
)

// serveFunc serves one connection; n counts them from 0.
type serveFunc func(n int, c net.Conn, r *bufio.Reader)

// listen starts a server, over TLS if secure, and returns a client of it.
func listen(t *testing.T, secure bool, serve serveFunc) *client {
	t.Helper()
	return listenOver(t, secure, func(c net.Conn) net.Conn { return c }, serve)
}

// listenOver is like listen. The server's bytes pass through what under returns.
func listenOver(t *testing.T, secure bool, under func(net.Conn) net.Conn, serve serveFunc) *client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := new(Dialer)
	wrap := func(c net.Conn) net.Conn { return c }
	if secure {
		cert := httptest.NewUnstartedServer(nil)
		cert.StartTLS()
		defer cert.Close()
		d.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
		d.TLS.RootCAs.AddCert(cert.Certificate())
		wrap = func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{Certificates: cert.TLS.Certificates}) }
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				c := wrap(under(c))
				defer c.Close()
				serve(n, c, bufio.NewReader(c))
			})
		}
	})
	c := &client{Transport: New(Config{}, clock.New(), d)}
	c.origin = c.Origin(l.Addr().String(), secure)
	t.Cleanup(func() { c.Close(); l.Close(); wg.Wait() })
	return c
}

// client sends requests for streams to one server.
type client struct {
	*Transport
	origin *Origin
}

const body = `{"stream":true}`

// head is the length of a request's body.
type head int

func (h head) AppendHead(b []byte) []byte {
	return fmt.Appendf(b, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", int(h))
}

func (head) Again() {}

// ask sends body.
func (c *client) ask() (Timing, error) { return c.send(context.Background(), body) }

func (c *client) send(ctx context.Context, body string) (t Timing, err error) {
	now := time.Now()
	r := &Request{
		Origin: c.origin, Head: head(len(body)),
		Body: []byte(body), Stream: strings.Contains(body, `"stream":true`), Begun: now, Start: clock.New().At(now),
	}
	err = c.Do(ctx, r, &t, new(gathered))
	return t, err
}

// idle returns the idle connections.
func (c *client) idle() (all []conn) {
	c.origin.mu.Lock()
	defer c.origin.mu.Unlock()
	for _, i := range c.origin.idle {
		all = append(all, i.conn)
	}
	return all
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

const (
	chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	hello       = "data: hello\n\n"
)

// stream is a whole response.
var stream = fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", chunkedHead, len(hello), hello)

// overBoth runs a test over plain TCP and over TLS.
func overBoth(t *testing.T, f func(t *testing.T, start func(serveFunc) *client)) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "TLS"}[secure], func(t *testing.T) {
			f(t, func(serve serveFunc) *client { return listen(t, secure, serve) })
		})
	}
}

// raw returns the TCP connection below c.
func raw(c net.Conn) *net.TCPConn {
	if s, ok := c.(*tls.Conn); ok {
		c = s.NetConn()
	}
	return c.(*net.TCPConn)
}

// closings has each way to close a connection.
var closings = []struct {
	name  string
	close func(net.Conn)
}{
	{"FIN", func(c net.Conn) { raw(c).CloseWrite() }},
	{"close", func(c net.Conn) { c.Close() }},
	{"reset", func(c net.Conn) { raw(c).SetLinger(0); raw(c).Close() }},
}

// awaitClosed waits until the client knows that the server closed its idle connections.
func (c *client) awaitClosed() {
	for idle := range slices.Values(c.idle()) {
		for !idle.ended() {
			time.Sleep(time.Millisecond)
		}
	}
}

// An idle connection that the server has closed, however long ago, is not used: nothing is sent twice and nothing
// waits.
func TestIdleConnectionClosed(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		for _, e := range closings {
			closing := make(chan struct{})
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, stream)
				if n == 0 {
					<-closing
					e.close(conn)
				}
				r.ReadByte()
			})
			first, err1 := c.ask()
			close(closing)
			c.awaitClosed()
			second, err2 := c.ask()
			if err1 != nil || err2 != nil || second.Reused || second.Attempts != 1 {
				t.Errorf("%s: %+v %v\n%+v %v", e.name, first, err1, second, err2)
			}
		}
	})
}

// A server that closes each connection right after its response, while the client reuses it, costs no time.
func TestConnectionClosedAsItIsReused(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		for _, e := range closings {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, stream)
				e.close(conn)
				r.ReadByte()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a missed close would wait forever
			defer cancel()
			for range 200 {
				_, err := c.send(ctx, body)
				if err != nil && (e.name != "reset" || !ClosedByPeer(err)) { // which may overtake the response
					t.Fatalf("%s: %v", e.name, err)
				}
			}
		}
	})
}

// The close of a connection is seen even if it comes together with a chunk.
func TestCloseBehindAChunk(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		for _, e := range closings {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				fmt.Fprintf(conn, "%s%x\r\n%s\r\n", chunkedHead, len(hello), hello)
				e.close(conn)
				r.ReadByte()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for range 100 {
				if _, err := c.send(ctx, body); !ClosedByPeer(err) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s: %v", e.name, err)
				}
			}
		}
	})
}

// A connection that is closed while a long request is written counts as closed before: the request is sent again.
func TestConnectionClosedWhileWriting(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		long := strings.Repeat("x", 16<<20)
		for _, e := range closings[1:] {
			var taken atomic.Int64
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				if take(r); n == 1 {
					taken.Add(1)
				}
				io.WriteString(conn, stream)
				if n == 0 {
					r.ReadByte()
					e.close(conn)
				}
			})
			_, err1 := c.ask()
			second, err2 := c.send(t.Context(), long)
			if err1 != nil || err2 != nil || second.Attempts != 2 || taken.Load() != 1 {
				t.Errorf("%s: %v, %v, %d attempts, taken %d times", e.name, err1, err2, second.Attempts, taken.Load())
			}
		}
	})
}

// A request that the server read on a reused connection and dropped is sent again once, unless NoResend is set or the
// server held it for longer than the close of an idle connection can take.
func TestTakenAndDropped(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		for _, no := range []bool{false, true} {
			c := start(func(n int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, stream)
				take(r)
			})
			c.cfg.NoResend = no
			c.ask()
			second, err := c.ask()
			var e *Error
			if no && (!errors.As(err, &e) || e.Kind != kindTruncated || second.Attempts != 1) {
				t.Errorf("NoResend: %v, %d attempts", err, second.Attempts)
			}
			if !no && (err != nil || second.Attempts != 2 || second.Resent <= 0) {
				t.Errorf("%v, %d attempts, the last after %v", err, second.Attempts, second.Resent)
			}
		}
	})
	late := new(Config).Resend(3 * time.Second)
	const want = "the server took the request and closed the connection without an answer, 3 s later"
	if late == nil || late.Error() != want {
		t.Errorf("after 3 s: %v", late)
	}
}

// What a server sends to an idle connection, such as a 408 before it closes it, is not the response to the next
// request.
func TestSentToAnIdleConnection(t *testing.T) {
	sent := make(chan struct{})
	c := listen(t, false, func(n int, conn net.Conn, r *bufio.Reader) {
		take(r)
		io.WriteString(conn, stream)
		if n == 0 {
			io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			close(sent)
		}
		take(r)
	})
	_, err1 := c.ask()
	<-sent
	_, err2 := c.ask()
	if err1 != nil || err2 != nil {
		t.Errorf("%v, %v", err1, err2)
	}
}

// A server that closes its connections right after streams, though it announces to keep them, gets no request twice
// once that is known. Its other connections are reused.
func TestConnectionsClosedAfterStreams(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		c := start(func(n int, conn net.Conn, r *bufio.Reader) {
			for asked := take(r); asked != ""; asked = take(r) {
				if asked == body {
					io.WriteString(conn, stream)
					raw(conn).CloseWrite()
					return
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		})
		var log bytes.Buffer
		c.cfg.Say = func(format string, args ...any) { fmt.Fprintf(&log, format+"\n", args...) }
		twice := 0
		for range 20 {
			m, err := c.ask()
			if err != nil {
				t.Fatal(err)
			}
			if m.Attempts > 1 {
				twice++
			}
			c.awaitClosed()
		}
		if n := strings.Count(log.String(), "ends each connection"); twice > 0 || n != 1 || len(c.idle()) != 0 {
			t.Errorf("%d sent twice, logged %d times, %d connections kept", twice, n, len(c.idle()))
		}
		for i := range 3 {
			if m, err := c.send(t.Context(), "{}"); err != nil || m.Reused != (i > 0) {
				t.Errorf("body %d: %v, reused %v", i, err, m.Reused)
			}
		}
	})
}
