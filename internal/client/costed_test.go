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
	"strings"
	"testing"
	"time"

	"perfpipe/internal/record"
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
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, hello+done)
	}))
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
