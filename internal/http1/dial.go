package http1

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"perfpipe/internal/rxtime"
)

// Dialer opens connections. It must not be copied after its first use.
type Dialer struct {
	Timeout time.Duration     // for the connection and TLS together; 0: none
	TLS     *tls.Config       // nil: the defaults
	Resolve map[string]string // host:port in lower case → address, looked up before the DNS
	Unix    string            // the path of a socket to connect to instead of host and port
	Bind    []netip.Addr      // local addresses, used in turn
	Times   bool              // TCP connections are *rxtime.Conn, which a Transport cannot use

	bound atomic.Uint64 // connections bound so far
}

// Open connects to addr, host:port, with TLS if overTLS, and sets the parts of t that are about the connection.
func (d *Dialer) Open(ctx context.Context, addr string, overTLS bool, t *Timing) (
	plain net.Conn, secure *tls.Conn, err error,
) {
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	if plain, err = d.Dial(ctx, addr, t); err != nil || !overTLS {
		return plain, nil, err
	}
	begin := time.Now()
	secure = tls.Client(underTLS(plain), d.tlsConfig(addr))
	if err := secure.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, nil, TLSError(ctx, addr, err)
	}
	t.TLS = time.Since(begin)
	return plain, secure, nil
}

// openBy is Open with a deadline; zero: none.
func (d *Dialer) openBy(ctx context.Context, by time.Time, addr string, overTLS bool, t *Timing) (
	plain net.Conn, secure *tls.Conn, err error,
) {
	ctx, cancel := until(ctx, by)
	defer cancel()
	return d.Open(ctx, addr, overTLS, t)
}

// until returns ctx with a deadline; zero: none.
func until(ctx context.Context, by time.Time) (context.Context, context.CancelFunc) {
	if by.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, by)
}

func (d *Dialer) tlsConfig(addr string) *tls.Config {
	cfg := d.TLS.Clone()
	if cfg == nil {
		cfg = new(tls.Config)
	}
	if host, _, err := net.SplitHostPort(addr); err == nil && cfg.ServerName == "" {
		cfg.ServerName = host
	}
	cfg.DynamicRecordSizingDisabled = true // a request is one write, which small records would split
	return cfg
}

// Dial connects to addr, host:port, without TLS, and sets t.DNS and t.Connect. Its errors are in plain words.
func (d *Dialer) Dial(ctx context.Context, addr string, t *Timing) (net.Conn, error) {
	begin := time.Now()
	if d.Unix != "" {
		var nd net.Dialer
		nc, err := nd.DialContext(ctx, "unix", d.Unix)
		if err != nil {
			return nil, dialError(d.Unix, err)
		}
		t.Connect = time.Since(begin)
		return nc, nil
	}
	targets, err := d.lookup(ctx, time.Time{}, addr, t)
	if err != nil {
		return nil, err
	}
	begin = time.Now()
	by, _ := ctx.Deadline()
	var nc net.Conn
	for i, target := range targets {
		nd := net.Dialer{LocalAddr: d.local(), Deadline: share(time.Now(), by, len(targets)-i)}
		if nc, err = nd.DialContext(ctx, "tcp", target); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, dialError(addr, err)
	}
	t.Connect = time.Since(begin)
	if d.Times {
		if times := rxtime.Of(nc); times != nil {
			return times, nil
		}
	}
	return nc, nil
}

// leastShare is the time that each of several addresses has at least. Package net has the same.
const leastShare = 2 * time.Second

// share returns by when the first of n addresses must be connected, so that those after it have their share of the time
// until the deadline by; zero: that is the only bound, or there is none.
func share(now, by time.Time, n int) time.Time {
	if by.IsZero() || n < 2 {
		return time.Time{}
	}
	left := by.Sub(now)
	return now.Add(max(left/time.Duration(n), min(left, leastShare)))
}

// lookup returns the addresses to try, in order. by is the deadline of a query of the DNS; zero: none but that of ctx.
func (d *Dialer) lookup(ctx context.Context, by time.Time, addr string, t *Timing) ([]string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fail(kindRequest, "%w", err)
	}
	if to, ok := d.Resolve[strings.ToLower(addr)]; ok {
		host = to
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []string{net.JoinHostPort(ip.String(), port)}, nil
	}
	ctx, cancel := until(ctx, by)
	defer cancel()
	begin := time.Now()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, dialError(addr, err)
	}
	t.DNS = time.Since(begin)
	// net.Dialer races the two families. Here IPv4 comes first, since servers under test often listen there only.
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	targets := make([]string, len(ips))
	for i, ip := range ips {
		targets[i] = net.JoinHostPort(ip.Unmap().String(), port)
	}
	return targets, nil
}

// local returns the next address of Bind; nil: the system chooses one.
func (d *Dialer) local() net.Addr {
	if len(d.Bind) == 0 {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.nextLocal(), 0))
}

func (d *Dialer) nextLocal() netip.Addr { return d.Bind[(d.bound.Add(1)-1)%uint64(len(d.Bind))] }
