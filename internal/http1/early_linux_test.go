package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/clock"
)

// A server may respond, and close the connection, before it has read the request: the response counts, and the request
// has no time of sending.
func TestResponseBeforeTheRequestIsRead(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		long := strings.Repeat("x", 16<<20)
		c := start(func(_ int, conn net.Conn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err == nil {
				io.WriteString(conn, stream)
				raw(conn).Close() // resets the connection, since there is more to read
			}
		})
		for range 20 {
			timing, err := c.send(t.Context(), long)
			if err != nil || timing.Send != 0 {
				t.Fatalf("%v; sent in %v", err, timing.Send)
			}
		}
	})
}

// What a server sends on a new connection before the first request, and its end, belong to that request.
func TestAnswerToAConnection(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		c := start(func(_ int, conn net.Conn, _ *bufio.Reader) { io.WriteString(conn, stream) })
		if err := c.first(t); err != nil {
			t.Error(err)
		}
	})
	t.Run("alert", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		d := &Dialer{TLS: &tls.Config{InsecureSkipVerify: true}}
		c := &client{Transport: New(Config{}, clock.New(), d)}
		defer c.Close()
		addr := server.Listener.Addr().String()
		c.origin = c.Origin(addr, true)
		if got := kindOf(c.first(t)); got != "tls: "+addr+" refuses: certificate required" {
			t.Error(got)
		}
	})
}

// first sends a request on a new connection that the server is known to have closed.
func (c *client) first(t *testing.T) error {
	woken := make(chan struct{}, 1)
	timing := new(Timing)
	now := time.Now()
	r := &Request{
		Origin: c.origin, Head: head(len(body)), Body: []byte(body), Wake: func() { woken <- struct{}{} },
		Begun: now, Start: clock.New().At(now),
	}
	conn, err := c.open(context.Background(), c.origin, time.Time{}, nil, timing)
	if err != nil {
		return err
	}
	defer conn.close()
	for !conn.ended() {
		time.Sleep(time.Millisecond)
	}
	if ended, err := conn.start(t.Context(), r, timing, new(gathered)); ended {
		return err
	}
	<-woken
	return conn.result()
}

// A request that finds bytes on its idle connection is sent on another one, and that is its first attempt.
func TestStrayBytesBeforeARequest(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		answered := make(chan struct{})
		c := start(func(n int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, stream)
			if n == 0 {
				<-answered
				io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			}
			take(r)
		})
		if _, err := c.ask(); err != nil {
			t.Fatal(err)
		}
		close(answered)
		idle := c.origin.idle[0].conn.(*polledConn)
		for stray := false; !stray; time.Sleep(time.Millisecond) {
			idle.mu.Lock()
			stray = idle.stray
			idle.mu.Unlock()
		}
		if m, err := c.ask(); err != nil || m.Attempts != 1 || m.Reused {
			t.Errorf("%v, %d attempts, reused %t", err, m.Attempts, m.Reused)
		}
	})
}

// A 408 that crosses a request ends the idle connection: the server has not read the request. On a new connection it is
// the response.
func TestTimeoutOfAnIdleConnection(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(serveFunc) *client) {
		const late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		c := start(func(n int, conn net.Conn, r *bufio.Reader) {
			if take(r); n < 2 {
				io.WriteString(conn, stream)
				r.Peek(1) // the next request is on its way
			}
			io.WriteString(conn, late)
		})
		if _, err := c.ask(); err != nil {
			t.Fatal(err)
		}
		if m, err := c.ask(); err != nil || m.Attempts != 2 || m.Reused {
			t.Errorf("%v, %d attempts, reused %t", err, m.Attempts, m.Reused)
		}
		if m, err := c.ask(); err != nil || m.Attempts != 2 {
			t.Errorf("on a new connection: %v, %d attempts", err, m.Attempts)
		}
	})
}
