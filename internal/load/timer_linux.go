package load

import (
	"context"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Timer wakes one goroutine at exact times. Go's own sleep rounds to a millisecond where nothing else is to be done
// (runtime/netpoll_epoll.go); a timerfd read through the poller is late by about 0.1 ms at p99.
type Timer struct {
	mu   sync.Mutex
	fd   int
	file *os.File
}

// NewTimer opens a Timer. Where the system has none left, it waits in the plain way.
func NewTimer() *Timer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &Timer{}
	}
	return &Timer{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}
}

// Close frees it.
func (t *Timer) Close() {
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
	d := time.Until(until)
	if d <= 0 {
		return context.Cause(ctx)
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if err := unix.TimerfdSettime(t.fd, 0, &spec, nil); err != nil {
		return waitUntil(ctx, until)
	}
	stop := context.AfterFunc(ctx, func() { t.file.SetReadDeadline(time.Unix(1, 0)) })
	var expirations [8]byte
	_, err := t.file.Read(expirations[:])
	if !stop() { // ctx has ended, and its deadline is set or about to be: then the next call finds it
		t.file.SetReadDeadline(time.Time{})
		return context.Cause(ctx)
	}
	if err != nil {
		t.file.SetReadDeadline(time.Time{})
		return waitUntil(ctx, until)
	}
	return nil
}
