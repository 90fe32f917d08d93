package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// The error of a redirect has its target, resolved and without secrets.
func TestRedirect(t *testing.T) {
	for location, want := range map[string]string{
		"https://other.example/base/v1/chat/completions": "HTTP 307: redirected to " +
			"https://other.example/base/v1/chat/completions; hint: redirected",
		"/v1/chat/completions/": "HTTP 307: redirected to " +
			"http://ADDR/v1/chat/completions/; hint: redirected",
		"https://other.example/x?key=query-secret&alt=se": "HTTP 307: redirected to " +
			"https://other.example/x?key=***&alt=se; hint: redirected",
		"": "HTTP 307: no reason given",
	} {
		both(t, func(t *testing.T, plain bool) {
			u := script(t, func(n int, c net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: "+location+
					"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			})
			rec := ask(newTest(t, u, plain, nil))
			if want := strings.ReplaceAll(want, "ADDR", u.Host); rec.OK || rec.Error.Kind != record.KindHTTP ||
				rec.Error.Message != want {
				t.Errorf("%+v, want %s", rec.Error, want)
			}
		})
	}
}

// A server that speaks another protocol than the URL and the options have is recognized, with a hint.
func TestOtherProtocol(t *testing.T) {
	quiet := func(s *httptest.Server) { s.Config.ErrorLog = log.New(io.Discard, "", 0) }
	both(t, func(t *testing.T, plain bool) {
		check := func(name string, u url.URL, change func(*Config), kind, want string) {
			t.Helper()
			rec := ask(newTest(t, &u, plain, change))
			if rec.OK || rec.Error.Kind != kind || !strings.Contains(rec.Error.Message, want) ||
				strings.Contains(rec.Error.Message, "x509") {
				t.Errorf("%s: %+v, want %s: %s", name, rec.Error, kind, want)
			}
		}
		scheme := func(u *url.URL, s string) url.URL { v := *u; v.Scheme = s; return v }
		secure, open := startPeer(t, true, quiet), startPeer(t, false, quiet)
		check("http to https", scheme(secure.url, "http"), nil, record.KindHTTP, "; hint: wants-tls")
		check("https to http", scheme(open.url, "https"), nil, record.KindTLS, "does not speak TLS; hint: no-tls")
		check("self-signed", *secure.url, nil, record.KindTLS,
			"is not trusted: certificate signed by unknown authority; hint: unknown-issuer")
		check("other name", *secure.url, func(c *Config) {
			secure.trust(c)
			c.Network.TLS.ServerName = "other.example.org"
		}, record.KindTLS, "; hint: untrusted")
		check("http2 to http", *open.url, func(c *Config) { c.Network.HTTP2 = true }, record.KindProtocol,
			"does not speak HTTP/2; hint: no-http2")
		alert := script(t, func(n int, c net.Conn, r *bufio.Reader) {
			r.ReadString('\n')
			c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70})
		})
		check("alert", *alert, nil, record.KindProtocol, "the server speaks TLS; hint: wants-tls")
		settings := script(t, func(n int, c net.Conn, r *bufio.Reader) {
			r.ReadString('\n')
			c.Write([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100})
		})
		check("h2c", *settings, nil, record.KindProtocol, "the server speaks HTTP/2 alone; hint: wants-http2")
		ends := script(t, func(n int, c net.Conn, r *bufio.Reader) { r.ReadByte() })
		check("neither", scheme(ends, "https"), nil, record.KindTLS, "")
		garbage := script(t, func(n int, c net.Conn, r *bufio.Reader) { take(r); io.WriteString(c, "SSH-2.0-x\r\n") })
		check("SSH", *garbage, nil, record.KindProtocol, "SSH-2.0-x")
	})
}

func TestClientCertificateHint(t *testing.T) {
	p := startPeer(t, true, func(s *httptest.Server) { s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert} })
	rec := ask(newTest(t, p.url, false, p.trust))
	if rec.OK || !strings.HasSuffix(rec.Error.Message, "refuses: certificate required; hint: wants-cert") {
		t.Errorf("%+v", rec.Error)
	}
}

// The error of a truncated stream has the words of its dialect.
func TestTruncatedWords(t *testing.T) {
	for _, c := range []struct{ path, body, event, kind, want string }{
		{"/v1/chat/completions", `{"messages":[],"model":"m","stream":true}`,
			`data: {"choices":[{"delta":{"content":"a"}}]}`, "text/event-stream", "finish_reason and [DONE]"},
		{"/v1/messages", `{"messages":[],"model":"m","stream":true}`,
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`,
			"text/event-stream", "message_stop"},
		{"/v1/responses", `{"input":"a","model":"m","stream":true}`,
			`data: {"type":"response.output_text.delta","delta":"a"}`, "text/event-stream", "response.completed"},
		{"/generate_stream", `{"inputs":"a"}`, `data: {"token":{"text":"a"}}`, "text/event-stream", "generated_text"},
		{"/api/chat", `{"messages":[],"model":"m"}`, `{"message":{"content":"a"},"done":false}`, "application/x-ndjson",
			`"done": true`},
	} {
		u := script(t, func(n int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: "+c.kind+"\r\nConnection: close\r\n\r\n"+c.event+
				"\n\n")
		})
		u.Path = c.path
		rec := newTest(t, u, false, nil).Do(context.Background(),
			load.NewRequest(request.Request{Body: []byte(c.body)}))
		if want := "the stream ended without " + c.want; rec.OK || rec.Error.Kind != record.KindTruncated ||
			rec.Error.Message != want {
			t.Errorf("%s: %+v, want %s", c.path, rec.Error, want)
		}
	}
}
