package client

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// viaProxy has the requests of a test go through a proxy.
func viaProxy(t *testing.T, proxy string) {
	for _, n := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(n, "")
	}
	t.Setenv("ALL_PROXY", proxy)
}

// tunnel is a proxy that waits before it connects to addr.
func tunnel(t *testing.T, wait time.Duration, addr string) string {
	return script(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		time.Sleep(wait)
		to, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer to.Close()
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer to.Close(); io.Copy(to, r) }()
		io.Copy(c, to)
	}).Host
}

// What the proxy does until there is a connection to the server is part of connecting, not of the server's time.
func TestTunnelIsConnecting(t *testing.T) {
	const wait = 50 * time.Millisecond
	server := httptest.NewTLSServer(streaming)
	defer server.Close()
	viaProxy(t, "http://"+tunnel(t, wait, server.Listener.Addr().String()))
	c := newTest(t, &url.URL{Scheme: "https", Host: "h.test", Path: "/v1/chat/completions"}, false, func(c *Config) {
		c.Network.TLS = &tls.Config{InsecureSkipVerify: true}
		c.ConnectTimeout = time.Minute
	})
	rec := ask(c)
	sum := rec.DNSMs + rec.ConnectMs + rec.TLSMs
	if !rec.OK || rec.ConnectMs < ms(wait.Microseconds()) || rec.TLSMs == 0 || sum > rec.HeadersMs {
		t.Errorf("connect %v ms, TLS %v ms, headers %v ms: %+v", rec.ConnectMs, rec.TLSMs, rec.HeadersMs, rec.Error)
	}
	if rec.Clock != "kernel" && runtime.GOOS == "linux" {
		t.Errorf("clock %s", rec.Clock)
	}
	if again := ask(c); !again.OK || !again.Reused || again.ConnectMs != 0 {
		t.Errorf("again: connect %v ms: %+v", again.ConnectMs, again.Error)
	}
}

// The connect timeout bounds what a proxy does until there is a connection to the server.
func TestConnectTimeoutOfProxies(t *testing.T) {
	silent := script(t, func(_ int, _ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }).Host
	for _, c := range []struct{ proxy, url string }{
		{"http://" + silent, "https://h.test/v1/chat/completions"},
		{"https://" + silent, "http://h.test/v1/chat/completions"},
		{"https://" + silent, "https://h.test/v1/chat/completions"},
		{"socks5://" + silent, "http://h.test/v1/chat/completions"},
		{"http://" + tunnel(t, 0, silent), "https://h.test/v1/chat/completions"},
	} {
		t.Run(c.proxy+" "+c.url, func(t *testing.T) {
			viaProxy(t, c.proxy)
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			rec := ask(newTest(t, u, false, func(c *Config) { c.ConnectTimeout = 50 * time.Millisecond }))
			if rec.OK || rec.Error.Kind != record.KindConnectTimeout ||
				!strings.HasPrefix(rec.Error.Message, "the proxy "+c.proxy+": no ") {
				t.Errorf("%+v", rec.Error)
			}
		})
	}
}

// A certificate that is not trusted is that of the proxy, or of the server behind it.
func TestCertificateOfProxies(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	at := server.Listener.Addr().String()
	for proxy, want := range map[string]string{
		"https://" + at:              "the certificate of " + at + " is not trusted: ",
		"http://" + tunnel(t, 0, at): "the certificate of h.test:443 is not trusted: ",
	} {
		t.Run(proxy, func(t *testing.T) {
			viaProxy(t, proxy)
			rec := ask(newTest(t, &url.URL{Scheme: "https", Host: "h.test", Path: "/v1/chat/completions"}, false, nil))
			if rec.OK || rec.Error.Kind != record.KindTLS || !strings.HasPrefix(rec.Error.Message, want) {
				t.Errorf("%+v, want %s", rec.Error, want)
			}
		})
	}
}

// streaming answers with a stream.
var streaming = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, hello+done)
})

// overHTTP2 returns a client for HTTP/2 through a tunnel to addr.
func overHTTP2(t *testing.T, wait time.Duration, addr string) *Client {
	viaProxy(t, "http://"+tunnel(t, wait, addr))
	return newTest(t, &url.URL{Scheme: "https", Host: "h.test", Path: "/v1/chat/completions"}, false, func(c *Config) {
		c.Network.TLS, c.Network.HTTP2 = &tls.Config{InsecureSkipVerify: true}, true
	})
}

// Requests that share a connection of HTTP/2 wait for it once: none is sent twice, and the wait is not the server's.
func TestTunnelOfHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(streaming)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	const wait = 100 * time.Millisecond
	c := overHTTP2(t, wait, server.Listener.Addr().String())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			rec := ask(c)
			opening := rec.DNSMs + rec.ConnectMs + rec.TLSMs + rec.StreamWaitMs
			waited := rec.HeadersMs > ms(wait.Microseconds())
			if !rec.OK || rec.Attempts != 0 || rec.ResentMs != 0 || waited && opening < ms(wait.Microseconds())/2 {
				t.Errorf("%d attempts, resent %v, opening %v of %v ms until the header, %+v", rec.Attempts, rec.ResentMs,
					opening, rec.HeadersMs, rec.Error)
			}
		})
	}
	group.Wait()
}

// What HTTP/1.1 answers is not measured as HTTP/2.
func TestTunnelWithoutHTTP2(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates}) // no ALPN
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, streaming)
	defer l.Close()
	rec := ask(overHTTP2(t, 0, l.Addr().String()))
	if rec.OK || !strings.HasPrefix(rec.Error.Message, "h.test:443 does not speak HTTP/2") {
		t.Errorf("%+v", rec.Error)
	}
}

// A proxy may respond, and close the connection, before it has read the request.
func TestProxyRefusesEarly(t *testing.T) {
	viaProxy(t, "http://"+script(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			io.WriteString(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
		}
	}).Host)
	c := newTest(t, &url.URL{Scheme: "http", Host: "h.test", Path: "/v1/chat/completions"}, false, nil)
	long := strings.Replace(body, "{", `{"user":"`+strings.Repeat("x", 8<<20)+`",`, 1)
	for range 20 {
		rec := c.Do(t.Context(), load.NewRequest(request.Request{Body: []byte(long)}))
		if rec.Status != http.StatusRequestEntityTooLarge || rec.Attempts != 0 {
			t.Fatalf("%d attempts, %+v", rec.Attempts, rec.Error)
		}
	}
}
