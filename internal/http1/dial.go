package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
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

	Say func(format string, args ...any) // is called for facts, for each once; may be nil

	bound atomic.Uint64 // connections bound so far

	mu    sync.Mutex
	turns map[string]int // lookups of each host so far
}

// Open connects to addr, host:port, with TLS if overTLS, and sets the parts of t that are about the connection.
func (d *Dialer) Open(ctx context.Context, addr string, overTLS bool, t *Timing) (
	plain net.Conn, secure *tls.Conn, err error,
) {
	return d.openBy(ctx, time.Time{}, nil, addr, overTLS, t)
}

// openBy is Open with a deadline; zero: none. It tries the targets; nil: those of a lookup.
func (d *Dialer) openBy(ctx context.Context, by time.Time, targets []string, addr string, overTLS bool, t *Timing) (
	plain net.Conn, secure *tls.Conn, err error,
) {
	ctx, cancel := until(ctx, by)
	defer cancel()
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	if plain, err = d.dial(ctx, targets, addr, t); err != nil || !overTLS {
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
	return d.dial(ctx, nil, addr, t)
}

// dial is Dial with targets; nil: those of a lookup.
func (d *Dialer) dial(ctx context.Context, targets []string, addr string, t *Timing) (net.Conn, error) {
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
	if targets == nil {
		var err error
		if targets, err = d.lookup(ctx, time.Time{}, addr, t); err != nil {
			return nil, err
		}
	}
	begin = time.Now()
	nc, err := race(ctx, targets, func(ctx context.Context, target string) (net.Conn, error) {
		nd := net.Dialer{LocalAddr: d.local()}
		return nd.DialContext(ctx, "tcp", target)
	})
	if err != nil {
		t.Connect = 0
		return nil, dialError(addr, err)
	}
	t.Connect += time.Since(begin)
	if d.Times {
		if times := rxtime.Of(nc); times != nil {
			return times, nil
		}
	}
	return nc, nil
}

// attemptDelay is how long an address may take before the next one is tried as well (RFC 8305, section 5).
const attemptDelay = 250 * time.Millisecond

// race returns the first connection to one of the targets. Each of them is tried as soon as the one before has failed,
// or has not answered for attemptDelay.
func race(ctx context.Context, targets []string, dial func(ctx context.Context, target string) (net.Conn, error)) (
	net.Conn, error,
) {
	if len(targets) == 1 {
		return dial(ctx, targets[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		nc  net.Conn
		err error
	}
	results := make(chan result)
	next := time.NewTimer(0)
	defer next.Stop()
	for tried, pending := 0, 0; ; {
		select {
		case <-next.C:
			target := targets[tried]
			go func() {
				nc, err := dial(ctx, target)
				results <- result{nc, err}
			}()
			pending++
			if tried++; tried < len(targets) {
				next.Reset(attemptDelay)
			}
			continue
		case r := <-results:
			pending--
			switch {
			case r.err == nil || ctx.Err() != nil, pending == 0 && tried == len(targets):
				go func() {
					for range pending {
						if late := <-results; late.err == nil {
							late.nc.Close()
						}
					}
				}()
				return r.nc, r.err
			case tried < len(targets):
				next.Reset(0)
			}
		}
	}
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
	t.DNS += time.Since(begin)
	ips = d.inTurn(host, ips)
	targets := make([]string, len(ips))
	for i, ip := range ips {
		targets[i] = net.JoinHostPort(ip.String(), port)
	}
	return targets, nil
}

// inTurn returns the addresses of host in the order in which to try them. Each call puts another one first, so that
// connections are spread evenly, whatever the order in which the DNS returns them. IPv4 comes first, since servers
// under test often listen there only, and the families alternate, so that one that cannot be reached costs one attempt.
func (d *Dialer) inTurn(host string, ips []netip.Addr) []netip.Addr {
	var v4, v6 []netip.Addr
	for _, ip := range slices.SortedFunc(slices.Values(ips), netip.Addr.Compare) {
		if ip = ip.Unmap(); ip.Is4() {
			v4 = append(v4, ip)
		} else {
			v6 = append(v6, ip)
		}
	}
	d.mu.Lock()
	if d.turns == nil {
		d.turns = map[string]int{}
	}
	turn := d.turns[host]
	d.turns[host]++
	d.mu.Unlock()
	if n := cmp.Or(len(v4), len(v6)); turn == 0 && n > 1 && d.Say != nil {
		d.Say("%s has %d addresses: connections are opened to each in turn", host, n)
	}
	list := make([]netip.Addr, 0, len(ips))
	for i := 0; len(list) < len(ips); i++ {
		for _, family := range [...][]netip.Addr{v4, v6} {
			if i < len(family) {
				list = append(list, family[(turn+i)%len(family)])
			}
		}
	}
	return list
}

// local returns the next address of Bind; nil: the system chooses one.
func (d *Dialer) local() net.Addr {
	if len(d.Bind) == 0 {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.nextLocal(), 0))
}

func (d *Dialer) nextLocal() netip.Addr { return d.Bind[(d.bound.Add(1)-1)%uint64(len(d.Bind))] }
