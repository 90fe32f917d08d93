package client

import (
	"crypto/tls"
	"net/netip"

	"perfpipe/internal/http1"
)

// Network holds the options of connections. Its zero value is HTTP/1.1 with keep-alive and the proxies of the
// environment.
type Network struct {
	TLS         *tls.Config       // roots, certificates and what is not verified; nil: the system's
	HTTP2       bool              // HTTP/2: h2 over TLS, h2c (prior knowledge) without
	NoKeepAlive bool              // open a connection for each request
	Resolve     map[string]string // host:port → address, looked up before the DNS
	Unix        string            // path of a socket in the place of host and port
	Bind        []netip.Addr      // local addresses, used in turn
}

// dialer returns the dialer of all connections but those to proxies.
func (c *Config) dialer() *http1.Dialer {
	n := &c.Network
	d := &http1.Dialer{Timeout: c.ConnectTimeout, TLS: n.TLS, Resolve: n.Resolve, Unix: n.Unix, Bind: n.Bind}
	if n.HTTP2 {
		if d.TLS = n.TLS.Clone(); d.TLS == nil {
			d.TLS = new(tls.Config)
		}
		d.TLS.NextProtos = []string{"h2"}
	}
	return d
}

// http1 returns the options that the transports share.
func (c *Config) http1() http1.Config {
	return http1.Config{
		ReadTimeout: c.ReadTimeout, TotalTimeout: c.TotalTimeout, NoKeepAlive: c.Network.NoKeepAlive, NoResend: c.NoResend,
		Batch: c.Batch, Say: c.Say,
	}
}
