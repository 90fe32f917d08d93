package client

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"perfpipe/internal/record"
)

// The variables of curl determine the proxy for a server.
func TestProxies(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		url  string
		want string // the proxy and its variable, or the error
	}{
		"none": {nil, "http://h/", " "},
		"http": {map[string]string{"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://q:1"}, "http://h/",
			"http://p:1 HTTP_PROXY"},
		"small letters": {map[string]string{"http_proxy": "p:1"}, "http://h/", "http://p:1 http_proxy"},
		"not for https": {map[string]string{"HTTP_PROXY": "http://p:1"}, "https://h/", " "},
		"https":         {map[string]string{"HTTPS_PROXY": "http://p:1"}, "https://h/", "http://p:1 HTTPS_PROXY"},
		"all":           {map[string]string{"ALL_PROXY": "socks5h://p:1"}, "http://h/", "socks5h://p:1 ALL_PROXY"},
		"all, https":    {map[string]string{"all_proxy": "socks5://p:1"}, "https://h/", "socks5://p:1 all_proxy"},
		"no": {map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "a,.h.example"},
			"http://x.h.example/", " "},
		"no, all": {map[string]string{"ALL_PROXY": "http://p:1", "no_proxy": "*"}, "http://h/", " "},
		"no, by range": {map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"},
			"http://10.1.2.3:8000/", " "},
		"no, another": {map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "example.org"}, "http://h/",
			"http://p:1 ALL_PROXY"},
		"this machine": {map[string]string{"ALL_PROXY": "http://p:1"}, "http://127.0.0.1:8000/", " "},
		"nonsense": {map[string]string{"ALL_PROXY": "http://"}, "http://h/",
			`ALL_PROXY: "http://" is not the URL of a proxy`},
		"nonsense unused": {map[string]string{"ALL_PROXY": "http://"}, "http://127.0.0.1/", " "},
		"socks4": {map[string]string{"ALL_PROXY": "socks4://p:1"}, "http://h/",
			"ALL_PROXY: socks4:// is not a proxy known here; there are http, https, socks5 and socks5h"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		proxy, from, err := newProxies(func(n string) string { return c.env[n] }).forURL(u)
		got := " "
		switch {
		case err != nil:
			got = err.Error()
		case proxy != nil:
			got = proxy.String() + " " + from
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The error of a proxy names it, without its password.
func TestProxyFails(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	answers := func(status string) string {
		return script(t, func(n int, c net.Conn, r *bufio.Reader) {
			if req, err := http.ReadRequest(r); err == nil {
				io.Copy(io.Discard, req.Body)
				io.WriteString(c, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
		}).Host
	}
	asks, hangs := answers("407 Proxy Authentication Required"), answers("502 Bad Gateway")
	talks := script(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if take(r) != "" {
			io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x46")
		}
	}).Host
	ends := script(t, func(_ int, c net.Conn, r *bufio.Reader) { take(r) }).Host
	socks := script(t, func(n int, c net.Conn, r *bufio.Reader) {}).Host
	for name, c := range map[string]struct{ proxy, url, kind, want string }{
		"down": {"http://" + gone.Addr().String(), "http://h.test/v1", record.KindConnect,
			"the proxy http://" + gone.Addr().String() + ": connection refused by"},
		"down, tunnel": {"http://" + gone.Addr().String(), "https://h.test/v1", record.KindConnect,
			"the proxy http://" + gone.Addr().String() + ": connection refused by"},
		"down, socks": {"socks5://" + gone.Addr().String(), "http://h.test/v1", record.KindConnect,
			"the proxy socks5://" + gone.Addr().String() + ": connection refused by"},
		"no name": {"http://proxy.invalid:1", "http://h.test/v1", record.KindConnect,
			"the proxy http://proxy.invalid:1: cannot resolve proxy.invalid:"},
		"no user, tunnel": {"http://me:pass-word@" + asks, "https://h.test/v1", record.KindConnect,
			"the proxy http://***@" + asks + " does not connect to h.test:443: Proxy Authentication Required"},
		"no user": {"http://me:pass-word@" + asks, "http://h.test/v1", record.KindHTTP,
			"HTTP 407: no reason given (through the proxy http://***@" + asks + ")"},
		"speaks TLS": {"http://" + talks, "http://h.test/v1", record.KindProtocol,
			"the proxy http://" + talks + " does not answer by HTTP/1.1: the server speaks TLS"},
		"gateway": {"http://" + hangs, "http://h.test/v1", record.KindHTTP,
			"HTTP 502: no reason given (through the proxy http://" + hangs + ")"},
		"ends the connection": {"http://" + ends, "http://h.test/v1", record.KindTruncated,
			"the server closed the connection before the end of its response (through the proxy http://" + ends + ")"},
		"no socks": {"socks5://" + socks, "http://h.test/v1", record.KindConnect, "the proxy socks5://" + socks +
			" does not connect to h.test:80: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ALL_PROXY", c.proxy)
			for _, n := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY",
				"no_proxy"} {
				t.Setenv(n, "")
			}
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			rec := ask(newTest(t, u, false, nil))
			if rec.OK || rec.Error.Kind != c.kind || !strings.HasPrefix(rec.Error.Message, c.want) ||
				strings.Contains(rec.Error.Message, "pass-word") {
				t.Errorf("%+v, want %s: %s", rec.Error, c.kind, c.want)
			}
		})
	}
}
