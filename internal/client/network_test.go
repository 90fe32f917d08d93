package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// peer is a server of net/http that answers with a stream and records the requests.
type peer struct {
	*httptest.Server
	url   *url.URL
	roots *x509.CertPool

	mu   sync.Mutex
	seen []string // protocol and remote host of each request
}

func (p *peer) saw() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

func startPeer(t *testing.T, secure bool, change func(*httptest.Server)) *peer {
	t.Helper()
	p := &peer{roots: x509.NewCertPool()}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		p.mu.Lock()
		p.seen = append(p.seen, r.Proto+" "+host)
		p.mu.Unlock()
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, hello)
		http.NewResponseController(w).Flush()
		io.WriteString(w, world+stop+done)
	}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	if change != nil {
		change(p.Server)
	}
	if secure {
		p.StartTLS()
		p.roots.AddCert(p.Certificate())
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	p.url, _ = url.Parse(p.URL)
	return p
}

func (p *peer) trust(c *Config) { c.Network.TLS = &tls.Config{RootCAs: p.roots} }

func TestTLS(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		p := startPeer(t, true, nil)
		c := newTest(t, p.url, plain, p.trust)
		first, second := ask(c), ask(c)
		if !first.OK || !second.OK || first.TLSMs <= 0 || first.ConnectMs <= 0 || first.Reused || !second.Reused ||
			second.TLSMs != 0 || len(first.GapUs) != 1 {
			t.Errorf("%+v %+v\n%+v %+v", first, first.Error, second, second.Error)
		}
		if first.Clock != "kernel" && runtime.GOOS == "linux" {
			t.Errorf("clock %s", first.Clock)
		}
		if got := p.saw(); !slices.Equal(got, []string{"HTTP/1.1 127.0.0.1", "HTTP/1.1 127.0.0.1"}) {
			t.Errorf("saw %q", got)
		}
		if rec := ask(newTest(t, p.url, plain, nil)); rec.OK || rec.Error.Kind != record.KindTLS ||
			!strings.Contains(rec.Error.Message, "is not trusted") {
			t.Errorf("untrusted: %+v", rec.Error)
		}
		if rec := ask(newTest(t, p.url, plain,
			func(c *Config) { c.Network.TLS = &tls.Config{InsecureSkipVerify: true} })); !rec.OK {
			t.Errorf("insecure: %+v", rec.Error)
		}
	})
}

func TestClientCertificate(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		p := startPeer(t, true, func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		})
		if rec := ask(newTest(t, p.url, plain, p.trust)); rec.OK || rec.Error.Kind != record.KindTLS {
			t.Errorf("without: %+v", rec.Error)
		}
		rec := ask(newTest(t, p.url, plain, func(c *Config) {
			p.trust(c)
			c.Network.TLS.Certificates = p.TLS.Certificates // any will do
		}))
		if !rec.OK {
			t.Errorf("with: %+v", rec.Error)
		}
	})
}

func TestHTTP2(t *testing.T) {
	h2 := func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP2(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	for _, secure := range []bool{true, false} {
		p := startPeer(t, secure, h2)
		c := newTest(t, p.url, false, func(c *Config) { p.trust(c); c.Network.HTTP2 = true })
		first, second := ask(c), ask(c)
		if got := p.saw(); !first.OK || !second.OK || !second.Reused ||
			!slices.Equal(got, []string{"HTTP/2.0 127.0.0.1", "HTTP/2.0 127.0.0.1"}) {
			t.Errorf("TLS %v: %+v %+v, saw %q", secure, first.Error, second.Error, got)
		}
	}
	for _, secure := range []bool{true, false} {
		p := startPeer(t, secure, nil)
		rec := ask(newTest(t, p.url, false, func(c *Config) { p.trust(c); c.Network.HTTP2 = true }))
		if !rec.OK && !secure && rec.Error.Kind == record.KindTruncated {
			continue // the server's reset, which may overtake its answer, says no more
		}
		if rec.OK || rec.Error.Kind != record.KindProtocol || !strings.HasPrefix(rec.Error.Message, p.url.Host+
			" does not speak HTTP/2") {
			t.Errorf("a server of HTTP/1.1, TLS %v: %+v", secure, rec.Error)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		for _, secure := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "s")
			p := startPeer(t, secure, func(s *httptest.Server) {
				l, err := net.Listen("unix", path)
				if err != nil {
					t.Fatal(err)
				}
				s.Listener.Close()
				s.Listener = l
			})
			// which httptest's certificate names
			u := &url.URL{Scheme: map[bool]string{false: "http", true: "https"}[secure], Host: "example.com"}
			c := newTest(t, u, plain, func(c *Config) { p.trust(c); c.Network.Unix = path })
			first, second := ask(c), ask(c)
			if !first.OK || !second.OK || !second.Reused || first.Clock != "user" {
				t.Errorf("TLS %v: %+v %+v", secure, first.Error, second.Error)
			}
			rec := ask(newTest(t, u, plain, func(c *Config) { c.Network.Unix = path + "-none" }))
			if rec.OK || rec.Error.Kind != record.KindConnect {
				t.Errorf("no socket: %+v", rec.Error)
			}
		}
	})
}

func TestResolveAndBind(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		p := startPeer(t, true, nil)
		u := &url.URL{Scheme: "https", Host: "Example.com:" + p.url.Port()}
		c := newTest(t, u, plain, func(c *Config) {
			p.trust(c)
			c.Network.NoKeepAlive = true
			c.Network.Resolve = map[string]string{"example.com:" + p.url.Port(): "127.0.0.1"}
			if runtime.GOOS == "linux" { // which has all of 127.0.0.0/8
				c.Network.Bind = []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}
			}
		})
		for range 3 {
			if rec := ask(c); !rec.OK || rec.Reused || rec.TLSMs == 0 {
				t.Errorf("%+v %+v", rec, rec.Error)
			}
		}
		if got := p.saw(); runtime.GOOS == "linux" &&
			!slices.Equal(got, []string{"HTTP/1.1 127.0.0.2", "HTTP/1.1 127.0.0.3", "HTTP/1.1 127.0.0.2"}) {
			t.Errorf("saw %q", got)
		}
	})
}

func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	both(t, func(t *testing.T, plain bool) {
		p := startPeer(t, false, func(s *httptest.Server) { s.Listener = l })
		if rec := ask(newTest(t, p.url, plain, nil)); !rec.OK || !strings.HasPrefix(rec.URL, "http://[::1]:") {
			t.Errorf("%+v %+v", rec, rec.Error)
		}
		l, _ = net.Listen("tcp", "[::1]:0")
	})
	l.Close()
}

// Requests use the servers in turn, whichever goroutine sends them.
func TestSeveralServers(t *testing.T) {
	a, b := startPeer(t, false, nil), startPeer(t, false, nil)
	c := newTest(t, a.url, false, func(c *Config) { c.More = []*url.URL{b.url} })
	var got []string
	for range 4 {
		got = append(got, ask(c).URL)
	}
	want := []string{a.URL + "/v1/chat/completions", b.URL + "/v1/chat/completions"}
	if !slices.Equal(got, append(want, want...)) || len(a.saw()) != 2 || len(b.saw()) != 2 {
		t.Errorf("%q", got)
	}
}

// Preconnect opens connections to all servers, but not with HTTP/2.
func TestPreconnect(t *testing.T) {
	a, b := startPeer(t, false, nil), startPeer(t, false, nil)
	c := newTest(t, a.url, false, func(c *Config) { c.More = []*url.URL{b.url} })
	req := load.NewRequest(request.Request{Body: []byte(`{"messages":[],"model":"m"}`)})
	if err := c.Preconnect(t.Context(), req, 2); err != nil {
		t.Fatal(err)
	}
	if first, second := ask(c), ask(c); !first.Reused || !second.Reused || first.URL == second.URL {
		t.Errorf("%s reused %v, %s reused %v", first.URL, first.Reused, second.URL, second.Reused)
	}
	h2 := newTest(t, a.url, false, func(c *Config) { c.Network.HTTP2 = true })
	if err := h2.Preconnect(t.Context(), load.NewRequest(request.Request{Body: req.Body}), 2); !errors.Is(err,
		ErrNoPreconnect) {
		t.Errorf("HTTP/2: %v", err)
	}
}

// The connect timeout includes TLS: a server may accept the connection and remain silent.
func TestConnectTimeout(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(_ int, _ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })
		u.Scheme = "https"
		rec := ask(newTest(t, u, plain, func(c *Config) { c.ConnectTimeout = 20 * time.Millisecond }))
		if rec.OK || rec.Error.Kind != record.KindConnectTimeout {
			t.Errorf("%+v", rec.Error)
		}
	})
}

// tlsScript is script over TLS.
func tlsScript(t *testing.T, serve func(n int, c net.Conn, r *bufio.Reader)) (*url.URL, func(*Config)) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	defer cert.Close()
	roots := x509.NewCertPool()
	roots.AddCert(cert.Certificate())
	u := script(t, func(n int, c net.Conn, _ *bufio.Reader) {
		s := tls.Server(c, &tls.Config{Certificates: cert.TLS.Certificates})
		serve(n, s, bufio.NewReader(s))
		s.Close()
	})
	u.Scheme = "https"
	return u, func(c *Config) { c.Network.TLS = &tls.Config{RootCAs: roots} }
}

func TestTimeoutsOverTLS(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u, trust := tlsScript(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, head)
			r.ReadByte()
		})
		for kind, change := range map[string]func(*Config){
			record.KindReadTimeout: func(c *Config) { c.ReadTimeout = 20 * time.Millisecond },
			record.KindTotalTimeout: func(c *Config) {
				c.TotalTimeout, c.ReadTimeout = 20*time.Millisecond, time.Hour
			},
		} {
			rec := ask(newTest(t, u, plain, func(c *Config) { trust(c); change(c) }))
			if rec.OK || rec.Error.Kind != kind {
				t.Errorf("%s: %+v", kind, rec.Error)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		rec := newTest(t, u, plain, trust).Do(ctx, load.NewRequest(request.Request{Body: []byte(body)}))
		if rec.OK || rec.Error.Kind != record.KindCanceled {
			t.Errorf("cancel: %+v", rec.Error)
		}
	})
}

// If the server has closed the reused TLS connection, the request is sent again, too.
func TestReusedTLSConnectionClosed(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u, trust := tlsScript(t, func(n int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, chunked(hello, stop, done))
			take(r) // the next is read, and not answered
		})
		c := newTest(t, u, plain, trust)
		first, second := ask(c), ask(c)
		if !first.OK || first.Attempts != 0 || !second.OK || second.Reused || second.Attempts != 2 {
			t.Errorf("%+v\n%+v %+v", first, second, second.Error)
		}
	})
}

func TestLargeOverTLS(t *testing.T) {
	const size = 8 << 20
	u, trust := tlsScript(t, func(_ int, conn net.Conn, r *bufio.Reader) {
		if got := len(take(r)); got < size {
			t.Errorf("%d bytes came", got)
		}
		io.WriteString(conn, eof+`data: {"choices":[{"delta":{"content":"`+strings.Repeat("x", size)+`"}}]}`+"\n\n"+
			stop)
	})
	rec := newTest(t, u, false, func(c *Config) { trust(c); c.SaveOutput = true }).Do(t.Context(),
		load.NewRequest(request.Request{
			Body: fmt.Appendf(nil, `{"model":"m","messages":[{"role":"user","content":"%s"}]}`,
				strings.Repeat("y", size))}))
	if !rec.OK || len(rec.Output) != size {
		t.Errorf("%+v, %d bytes of output", rec.Error, len(rec.Output))
	}
}
