package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfpipe/internal/clock"
)

// deaf returns the address of a server with which no connection can be opened: the queue of those that it has not
// accepted is full.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	loopback := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(fd, loopback), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", localPort(fd))
	for {
		c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
}

// kindOf returns the kind and the text of an error.
func kindOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind + ": " + err.Error()
	}
	return fmt.Sprint(err)
}

// do sends a request to addr.
func do(ctx context.Context, d *Dialer, addr string) (Timing, error) {
	c := &client{Transport: New(Config{}, clock.New(), d)}
	defer c.Close()
	c.origin = c.Origin(addr, false)
	return c.send(ctx, body)
}

func TestConnectThatNeverEnds(t *testing.T) {
	addr := deaf(t)
	_, err := do(t.Context(), &Dialer{Timeout: 20 * time.Millisecond}, addr)
	if want := "connect_timeout: no connection to " + addr + " in time"; kindOf(err) != want {
		t.Errorf("got %s, want %s", kindOf(err), want)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	if _, err := do(ctx, new(Dialer), addr); kindOf(err) != "canceled: stop" {
		t.Errorf("got %s", kindOf(err))
	}
	if _, err := do(ctx, new(Dialer), addr); kindOf(err) != "canceled: stop" {
		t.Errorf("a context that has ended: got %s", kindOf(err))
	}
}

func TestConnectRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := do(t.Context(), new(Dialer), addr); kindOf(err) != "connect: connection refused by "+addr {
		t.Errorf("got %s", kindOf(err))
	}
}

// listenOn serves stream at an address.
func listenOn(t *testing.T, addr string) (port string, from chan string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	from = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		from <- host
		take(bufio.NewReader(c))
		io.WriteString(c, stream)
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, from
}

// A host with several addresses is tried at each of them, and that is one attempt, whose connection took all of that
// time.
func TestConnectTriesAllAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	const hang = 20 * time.Millisecond
	for first, least := range map[string]time.Duration{l.Addr().String(): 0, deaf(t): hang} {
		c := listen(t, false, func(_ int, c net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(c, stream)
		})
		begin := c.begin
		c.begin = func(ctx context.Context, o *Origin, by time.Time, targets []string, t *Timing) (conn, error) {
			nc, err := begin(ctx, o, by, targets, t)
			p := nc.(*polledConn)
			p.opening.targets = append([]netip.AddrPort{netip.MustParseAddrPort(first)}, p.opening.targets...)
			if least > 0 {
				time.AfterFunc(least, func() {
					p.mu.Lock()
					p.opening.race = time.Now()
					p.mu.Unlock()
					p.interrupt()
				})
			}
			return nc, err
		}
		m, err := c.ask()
		if err != nil || m.Attempts != 1 || m.Connect <= 0 || m.Connect < least/2 || m.Resent != 0 || m.Reused {
			t.Errorf("%s: %v, %d attempts, connected in %v", first, err, m.Attempts, m.Connect)
		}
	}
}

// A Dialer that continues a connection begins with the next address: the first one has had its time.
func TestOthers(t *testing.T) {
	c := connecting{}
	for _, addr := range []string{"10.0.0.1:80", "[::1]:80", "10.0.0.2:80"} {
		c.targets = append(c.targets, netip.MustParseAddrPort(addr))
	}
	if got := fmt.Sprint(c.others()); got != "[[::1]:80 10.0.0.2:80 10.0.0.1:80]" {
		t.Errorf("got %s", got)
	}
}

// A local address is for targets of its own family. Only a Dialer knows zones.
func TestTargetsOfALocalAddress(t *testing.T) {
	both := []string{"10.0.0.1:80", "[fd00::1]:80", "[::ffff:10.0.0.2]:80"}
	for _, c := range []struct {
		local   string
		targets []string
		want    string
		ok      bool
	}{
		{"", both, "[10.0.0.1:80 [fd00::1]:80 10.0.0.2:80]", true},
		{"10.0.0.9", both, "[10.0.0.1:80 10.0.0.2:80]", true},
		{"fd00::9", both, "[[fd00::1]:80]", true},
		{"fd00::9", both[:1], "[]", false},
		{"fe80::9%lo", both[1:2], "[]", false},
		{"", []string{"[fe80::1%lo]:80"}, "[]", false},
	} {
		var opening connecting
		if c.local != "" {
			opening.local = netip.MustParseAddr(c.local)
		}
		if ok := opening.setTargets(c.targets); ok != c.ok || fmt.Sprint(opening.targets) != c.want {
			t.Errorf("from %s to %v: %v, %t", c.local, c.targets, opening.targets, ok)
		}
	}
}

// A Dialer that continues a connection for lack of a local port has its addresses and its deadline.
func TestDialerHasTheTargets(t *testing.T) {
	c := connecting{targets: []netip.AddrPort{netip.MustParseAddrPort("[::1]:80")}, by: time.Now().Add(time.Second)}
	var to *toDial
	if err := c.skip("h:80", unix.EADDRNOTAVAIL); !errors.As(err, &to) {
		t.Fatalf("got %v", err)
	}
	if !slices.Equal(to.targets, []string{"[::1]:80"}) || to.by != c.by {
		t.Errorf("got %+v", to)
	}
}

func TestConnectFromAnAddress(t *testing.T) {
	port, from := listenOn(t, "127.0.0.1:0")
	d := &Dialer{Bind: []netip.Addr{netip.MustParseAddr("127.0.0.3")}}
	if _, err := do(t.Context(), d, "127.0.0.1:"+port); err != nil || <-from != "127.0.0.3" {
		t.Errorf("%v", err)
	}
	d = &Dialer{Bind: []netip.Addr{netip.MustParseAddr("192.0.2.1")}} // of no interface
	if _, err := do(t.Context(), d, "127.0.0.1:"+port); kindOf(err) == "<nil>" {
		t.Error("an address that is not ours was used")
	}
}

// The total timeout counts from the start of the exchange, so that it ends the opening of a connection, too.
func TestConnectWithinTheTotalTimeout(t *testing.T) {
	addr := deaf(t)
	for _, c := range []struct {
		name   string
		secure bool // opened by the Dialer
		d      *Dialer
	}{
		{"polled", false, new(Dialer)},
		{"polled, a longer connect timeout", false, &Dialer{Timeout: time.Second}},
		{"dialed", true, new(Dialer)},
		{"dialed, a longer connect timeout", true, &Dialer{Timeout: time.Second}},
	} {
		cl := &client{Transport: New(Config{TotalTimeout: 20 * time.Millisecond}, clock.New(), c.d)}
		cl.origin = cl.Origin(addr, c.secure)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := cl.send(ctx, body); kindOf(err) != "total_timeout: not answered whole in 20ms" {
			t.Errorf("%s: got %s", c.name, kindOf(err))
		}
		cancel()
		cl.Close()
	}
}

// The system may choose the port of the server for a connection to it, if both are on one machine.
func TestConnectToItself(t *testing.T) {
	for _, target := range []string{"127.0.0.1", "0.0.0.0"} {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		c := connecting{targets: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(target), uint16(localPort(fd)))}}
		if err := unix.Connect(fd, sockaddr(c.targets[0])); err != nil {
			t.Fatal(err)
		}
		if err := c.result(fd); !errors.Is(err, unix.EADDRNOTAVAIL) {
			t.Errorf("%s: got %v", target, err)
		}
	}
}

func TestConnectFromALinkLocalAddress(t *testing.T) {
	d := &Dialer{Bind: []netip.Addr{netip.MustParseAddr("fe80::1%lo")}}
	c, targets, err := d.connecting(t.Context(), "[::1]:80", time.Time{}, new(Timing))
	if c != nil || err != nil {
		t.Errorf("a poller connects from an address with a zone: %v, %v", c, err)
	}
	if !slices.Equal(targets, []string{"[::1]:80"}) {
		t.Errorf("a Dialer is to try %q", targets)
	}
}

// A goroutine that begins exchanges, and leaves the poller no time, sends them itself on the connections that it opens.
func TestConnectHelpsThePoller(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := openPoller(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	addr := l.Addr().String()
	var m Timing
	opening, _, err := new(Dialer).connecting(t.Context(), addr, time.Time{}, &m)
	if err != nil || opening == nil {
		t.Fatalf("%v, %v", opening, err)
	}
	c := polledConnOf(newConnConfig(&Config{}, clock.New()), addr, p)
	c.opening = opening
	woken := 0
	r := &Request{Head: head(len(body)), Body: []byte(body), Begun: time.Now(), Wake: func() { woken++ }}
	if ended, err := c.start(t.Context(), r, &m, new(gathered)); ended || err != nil {
		t.Fatalf("ended %t, %v", ended, err)
	}
	if m.Connect == 0 || m.Sent == 0 {
		t.Fatalf("the request is not sent: %+v", m)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if got := take(bufio.NewReader(server)); got != body {
		t.Errorf("the server got %q", got)
	}
	io.WriteString(server, stream)
	p.help()
	if err := c.result(); woken != 1 || err != nil {
		t.Errorf("woken %d times, %v", woken, err)
	}
	c.Close()
}
