package main

import (
	"crypto/tls"
	"fmt"
	"strings"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
)

// transportFlags set how connections are made. Names are curl's where curl has the flag.
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
	var err error
	if n.Bind, err = client.ParseBind(f.Bind); err != nil {
		return n, fault.Usage("an address looks like 192.0.2.7 or 2001:db8::7", "--bind: %w", err)
	}
	if n.Resolve, err = client.ParseResolve(f.Resolve); err != nil {
		return n, fault.Usage("write --resolve HOST:PORT:ADDR, such as api.test:443:127.0.0.1", "--resolve: %w", err)
	}
	n.TLS, err = f.tls()
	return n, err
}

func (f *transportFlags) tls() (cfg *tls.Config, err error) {
	cfg = &tls.Config{InsecureSkipVerify: f.Insecure}
	if f.CACert != "" {
		if cfg.RootCAs, err = client.LoadRoots(f.CACert); err != nil {
			return nil, fmt.Errorf("--cacert: %w", err)
		}
	}
	if f.Cert == "" {
		if f.Key != "" {
			return nil, fault.Usage("give the certificate, too", "--key: needs --cert")
		}
		return cfg, nil
	}
	if cfg.Certificates, err = client.LoadCertificate(f.Cert, f.Key); err != nil {
		return nil, fault.Fail("--cert takes the certificate and --key its private key, both PEM", "--cert: %w", err)
	}
	return cfg, nil
}
