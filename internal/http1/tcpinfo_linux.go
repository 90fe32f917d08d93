package http1

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"perfpipe/internal/rxtime"
)

// tcpInfo holds the beginning of the kernel's struct tcp_info. x/sys's GetsockoptTCPInfo allocates a whole one for each
// call.
type tcpInfo [152]byte

// The offsets of members.
const (
	offRTT     = 68  // µs, smoothed
	offRetrans = 100 // segments sent again, in all
	offMinRTT  = 148 // µs, the least of the last five minutes
)

// sampleEvery is how often a connection is asked, because the call costs as much as a twentieth of a short exchange.
const sampleEvery = 5 * time.Millisecond

// tcpWatch asks the kernel about one connection.
type tcpWatch struct {
	retrans uint32    // at the last sample
	at      time.Time // of the last sample
}

// sample sets what the kernel measured of a connection, unless it was asked just before.
func (w *tcpWatch) sample(fd uintptr, now time.Time, t *Timing) {
	if now.Sub(w.at) < sampleEvery {
		return
	}
	var info tcpInfo
	size := uint32(len(info))
	// unsafe: see sockMsg.
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, fd, unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < offRetrans+4 {
		return
	}
	w.at = now
	member := func(at int) uint32 { return binary.NativeEndian.Uint32(info[at:]) }
	t.Kernel = true
	t.RTT = time.Duration(member(offRTT)) * time.Microsecond
	if size >= offMinRTT+4 {
		t.MinRTT = time.Duration(member(offMinRTT)) * time.Microsecond
	}
	total := member(offRetrans)
	t.Retransmits, w.retrans = int(total-w.retrans), total
}

// Watch asks the kernel about a connection of net. It is safe for concurrent use.
type Watch struct {
	mu    sync.Mutex
	raw   syscall.RawConn
	watch tcpWatch
}

// NewWatch returns a Watch of c, or nil if c is not a TCP connection.
func NewWatch(c net.Conn) *Watch {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	switch own := c.(type) {
	case *socket:
		c = own.Conn
	case *rxtime.Conn:
		c = own.Conn
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return &Watch{raw: raw}
}

// Sample sets what the kernel measured of the connection, unless it was asked just before.
func (w *Watch) Sample(now time.Time, t *Timing) {
	if w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.raw.Control(func(fd uintptr) { w.watch.sample(fd, now, t) })
	}
}
