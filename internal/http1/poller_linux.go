package http1

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller reads the responses of many connections in one goroutine, with an epoll set of its own. The runtime's poller
// would wake a goroutine for each read, whose stack is cold in the processor's caches, and it can miss the close of a
// connection. The set is itself watched by the runtime's poller, so that nothing blocks a thread.
type poller struct {
	set   *os.File
	raw   syscall.RawConn
	batch *batcher // nil: none

	mu    sync.Mutex
	conns []*polledConn // by the lower half of their token; nil: none
	free  []uint32      // indexes into conns
	last  uint32        // upper half of the latest token, which tells connections apart that have had the same index

	serving sync.Mutex // held by the goroutine that serves connections, to which the following belong
	events  []unix.EpollEvent
	ready   []*polledConn // by the index of their event
	msg     sockMsg
	buf     []byte
}

const (
	pollEvents = 256      // at most, that one system call returns
	pollBuffer = 64 << 10 // bytes
)

func newPoller(batch *batcher) (*poller, error) {
	p, err := openPoller(batch)
	if err == nil {
		go p.raw.Read(p.onReady)
	}
	return p, err
}

// openPoller returns a poller without its goroutine.
func openPoller(batch *batcher) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	unix.SetNonblock(fd, true) // os.NewFile has only such files watched
	p := &poller{
		set: os.NewFile(uintptr(fd), "epoll"), batch: batch, buf: make([]byte, pollBuffer),
		events: make([]unix.EpollEvent, pollEvents), ready: make([]*polledConn, pollEvents),
	}
	if p.raw, err = p.set.SyscallConn(); err != nil {
		p.set.Close()
		return nil, err
	}
	return p, nil
}

func (p *poller) close() {
	p.batch.close()
	p.set.Close()
}

// add begins to watch c, whose token it sets.
func (p *poller) add(c *polledConn) error {
	p.mu.Lock()
	i := uint32(len(p.conns))
	if n := len(p.free) - 1; n >= 0 {
		i, p.free = p.free[n], p.free[:n]
	} else {
		p.conns = append(p.conns, nil)
	}
	p.last++
	c.token = uint64(p.last)<<32 | uint64(i)
	p.conns[i] = c
	p.mu.Unlock()
	var failed error
	err := p.raw.Control(func(set uintptr) {
		failed = unix.EpollCtl(int(set), unix.EPOLL_CTL_ADD, c.fd, &unix.EpollEvent{
			Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET,
			Fd:     int32(i), Pad: int32(c.token >> 32),
		})
	})
	if err == nil {
		err = os.NewSyscallError("epoll_ctl", failed)
	}
	if err != nil {
		p.remove(c)
	}
	return err
}

// remove ends the watch of c, whose file is closed next, which takes it out of the set.
func (p *poller) remove(c *polledConn) {
	i := uint32(c.token)
	p.mu.Lock()
	p.conns[i] = nil
	p.free = append(p.free, i)
	p.mu.Unlock()
}

// onReady serves the connections that are ready. It returns false to be called again when some are.
func (p *poller) onReady(set uintptr) bool {
	p.serving.Lock()
	defer p.serving.Unlock()
	return p.poll(set)
}

// help serves the connections that are ready, unless the poller does. A goroutine that begins many exchanges calls it
// after each connection that it begins to open: until it waits, the poller may not run, and the time for which open
// connections have to wait would count as the server's.
func (p *poller) help() {
	if p.serving.TryLock() {
		defer p.serving.Unlock()
		p.raw.Control(func(set uintptr) { p.poll(set) })
	}
}

// poll serves the connections that are ready. It returns false to be called again when some are.
func (p *poller) poll(set uintptr) bool {
	for {
		// unsafe: unix.EpollWait would tell the scheduler of a call that does not block, see sockMsg.
		r, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, set,
			uintptr(unsafe.Pointer(unsafe.SliceData(p.events))), uintptr(len(p.events)), 0, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return true
		}
		n := int(r)
		p.find(p.events[:n])
		for i := range n {
			if c := p.ready[i]; c != nil {
				p.ready[i] = nil
				c.onEvent(tokenOf(p.events[i]), p.events[i].Events)
			}
		}
		if n < len(p.events) {
			return false
		}
	}
}

// tokenOf returns the token of the connection that e is of.
func tokenOf(e unix.EpollEvent) uint64 { return uint64(uint32(e.Pad))<<32 | uint64(uint32(e.Fd)) }

// find sets ready for events.
func (p *poller) find(events []unix.EpollEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range events {
		p.ready[i] = p.conns[uint32(e.Fd)]
		if c := p.ready[i]; c != nil && c.token != tokenOf(e) {
			p.ready[i] = nil // an event of a connection that had the index before
		}
	}
}

// pollers are the pollers of a Transport, one for each processor. Connections are divided among them.
type pollers struct {
	all  []*poller
	next atomic.Uint32
}

// newPollers returns fewer than n pollers, or none, if the system has no more file descriptors or epoll sets.
func newPollers(n int, cfg *Config) *pollers {
	ps := new(pollers)
	for range n {
		batch := newBatcher(cfg, n)
		p, err := newPoller(batch)
		if err != nil {
			batch.close()
			break
		}
		ps.all = append(ps.all, p)
	}
	return ps
}

// pick returns the poller of the next connection; nil: there is none.
func (ps *pollers) pick() *poller {
	if len(ps.all) == 0 {
		return nil
	}
	return ps.all[ps.next.Add(1)%uint32(len(ps.all))]
}

func (ps *pollers) close() {
	for _, p := range ps.all {
		p.close()
	}
}
