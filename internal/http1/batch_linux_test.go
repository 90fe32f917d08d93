package http1

import (
	"testing"
	"time"
)

func TestBatcherGoesOnWhileThereIsEnoughToRead(t *testing.T) {
	b := openBatcher(50*time.Microsecond, 1)
	if b == nil {
		t.Fatal("no eventfd")
	}
	defer b.file.Close()
	if b.batches() {
		t.Error("goes on although nothing was read")
	}
	for range batchLeast {
		b.began()
	}
	onReady := b.onReady // called twice in a cycle: before the poller looks and after it
	b.onReady = func(fd uintptr) bool { b.note(); return onReady(fd) }
	if !b.batches() {
		t.Error("does not go on with two reads in a cycle")
	}
	if n := b.reads.Load(); n != 2*batchCycles {
		t.Errorf("%d looks in %d cycles", n, batchCycles)
	}
	b.ended()
	if b.cycle = b.least; b.batches() {
		t.Error("goes on with few exchanges under way")
	}
}

func TestBatcherIsForFewProcessors(t *testing.T) {
	for _, c := range []struct {
		procs int
		cycle time.Duration
		want  bool
	}{{1, time.Millisecond, true}, {1, 0, false}, {2, time.Millisecond, true}, {3, time.Millisecond, false}} {
		b := newBatcher(&Config{Batch: c.cycle}, c.procs)
		if (b != nil) != c.want {
			t.Errorf("%d processors, cycle %v: %v", c.procs, c.cycle, b != nil)
		}
		b.began()
		b.note()
		b.ended()
		b.close()
	}
}

func TestBatchCycle(t *testing.T) {
	const least, took = 250 * time.Microsecond, 100 * time.Millisecond
	for _, c := range []struct {
		name  string
		open  int64
		reads int64
		ends  int64
		want  time.Duration
	}{
		{"one event in 20 ms, streams of 4 s", 1000, 5000, 25, time.Millisecond},
		{"one event in 4 ms, streams of 1 s", 1000, 25000, 100, 500 * time.Microsecond},
		{"one event in 1 ms", 1000, 100000, 100, least},
		{"exchanges of 0.5 s", 1000, 1000, 200, 500 * time.Microsecond},
		{"exchanges of 10 ms", 1000, 10000, 10000, least},
		{"nothing is read", 1000, 0, 0, time.Millisecond},
		{"most slots wait for tools", 20, 1200, 250, least},
	} {
		if got := (cycles{10, took, c.reads, c.ends, 10 * c.open}).next(least); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBatchingIsWorthIt(t *testing.T) {
	const least = 250 * time.Microsecond
	for _, at := range []struct {
		reads int64 // per second
		cycle time.Duration
		open  int64
		procs int64
		want  bool
	}{
		{50_000, time.Millisecond, 200, 1, true}, {6_000, time.Millisecond, 200, 1, true},
		{5_000, time.Millisecond, 200, 1, false}, {6_000, least, 200, 1, true}, {5_000, least, 200, 1, false},
		{50_000, least, 31, 1, false}, {50_000, least, 32, 1, true}, {50_000, least, 16, 2, true},
	} {
		c := cycles{n: batchCycles, reads: int64(float64(at.reads) * (batchCycles * at.cycle).Seconds())}
		c.open = c.n * at.open
		if got := c.worth(at.cycle, least, at.procs); got != at.want {
			t.Errorf("%d reads/s, cycle %v, %d under way, %d processors: %v", at.reads, at.cycle, at.open, at.procs, got)
		}
	}
}
