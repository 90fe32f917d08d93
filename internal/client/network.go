package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"perfpipe/internal/record"
)

// Network says how connections are made. Its zero value is HTTP/1.1 on kept connections, with the proxies of the
// environment.
type Network struct {
	TLS         *tls.Config       // roots, certificates and what is not verified; nil: the system's
	HTTP2       bool              // speak HTTP/2: h2 over TLS, h2c (prior knowledge) without
	NoKeepAlive bool              // a connection for each request
	Resolve     map[string]string // host:port → address, asked before the DNS
	Unix        string            // path of a socket that takes the place of host and port
	Bind        []netip.Addr      // local addresses, taken in turn
}

// dialer makes the connections of one client.
type dialer struct {
	cfg  *Config
	next atomic.Uint64 // of Network.Bind
}

// open connects to the endpoint, with TLS where its scheme asks for it, and tells the cost of the parts.
func (d *dialer) open(ctx context.Context, ep *endpoint, t *trip) (plain net.Conn, secure *tls.Conn, err error) {
	if d.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.cfg.ConnectTimeout)
		defer cancel()
	}
	if plain, err = d.dial(ctx, ep.addr, t); err != nil || !ep.secure {
		return plain, nil, err
	}
	begin := time.Now()
	secure = tls.Client(stamps(plain), d.tlsConfig(ep.addr))
	if err := secure.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, nil, tlsError(ctx, ep.addr, err)
	}
	t.tls = int64(time.Since(begin))
	return plain, secure, nil
}

func (d *dialer) tlsConfig(addr string) *tls.Config {
	cfg := d.cfg.Network.TLS.Clone()
	if cfg == nil {
		cfg = new(tls.Config)
	}
	if host, _, err := net.SplitHostPort(addr); err == nil && cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if d.cfg.Network.HTTP2 {
		cfg.NextProtos = []string{"h2"}
	}
	cfg.DynamicRecordSizingDisabled = true // a request is one write, which small records would split
	return cfg
}

// dial opens a connection to host:port, or to what stands for it.
func (d *dialer) dial(ctx context.Context, addr string, t *trip) (net.Conn, error) {
	n := &d.cfg.Network
	begin := time.Now()
	if n.Unix != "" {
		var nd net.Dialer
		nc, err := nd.DialContext(ctx, "unix", n.Unix)
		if err != nil {
			return nil, dialError(n.Unix, err)
		}
		t.connect = int64(time.Since(begin))
		return nc, nil
	}
	targets, err := d.lookup(ctx, addr, t)
	if err != nil {
		return nil, err
	}
	begin = time.Now()
	var nc net.Conn
	for _, target := range targets {
		nd := net.Dialer{LocalAddr: d.local()}
		if nc, err = nd.DialContext(ctx, "tcp", target); err == nil {
			break
		}
	}
	if err != nil {
		return nil, dialError(addr, err)
	}
	t.connect = int64(time.Since(begin))
	return nc, nil
}

// lookup gives the addresses to try, in order.
func (d *dialer) lookup(ctx context.Context, addr string, t *trip) ([]string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fail(record.KindRequest, "%w", err)
	}
	if to, ok := d.cfg.Network.Resolve[strings.ToLower(addr)]; ok {
		host = to
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []string{net.JoinHostPort(ip.String(), port)}, nil
	}
	begin := time.Now()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, dialError(addr, err)
	}
	t.dns = int64(time.Since(begin))
	// net.Dialer races the two families; here IPv4 goes first, since servers under test often listen there alone.
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	targets := make([]string, len(ips))
	for i, ip := range ips {
		targets[i] = net.JoinHostPort(ip.Unmap().String(), port)
	}
	return targets, nil
}

// local is the next address of Bind.
func (d *dialer) local() net.Addr {
	bind := d.cfg.Network.Bind
	if len(bind) == 0 {
		return nil
	}
	ip := bind[(d.next.Add(1)-1)%uint64(len(bind))]
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))
}
