package client

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"llmperf/internal/record"
)

// fast is a lean HTTP/1.1 for plain TCP. It costs about half of what net/http does, for three reasons: the whole life of
// an exchange runs in one callback of the network poller, system calls are made without telling the scheduler (they do
// not block), and nothing is allocated for an exchange.
type fast struct {
	cfg   *Config
	clock *Clock

	mu   sync.Mutex
	idle map[string][]*conn // by address, the last used last
}

func newFast(cfg *Config, clock *Clock) transport {
	warmStamps()
	return &fast{cfg: cfg, clock: clock, idle: map[string][]*conn{}}
}

// warmStamps lets the kernel begin to stamp what it receives, which it does while any socket asks for it, from a short
// while after the first.
func warmStamps() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	enableStamps(fd) // left open for the life of the process, which is what it is for
}

func (f *fast) exchange(ctx context.Context, c *call, t *trip, s sink) error {
	cn := f.take(c.ep.addr)
	for {
		t.attempts++
		t.reused = cn != nil
		if cn == nil {
			var err error
			if cn, err = f.dial(ctx, c.ep.addr, t); err != nil {
				return err
			}
		}
		err := cn.roundTrip(ctx, c, t, s)
		if err == nil && cn.p.keep {
			f.put(c.ep.addr, cn)
			return nil
		}
		cn.close()
		// A kept connection that the server closed in the meantime: HTTP lets the client send again, once, where
		// nothing came back (RFC 9112 §9.3.1). The clock is not restarted.
		if err == nil || !t.reused || cn.p.begun() || t.attempts > 1 || !closedByPeer(err) {
			return err
		}
		cn = nil
	}
}

func closedByPeer(err error) bool {
	return errors.Is(err, errStale) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (f *fast) take(addr string) *conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.idle[addr]
	if len(l) == 0 {
		return nil
	}
	c := l[len(l)-1]
	f.idle[addr] = l[:len(l)-1]
	return c
}

func (f *fast) put(addr string, c *conn) {
	f.mu.Lock()
	f.idle[addr] = append(f.idle[addr], c)
	f.mu.Unlock()
}

func (f *fast) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.idle {
		for _, c := range l {
			c.close()
		}
	}
	clear(f.idle)
}

func (f *fast) preconnect(ctx context.Context, ep *endpoint, n int) error {
	f.mu.Lock()
	n -= len(f.idle[ep.addr])
	f.mu.Unlock()
	for range n {
		var t trip
		c, err := f.dial(ctx, ep.addr, &t)
		if err != nil {
			return err
		}
		f.put(ep.addr, c)
	}
	return nil
}

// dial opens a connection to host:port, and tells the cost of its parts.
func (f *fast) dial(ctx context.Context, addr string, t *trip) (*conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fail(record.KindRequest, "%w", err)
	}
	if f.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.cfg.ConnectTimeout)
		defer cancel()
	}
	begin := time.Now()
	ips := []netip.Addr{}
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = append(ips, ip)
	} else {
		if ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			return nil, dialError(addr, err)
		}
		// net.Dialer races the two families; here IPv4 goes first, since servers under test often listen there alone.
		slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
		now := time.Now()
		t.dns = int64(now.Sub(begin))
		begin = now
	}
	var nc net.Conn
	for _, ip := range ips {
		var d net.Dialer
		if nc, err = d.DialContext(ctx, "tcp", net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			break
		}
	}
	if err != nil {
		return nil, dialError(addr, err)
	}
	t.connect = int64(time.Since(begin))
	return newConn(nc.(*net.TCPConn), f)
}
