package http1

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batcher makes a poller of a busy client read in batches, as network cards raise one interrupt for several packets. To
// sleep and be woken for a response can cost more processor time than to read it (7 µs beside 4 on a virtual machine:
// docs/accuracy.md). If that happens very often, the batcher keeps a processor asleep for the rest of a cycle before
// the poller looks for responses again. It does not change their times, since the kernel stamps them.
//
// Nothing is saved while another processor is awake, whose thread polls in the meantime. So each poller has a batcher,
// and there are none with more than maxBatchers processors, which are rarely all busy with reading.
type batcher struct {
	file    *os.File // an eventfd, with which the goroutine of run waits for the poller
	raw     syscall.RawConn
	onReady func(fd uintptr) bool // trigger, created once
	done    chan struct{}
	procs   int64         // of the process, each with a batcher
	least   time.Duration // length of a cycle

	cycle     time.Duration // between two polls
	triggered bool          // the eventfd of this cycle was made ready
	reads     atomic.Int64  // so far
	open      atomic.Int64  // exchanges under way
	ends      atomic.Int64  // exchanges that have ended so far
}

const (
	batchTick   = 50 * time.Millisecond // between two decisions to begin: from 5/4 sleeps a cycle on
	batchCycles = 64                    // between two decisions to go on: from 3/2 reads a cycle on
	batchLeast  = 32                    // exchanges under way: the wait is short beside the time that all of them take
	maxBatchers = 2
)

// newBatcher returns the batcher of one of procs pollers, or nil if there is nothing to save.
func newBatcher(cfg *Config, procs int) *batcher {
	if cfg.Batch == 0 || procs > maxBatchers {
		return nil
	}
	b := openBatcher(cfg.Batch, procs)
	if b != nil {
		go b.run()
	}
	return b
}

func openBatcher(least time.Duration, procs int) *batcher {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil
	}
	b := &batcher{
		file: os.NewFile(uintptr(fd), "eventfd"), done: make(chan struct{}),
		procs: int64(procs), least: least, cycle: least,
	}
	if b.raw, err = b.file.SyscallConn(); err != nil {
		b.file.Close()
		return nil
	}
	b.onReady = b.trigger
	return b
}

func (b *batcher) close() {
	if b != nil {
		close(b.done)
	}
}

// note counts a read whose bytes the kernel stamped.
func (b *batcher) note() {
	if b != nil {
		b.reads.Add(1)
	}
}

// began counts an exchange that has begun.
func (b *batcher) began() {
	if b != nil {
		b.open.Add(1)
	}
}

// ended counts an exchange that has ended.
func (b *batcher) ended() {
	if b != nil {
		b.open.Add(-1)
		b.ends.Add(1)
	}
}

// cycles is what was seen in a number of cycles.
type cycles struct {
	n     int64
	took  time.Duration
	reads int64
	ends  int64 // of exchanges
	open  int64 // exchanges under way at the beginning of each cycle, added up
}

// worth reports whether cycles of length d save processor time: the reads must be as frequent as 3/2 in each cycle of
// the least length, and enough exchanges under way.
func (c cycles) worth(d, least time.Duration, procs int64) bool {
	return time.Duration(2*c.reads)*least >= time.Duration(3*c.n)*d && c.open*procs >= c.n*batchLeast
}

// next returns the length of the next cycles. No exchange waits for more than an eighth of the time between two of its
// reads, so that no two reads are joined, or for more than a thousandth of its duration.
func (c cycles) next(least time.Duration) time.Duration {
	all := c.took * time.Duration(c.open) / time.Duration(max(1, c.n))
	longest := min(all/time.Duration(max(1, c.reads))/8, all/time.Duration(max(1, c.ends))/1000, time.Millisecond)
	return max(least, longest)
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
		n := min((sleeps()-slept)/b.procs, b.reads.Load()-read)
		if time.Duration(n)*b.least*4 > time.Since(then)*5 && b.open.Load()*b.procs >= batchLeast {
			b.cycle = b.least
			for b.batches() {
			}
		}
		then, slept, read = time.Now(), sleeps(), b.reads.Load()
	}
}

// batches runs batchCycles cycles and reports whether they were worth it.
func (b *batcher) batches() bool {
	begin, reads, ends, open := time.Now(), b.reads.Load(), b.ends.Load(), int64(0)
	last := begin
	for range batchCycles {
		open += b.open.Load()
		nap(b.cycle - time.Since(last))
		b.triggered = false
		if b.raw.Read(b.onReady) != nil {
			return false
		}
		last = time.Now()
		runtime.Gosched() // to the goroutines whose connections are ready
	}
	c := cycles{batchCycles, time.Since(begin), b.reads.Load() - reads, b.ends.Load() - ends, open}
	worth := c.worth(b.cycle, b.least, b.procs)
	b.cycle = c.next(b.least)
	return worth
}

// trigger makes the eventfd ready, so that the next poll wakes this goroutine together with those of connections.
func (b *batcher) trigger(fd uintptr) bool {
	if b.triggered {
		return true
	}
	b.triggered = true
	one := uint64(1)
	// unsafe: unix.Write would tell the scheduler of a call that does not block.
	syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
	return false
}

// nap puts the thread to sleep without freeing its processor for other goroutines.
func nap(d time.Duration) {
	if d <= 0 {
		return
	}
	spec := unix.NsecToTimespec(int64(d))
	syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 1, 0, 0, 0, 0) // of this thread; the default is 50 µs
	// unsafe: unix.Nanosleep would tell the scheduler, which would run others meanwhile.
	syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&spec)), 0, 0)
}

// sleeps returns how often the threads of this process have waited.
func sleeps() int64 {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return int64(ru.Nvcsw) // an int32 on some systems
}
