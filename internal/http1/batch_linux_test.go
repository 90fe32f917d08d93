package http1

import (
	"testing"
	"time"
)

func TestBatcherGoesOnWhileThereIsEnoughToRead(t *testing.T) {
	b := openBatcher(50*time.Microsecond, 0, 1) // no exchanges: the cycles keep their length
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

func TestBatcherIsForFewProcessors(t *testing.T) {
	for _, c := range []struct {
		procs int
		cycle time.Duration
		want  int // exchanges; 0: no batcher
	}{{1, time.Millisecond, 64}, {1, 0, 0}, {2, time.Millisecond, 32}, {3, time.Millisecond, 0}} {
		b := newBatcher(&Config{Batch: c.cycle, Exchanges: 64}, c.procs)
		got := 0
		if b != nil {
			got = b.cycles.exchanges
		}
		if got != c.want {
			t.Errorf("%d processors, cycle %v: %d exchanges, want %d", c.procs, c.cycle, got, c.want)
		}
		b.note()
		b.close()
	}
}

func TestBatchCycle(t *testing.T) {
	const least, took = 250 * time.Microsecond, 100 * time.Millisecond
	for _, c := range []struct {
		name      string
		exchanges int
		reads     int64
		ends      int64
		want      time.Duration
	}{
		{"one event in 20 ms, streams of 4 s", 1000, 5000, 25, time.Millisecond},
		{"one event in 4 ms, streams of 1 s", 1000, 25000, 100, 500 * time.Microsecond},
		{"one event in 1 ms", 1000, 100000, 100, least},
		{"exchanges of 0.5 s", 1000, 1000, 200, 500 * time.Microsecond},
		{"exchanges of 10 ms", 1000, 10000, 10000, least},
		{"nothing is read", 1000, 0, 0, time.Millisecond},
	} {
		if got := (cycles{least, c.exchanges}).next(c.reads, c.ends, took); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBatchingIsWorthIt(t *testing.T) {
	c := cycles{least: 250 * time.Microsecond, exchanges: 200}
	for _, at := range []struct {
		reads int64 // per second
		cycle time.Duration
		want  bool
	}{
		{50_000, time.Millisecond, true}, {6_000, time.Millisecond, true}, {5_000, time.Millisecond, false},
		{6_000, c.least, true}, {5_000, c.least, false},
	} {
		reads := int64(float64(at.reads) * (batchCycles * at.cycle).Seconds())
		if got := c.worth(reads, at.cycle); got != at.want {
			t.Errorf("%d reads/s, cycle %v: %v", at.reads, at.cycle, got)
		}
	}
}
