package client

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// hangups reports the end of each connection it watches, FIN or reset, as soon as the kernel knows of it.
//
// The runtime's poller is edge-triggered and tells readable from ended no better than a read does. An end that comes
// while the connection lies idle, or together with data, is lost to it. To find such an end by reading costs a system
// call for each request and each event. This second epoll set asks for nothing but ends, so it costs one call for each
// connection.
type hangups struct {
	set *os.File
	raw syscall.RawConn

	mu   sync.Mutex
	last uint64
	ends map[uint64]func()
}

// newHangups returns nil if the system has no more file descriptors or watches.
func newHangups() *hangups {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil { // what os.NewFile goes by
		unix.Close(fd)
		return nil
	}
	h := &hangups{set: os.NewFile(uintptr(fd), "epoll"), ends: map[uint64]func(){}}
	if h.raw, err = h.set.SyscallConn(); err != nil {
		h.set.Close()
		return nil
	}
	go h.run()
	return h
}

func (h *hangups) close() {
	if h != nil {
		h.set.Close()
	}
}

// watch calls ended, once, when the peer ends the connection c, at once if it already has. The connection must be
// forgotten before it is closed.
func (h *hangups) watch(c net.Conn, ended func()) (forget func(), err error) {
	if h == nil {
		return nil, syscall.EMFILE
	}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, syscall.ENOTSUP
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.last++
	id := h.last
	h.ends[id] = ended
	h.mu.Unlock()
	forget = func() {
		h.mu.Lock()
		delete(h.ends, id)
		h.mu.Unlock()
	}
	var failed error
	add := func(set uintptr) {
		err := raw.Control(func(fd uintptr) {
			failed = unix.EpollCtl(int(set), unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{
				Events: unix.EPOLLRDHUP | unix.EPOLLET | unix.EPOLLONESHOT, Fd: int32(id), Pad: int32(id >> 32),
			})
		})
		if err != nil {
			failed = err
		}
	}
	if err := h.raw.Control(add); err != nil {
		failed = err
	}
	if failed != nil {
		forget()
		return nil, failed
	}
	return forget, nil
}

func (h *hangups) run() {
	events := make([]unix.EpollEvent, 128)
	var n int
	look := func(fd uintptr) bool {
		var err error
		n, err = unix.EpollWait(int(fd), events, 0)
		return err != nil && err != unix.EINTR || n > 0
	}
	for h.raw.Read(look) == nil {
		for _, e := range events[:max(n, 0)] {
			h.end(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32)
		}
	}
}

func (h *hangups) end(id uint64) {
	h.mu.Lock()
	ended := h.ends[id]
	delete(h.ends, id)
	h.mu.Unlock()
	if ended != nil {
		ended()
	}
}
