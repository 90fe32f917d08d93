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

// Timer wakes one goroutine at exact times. Go's own sleep rounds to a millisecond where nothing else is to be done
// (runtime/netpoll_epoll.go); a timerfd read through the poller is late by about 0.1 ms at p99. Its system calls do not
// block and are made without telling the scheduler: told, it takes one that is a little late for one that blocks, and
// goes on with another thread.
type Timer struct {
	mu    sync.Mutex
	file  *os.File
	raw   syscall.RawConn
	ready func(fd uintptr) bool // onReady, made once
	ctx   context.Context       // whose end interrupts a wait
	free  func() bool           // of the watch on ctx

	wait  time.Duration // to be set; 0: it is set
	errno syscall.Errno
}

// NewTimer opens a Timer. Where the system has none left, it waits in the plain way.
func NewTimer() *Timer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &Timer{}
	}
	t := &Timer{file: os.NewFile(uintptr(fd), "timerfd")}
	if t.raw, err = t.file.SyscallConn(); err != nil {
		t.file.Close()
		return &Timer{}
	}
	t.ready = t.onReady
	return t
}

// Close frees it.
func (t *Timer) Close() {
	if t.free != nil {
		t.free()
	}
	if t.file != nil {
		t.file.Close()
	}
}

// Sleep waits until the time or the end of ctx, whose cause is then the error.
func (t *Timer) Sleep(ctx context.Context, until time.Time) error {
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
		case errors.Is(err, os.ErrDeadlineExceeded): // ctx has ended, or the one before it, while it was being replaced
			t.file.SetReadDeadline(time.Time{})
		case err != nil || t.errno != 0:
			return waitUntil(ctx, until)
		}
	}
	return context.Cause(ctx)
}

// watch sees to it that the end of ctx interrupts a wait. It is mostly the ctx of the wait before.
func (t *Timer) watch(ctx context.Context) {
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

// onReady sets the timer, for the first time, and then says whether it has expired. The poller was made ready before, so
// that no expiry can be missed.
func (t *Timer) onReady(fd uintptr) bool {
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
