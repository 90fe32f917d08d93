package main

import (
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
)

// transportFlags set how connections are made. Names are curl's if curl has the flag.
type transportFlags struct {
	NoResend    bool     `group:"connection" help:"Fail a request whose kept connection the server closes without an answer, rather than send it once more on a new one."`
	MaxAnswer   int64    `name:"max-answer-bytes" group:"connection" default:"0" placeholder:"N" help:"End an answer that is longer, after decompression, as a protocol error. Default: 64 MiB of a body or an event, 1 GiB of a stream."`
	NoTCPInfo   bool     `name:"no-tcp-info" group:"connection" help:"Do not record the kernel's round-trip times and retransmissions."`
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
	c := client.Connections{
		Headers: headers, HTTP2: f.HTTP2, NoKeepAlive: f.NoKeepAlive, Unix: f.UnixSocket, Bind: f.Bind, Resolve: f.Resolve,
		Insecure: f.Insecure, CACert: f.CACert, Cert: f.Cert, Key: f.Key,
	}
	switch {
	case f.Retries < 0:
		return client.Network{}, fault.Usage("", "--retries: %d is below 0", f.Retries)
	case f.MaxAnswer < 0:
		return client.Network{}, fault.Usage("", "--max-answer-bytes: %d is below 0", f.MaxAnswer)
	}
	return c.Network()
}
