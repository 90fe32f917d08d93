package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

// A stamp that may be by the system clock before it was set is no time. Slow corrections of that clock are no steps.
func TestReceived(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		step  time.Duration // of the system clock
		slew  time.Duration // of the system clock in each ms of the time before
		after time.Duration // from the step to the read
		want  time.Duration // from the stamp to the read; -1: the stamp is not used
	}{
		{name: "no step", want: 3 * ms},
		{name: "set ahead", step: 5 * time.Second, want: -1},
		{name: "set back", step: -5 * time.Second, want: -1},
		{name: "set by little", step: 2 * ms, want: -1},
		{name: "still waiting", step: 5 * time.Second, after: 99 * ms, want: -1},
		{name: "received by the new clock", step: 5 * time.Second, after: 100 * ms, want: 3 * ms},
		{name: "corrected", slew: 80 * time.Microsecond, want: 3 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			clk, start := New(), time.Now()
			set := func(d time.Duration) { clk.baseNs -= int64(d) } // the monotonic clock is the one that stays behind here
			for range 1000 {
				time.Sleep(ms)
				set(c.slew)
				clk.Received(time.Now(), 1)
			}
			if clk.trusted.Load() != 0 {
				t.Errorf("%s: a step was seen", c.name)
			}
			set(c.step)
			clk.Received(time.Now(), 1) // another connection's, right after the last one
			time.Sleep(c.after)
			read := time.Now()
			at, delay, ok := clk.Received(read, read.Add(-3*ms).UnixNano())
			want := c.want
			if want < 0 {
				want = 0
			}
			if ok != (c.want >= 0) || delay != want || at != clk.At(read)-Nanos(want) {
				t.Errorf("%s: %v before the read, %v, %v after the start", c.name, delay, ok, at.Sub(clk.At(start)))
			}
		})
	}
}

// A thread that is late checks its read after later ones of others, which is no step.
func TestReceivedOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clk, early := New(), time.Now()
		time.Sleep(time.Second)
		late := time.Now()
		for _, read := range []time.Time{late, early, late} {
			if at, _, ok := clk.Received(read, read.UnixNano()); at != clk.At(read) || !ok {
				t.Errorf("%v after the start: %v", read.Sub(early), ok)
			}
		}
	})
}

func TestReceivedWithoutAStamp(t *testing.T) {
	clk, read := New(), time.Now()
	if at, delay, ok := clk.Received(read, 0); at != clk.At(read) || delay != 0 || ok {
		t.Errorf("%v, %v, %v", at, delay, ok)
	}
	at, delay, ok := clk.Received(read, read.UnixNano()+500) // by a coarser clock
	if at != clk.At(read) || delay != 0 || !ok {
		t.Errorf("a stamp after the read: %v, %v, %v", at, delay, ok)
	}
}
