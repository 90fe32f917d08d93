package http1

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// closeWatcher reports that the peer closed a connection, by FIN or reset, as soon as the kernel knows of it.
//
// It serves connections that a net.Conn reads (TLS, unix sockets). The runtime's poller is edge-triggered and cannot
// tell readable from closed. It loses a close that comes while the connection is idle, or together with data. To find
// one by reading costs a system call for each request and each event. This second epoll set asks for nothing but closes,
// so it costs one call for each connection.
type closeWatcher struct {
	set *os.File
	raw syscall.RawConn

	mu       sync.Mutex
	last     uint64 // id
	onClosed map[uint64]func()
}

// newCloseWatcher returns nil if the system has no more file descriptors or epoll sets.
func newCloseWatcher() *closeWatcher {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil { // os.NewFile registers only such with the poller
		unix.Close(fd)
		return nil
	}
	w := &closeWatcher{set: os.NewFile(uintptr(fd), "epoll"), onClosed: map[uint64]func(){}}
	if w.raw, err = w.set.SyscallConn(); err != nil {
		w.set.Close()
		return nil
	}
	go w.run()
	return w
}

func (w *closeWatcher) close() {
	if w != nil {
		w.set.Close()
	}
}

// watch calls closed, once, when the peer closes c, at once if it already has. forget must be called before c is closed
// here.
func (w *closeWatcher) watch(c net.Conn, closed func()) (forget func(), err error) {
	if w == nil {
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
	w.mu.Lock()
	w.last++
	id := w.last
	w.onClosed[id] = closed
	w.mu.Unlock()
	forget = func() {
		w.mu.Lock()
		delete(w.onClosed, id)
		w.mu.Unlock()
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
	if err := w.raw.Control(add); err != nil {
		failed = err
	}
	if failed != nil {
		forget()
		return nil, failed
	}
	return forget, nil
}

func (w *closeWatcher) run() {
	events := make([]unix.EpollEvent, 128)
	var n int
	ready := func(fd uintptr) bool {
		var err error
		n, err = unix.EpollWait(int(fd), events, 0)
		return err != nil && err != unix.EINTR || n > 0
	}
	for w.raw.Read(ready) == nil {
		for _, e := range events[:max(n, 0)] {
			w.report(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32)
		}
	}
}

func (w *closeWatcher) report(id uint64) {
	w.mu.Lock()
	closed := w.onClosed[id]
	delete(w.onClosed, id)
	w.mu.Unlock()
	if closed != nil {
		closed()
	}
}
