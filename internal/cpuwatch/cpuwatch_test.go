package cpuwatch

import (
	"testing"
	"testing/synctest"
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

// The pauses of a time are those that overlap it, with the present one, whose beat has not come yet.
func TestPauses(t *testing.T) {
	begin := time.Now().Add(-time.Hour)
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	w := &Watch{begin: begin}
	w.beat.Store(int64(time.Since(begin)))
	w.pause(at(10), minPause-1)
	w.pause(at(20), at(3))
	w.pause(at(30), minPause)
	for _, c := range []struct {
		from, to float64
		want     int
	}{{0, 17, 0}, {0, 17.5, 1}, {18, 19, 1}, {20, 29, 0}, {19, 31, 2}, {30, 40, 0}} {
		if got := w.Pauses(begin.Add(at(c.from)), begin.Add(at(c.to))); len(got) != c.want {
			t.Errorf("%v to %v: %v, want %d", c.from, c.to, got, c.want)
		}
	}
	w.beat.Store(int64(time.Since(begin) - time.Second))
	got := w.Pauses(time.Now().Add(-10*time.Millisecond), time.Now())
	if len(got) != 1 || got[0].To.Sub(got[0].From) < minPause {
		t.Errorf("the present pause: %v", got)
	}
	if more := w.Pauses(begin, time.Now()); len(more) != 3 {
		t.Errorf("all pauses: %v", more)
	}
}

// The heartbeat finds a pause, and remembers its beginning and end.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := Start()
		defer w.Stop()
		begin := time.Now()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.Pauses(begin, time.Now()); len(got) != 0 {
			t.Errorf("pauses of a process that runs: %v", got)
		}
	})
}
