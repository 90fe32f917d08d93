package client

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batcher lets a busy client that has one processor read in batches, as network cards raise one interrupt for several
// packets. To be put to sleep and woken for an answer can cost more processor time than to read it (7 µs beside 4 on a
// virtual machine: docs/accuracy.md). When that happens very often, the batcher holds the processor for what is left of a
// cycle before the poller looks again. The times of the answers are not touched by that, since the kernel stamps them.
//
// With a second processor, another thread would look in the meantime, and nothing would be won.
type batcher struct {
	file  *os.File // an eventfd, by which one goroutine has the poller look
	raw   syscall.RawConn
	look  func(fd uintptr) bool // onReady, made once
	done  chan struct{}
	cycle time.Duration // between two looks

	looked bool         // the poller was asked to
	reads  atomic.Int64 // so far
}

const (
	batchTick   = 50 * time.Millisecond // between two judgements of whether to begin: from 5/4 sleeps a cycle on
	batchCycles = 64                    // between two judgements of whether to go on: from 3/2 reads a cycle on
)

// newBatcher gives nil where nothing is to be won.
func newBatcher(cfg *Config) *batcher {
	if cfg.Batch == 0 || runtime.GOMAXPROCS(0) > 1 {
		return nil
	}
	b := openBatcher(cfg.Batch)
	if b != nil {
		go b.run()
	}
	return b
}

func openBatcher(cycle time.Duration) *batcher {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil
	}
	b := &batcher{file: os.NewFile(uintptr(fd), "eventfd"), done: make(chan struct{}), cycle: cycle}
	if b.raw, err = b.file.SyscallConn(); err != nil {
		b.file.Close()
		return nil
	}
	b.look = b.onReady
	return b
}

func (b *batcher) close() {
	if b != nil {
		close(b.done)
	}
}

// note counts a read whose bytes were stamped.
func (b *batcher) note() {
	if b != nil {
		b.reads.Add(1)
	}
}

func (b *batcher) run() {
	defer b.file.Close()
	tick := time.NewTicker(batchTick)
	defer tick.Stop()
	then, slept, read := time.Now(), sleeps(), b.reads.Load()
	for {
		select {
		case <-b.done:
			return
		case <-tick.C:
		}
		if n := min(sleeps()-slept, b.reads.Load()-read); time.Duration(n)*b.cycle*4 > time.Since(then)*5 {
			for b.batches() {
			}
		}
		then, slept, read = time.Now(), sleeps(), b.reads.Load()
	}
}

// batches goes through some cycles and says whether they were worth it.
func (b *batcher) batches() bool {
	before, last := b.reads.Load(), time.Now()
	for range batchCycles {
		nap(b.cycle - time.Since(last))
		b.looked = false
		if b.raw.Read(b.look) != nil {
			return false
		}
		last = time.Now()
		runtime.Gosched() // to those who got something
	}
	return 2*(b.reads.Load()-before) >= 3*batchCycles
}

// onReady makes the eventfd ready, so that this goroutine is among those that the poller finds when it looks.
func (b *batcher) onReady(fd uintptr) bool {
	if b.looked {
		return true
	}
	b.looked = true
	one := uint64(1)
	syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
	return false
}

// nap keeps the processor from everything else for so long.
func nap(d time.Duration) {
	if d <= 0 {
		return
	}
	spec := unix.NsecToTimespec(int64(d))
	syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 1, 0, 0, 0, 0) // of this thread: 50 µs unless told
	syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&spec)), 0, 0)
}

// sleeps is how often the threads of this process have waited.
func sleeps() int64 {
	return int64(usage().Nvcsw) // an int32 on some systems
}
