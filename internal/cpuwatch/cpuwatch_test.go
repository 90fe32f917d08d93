package cpuwatch

import (
	"testing"
	"time"
)

// A beat that is late counts as a stall from the moment at which it is overdue, and only once it is late by lateBeat.
func TestOverdue(t *testing.T) {
	w := &Watch{begin: time.Now()}
	w.beat.Store(int64(100 * time.Millisecond))
	for now, want := range map[time.Duration]time.Duration{
		110 * time.Millisecond: 0,
		129 * time.Millisecond: 0,
		130 * time.Millisecond: 10 * time.Millisecond,
		time.Second:            880 * time.Millisecond,
	} {
		if got := w.Stalled(w.begin.Add(now)); got != want {
			t.Errorf("at %v: %v, want %v", now, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	w := &Watch{}
	w.host.quota = 0.5
	past := w.sample([]sample{{0, 0}}, sample{time.Second, 250 * time.Millisecond})
	if got := w.Share(); got != 0.5 || len(past) != 2 {
		t.Errorf("share %g of %d samples, want 0.5 of 2", got, len(past))
	}
	for i := range 2 * cpuTicks {
		past = w.sample(past, sample{time.Second + time.Duration(i), time.Second})
	}
	if len(past) != cpuTicks {
		t.Errorf("%d samples are kept, want %d", len(past), cpuTicks)
	}
}
