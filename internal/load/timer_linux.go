package load

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// timer wakes one goroutine at exact times. An idle Go program rounds its sleeps to 1 ms (runtime/netpoll_epoll.go); a
// timerfd that is read through the poller is about 0.1 ms late at p99. Its system calls never block and bypass the
// scheduler, which would take a slow one for one that blocks and start another thread.
type timer struct {
	mu    sync.Mutex
	file  *os.File // nil: sleep uses Go's timers
	raw   syscall.RawConn
	ready func(fd uintptr) bool // onReady, bound once
	ctx   context.Context       // its end interrupts a wait
	free  func() bool           // ends the watch on ctx

	wait  time.Duration // to be set; 0: it is set
	errno syscall.Errno
}

// newTimer opens a timer. If the system has none left, sleep uses Go's timers.
func newTimer() *timer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &timer{}
	}
	t := &timer{file: os.NewFile(uintptr(fd), "timerfd")}
	if t.raw, err = t.file.SyscallConn(); err != nil {
		t.file.Close()
		return &timer{}
	}
	t.ready = t.onReady
	return t
}

// close closes the timer.
func (t *timer) close() {
	if t.free != nil {
		t.free()
	}
	if t.file != nil {
		t.file.Close()
	}
}

// sleep waits until a time or the end of ctx, whose cause it returns.
func (t *timer) sleep(ctx context.Context, until time.Time) error {
	if t.file == nil {
		return waitUntil(ctx, until)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watch(ctx)
	for ctx.Err() == nil {
		if t.wait = time.Until(until); t.wait <= 0 {
			return nil
		}
		err := t.raw.Read(t.ready)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded): // ctx has ended, or its predecessor while it was replaced
			t.file.SetReadDeadline(time.Time{})
		case err != nil || t.errno != 0:
			return waitUntil(ctx, until)
		}
	}
	return context.Cause(ctx)
}

// watch makes the end of ctx interrupt a wait. Mostly ctx is that of the previous wait, and nothing changes.
func (t *timer) watch(ctx context.Context) {
	if t.ctx == ctx {
		return
	}
	if t.free != nil {
		t.free()
	}
	t.file.SetReadDeadline(time.Time{})
	t.ctx = ctx
	t.free = context.AfterFunc(ctx, func() { t.file.SetReadDeadline(time.Unix(1, 0)) })
}

// onReady sets the timer at its first call, and then reports whether it has expired. The poller calls it after it has
// begun to watch the file, so that no expiry is missed.
func (t *timer) onReady(fd uintptr) bool {
	if t.wait > 0 {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(t.wait))}
		t.wait = 0
		_, _, t.errno = syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
		return t.errno != 0
	}
	var expirations [8]byte
	_, _, t.errno = syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&expirations)), uintptr(len(expirations)))
	return t.errno != unix.EAGAIN
}
