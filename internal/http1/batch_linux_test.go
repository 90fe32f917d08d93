package http1

import (
	"runtime"
	"testing"
	"time"
)

func TestBatcherGoesOnWhileThereIsEnoughToRead(t *testing.T) {
	b := openBatcher(50 * time.Microsecond)
	if b == nil {
		t.Fatal("no eventfd")
	}
	defer b.file.Close()
	if b.batches() {
		t.Error("goes on although nothing was read")
	}
	onReady := b.onReady // called twice in a cycle: before the poller looks and after it
	b.onReady = func(fd uintptr) bool { b.note(); return onReady(fd) }
	if !b.batches() {
		t.Error("does not go on with two reads in a cycle")
	}
	if n := b.reads.Load(); n != 2*batchCycles {
		t.Errorf("%d looks in %d cycles", n, batchCycles)
	}
}

func TestBatcherIsForOneProcessor(t *testing.T) {
	was := runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(was)
	for _, c := range []struct {
		procs int
		cycle time.Duration
		want  bool
	}{{1, time.Millisecond, true}, {1, 0, false}, {2, time.Millisecond, false}} {
		runtime.GOMAXPROCS(c.procs)
		b := newBatcher(&Config{Batch: c.cycle})
		if got := b != nil; got != c.want {
			t.Errorf("%d processors, cycle %v: %v", c.procs, c.cycle, got)
		}
		b.note()
		b.close()
	}
}
