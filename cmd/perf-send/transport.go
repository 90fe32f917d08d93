package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/mask"
)

// transportFlags say how connections are made. Names are curl's where curl has the flag.
type transportFlags struct {
	NoResend    bool     `group:"connection" help:"Fail a request whose kept connection the server closes without an answer, rather than send it once more on a new one."`
	MaxAnswer   int64    `name:"max-answer-bytes" group:"connection" default:"0" placeholder:"N" help:"End an answer that is longer, after decompression, as a protocol error. Default: 64 MiB of a body or an event, 1 GiB of a stream."`
	Retries     int      `group:"connection" default:"0" placeholder:"N" help:"Retry a request that had no answer, up to N times. Its clock is not restarted."`
	NoKeepAlive bool     `group:"connection" help:"Open a new connection for each request."`
	HTTP2       bool     `name:"http2" group:"connection" help:"Use HTTP/2 (h2 over https, h2c over http) instead of HTTP/1.1."`
	Compressed  bool     `group:"connection" help:"Accept compressed answers (gzip, zstd)."`
	Insecure    bool     `group:"connection" help:"Do not verify the server's certificate."`
	CACert      string   `name:"cacert" group:"connection" placeholder:"FILE" help:"PEM file of certificates to trust instead of the system's."`
	Cert        string   `group:"connection" placeholder:"FILE" help:"PEM file of the client certificate."`
	Key         string   `group:"connection" placeholder:"FILE" help:"PEM file of its private key. Default: in --cert."`
	UnixSocket  string   `group:"connection" placeholder:"PATH" help:"Connect to this socket instead of the URL's host."`
	Resolve     []string `sep:"none" group:"connection" placeholder:"HOST:PORT:ADDR" help:"Connect to ADDR for HOST:PORT. Can be repeated."`
	Bind        []string `group:"connection" placeholder:"ADDR" help:"Local addresses to connect from, used in turn: A,B."`
}

// network reads the flags.
func (f *transportFlags) network(headers map[string]string) (client.Network, error) {
	n := client.Network{HTTP2: f.HTTP2, NoKeepAlive: f.NoKeepAlive, Unix: f.UnixSocket}
	if f.Retries < 0 {
		return n, fault.Usage("", "--retries: %d is below 0", f.Retries)
	}
	if f.MaxAnswer < 0 {
		return n, fault.Usage("", "--max-answer-bytes: %d is below 0", f.MaxAnswer)
	}
	for name, value := range headers {
		if strings.EqualFold(name, "Connection") && strings.EqualFold(value, "close") {
			n.NoKeepAlive = true
		}
	}
	if f.HTTP2 && n.NoKeepAlive {
		return n, fault.Usage("leave one out", "--no-keep-alive: one connection of HTTP/2 carries many requests")
	}
	for _, b := range f.Bind {
		ip, err := netip.ParseAddr(strings.Trim(b, "[]"))
		if err != nil {
			return n, fault.Usage("an address looks like 192.0.2.7 or 2001:db8::7", "--bind: %q is not an IP address", b)
		}
		n.Bind = append(n.Bind, ip)
	}
	var err error
	if n.Resolve, err = resolve(f.Resolve); err != nil {
		return n, err
	}
	n.TLS, err = f.tls()
	return n, err
}

// resolve reads HOST:PORT:ADDR; an IPv6 address may stand in brackets.
func resolve(list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, r := range list {
		bad := fault.Usage("write --resolve HOST:PORT:ADDR, such as api.test:443:127.0.0.1",
			"--resolve: %q is not HOST:PORT:ADDR", r)
		host, rest, ok1 := strings.Cut(r, ":")
		if strings.HasPrefix(r, "[") {
			host, rest, ok1 = strings.Cut(r[1:], "]:")
		}
		port, addr, ok2 := strings.Cut(rest, ":")
		addr = strings.Trim(addr, "[]")
		if _, err := netip.ParseAddr(addr); err != nil || !ok1 || !ok2 || host == "" || port == "" {
			return nil, bad
		}
		m[strings.ToLower(net.JoinHostPort(host, port))] = addr
	}
	return m, nil
}

func (f *transportFlags) tls() (*tls.Config, error) {
	cfg := &tls.Config{InsecureSkipVerify: f.Insecure}
	if f.CACert != "" {
		pem, err := os.ReadFile(f.CACert)
		if err != nil {
			return nil, fault.Fail("", "--cacert: %w", err)
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.Fail("it must hold certificates in PEM", "--cacert: %s has none", f.CACert)
		}
	}
	switch {
	case f.Cert != "":
		key := f.Key
		if key == "" {
			key = f.Cert
		}
		pair, err := tls.LoadX509KeyPair(f.Cert, key)
		if err != nil {
			return nil, fault.Fail("--cert takes the certificate and --key its private key, both PEM", "--cert: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	case f.Key != "":
		return nil, fault.Usage("give the certificate, too", "--key: needs --cert")
	}
	return cfg, nil
}

// told reports the proxies of the environment, and users in URLs that replace the key.
func (f *flags) told(env *cli.Env, c *client.Client, servers []*url.URL) error {
	said := map[string]bool{}
	for _, u := range servers {
		proxy, from, err := c.Proxy(u)
		if err != nil {
			return fault.Usage("it looks like http://host:3128 or socks5://host:1080; NO_PROXY="+u.Hostname()+" goes without",
				"%w", err)
		}
		if proxy != nil && !said[u.Host] {
			said[u.Host] = true
			env.Say("requests to %s go through the proxy %s (%s)", u.Host, mask.URL(proxy.String()), from)
		}
		if u.User != nil && f.APIKey != "" && !said[""] {
			said[""] = true
			env.Say("--url has a user, which is sent as Authorization: Basic in place of the key")
		}
	}
	return nil
}

// more reads each --url after the first.
func (f *flags) more() ([]*url.URL, error) {
	var list []*url.URL
	for i := 1; i < len(f.URL); i++ {
		u, err := parseTarget(f.URL[i])
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}
