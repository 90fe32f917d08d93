package progress

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts load.Counts
		var text atomic.Value // written by the goroutine of p
		p := Start(Config{
			Counts: &counts, Points: 3, Duration: 20 * time.Second,
			Running: func() (int64, time.Duration) { return 400, 12340 * time.Microsecond },
			Status:  func(s string) { text.Store(s) },
		})
		check := func(want string) {
			t.Helper()
			time.Sleep(drawEvery)
			synctest.Wait()
			if text.Load() != want {
				t.Errorf("got %q, want %q", text.Load(), want)
			}
		}
		time.Sleep(time.Millisecond)
		check("waiting for the first request line")
		p.Stage("%s", "connecting")
		check("connecting")
		p.Stage("")
		p.Point(2)
		counts.Phase.Store(&load.Phase{Run: "rate=5", Name: record.PhaseMeasure, Total: 100})
		counts.InFlight.Store(3)
		check("rate=5 (2 of 3): 0/100 done, 3 in flight")
		time.Sleep(silence)
		check("rate=5 (2 of 3): 0/100 done, 3 in flight, no complete answer for 2 s")
		counts.Done.Store(10)
		counts.Requests.Store(10)
		counts.Failed.Store(1)
		time.Sleep(8*time.Second - 2*drawEvery - 200*time.Millisecond)
		check("rate=5 (2 of 3): 10/100 done, 3 in flight, 1 failed, 1.02 req/s, 41 tok/s, TTFT 12.3 ms, 10s left")
		counts.Done.Store(55)
		counts.Earlier.Store(45) // they say nothing about the speed
		check("rate=5 (2 of 3): 55/100 done, 3 in flight, 1 failed, 1 req/s, 40 tok/s, TTFT 12.3 ms, 10s left")
		counts.Phase.Store(&load.Phase{Run: "parallel=2", Name: record.PhaseMeasure, Total: 4})
		counts.Done.Store(0)
		counts.Earlier.Store(0)
		counts.Sessions.Begun.Store(2)
		check("parallel=2 (2 of 3): sessions 0/4 done, requests 0, 3 in flight, 1 failed")
		counts.Requests.Store(40) // no session is complete, but there are answers
		time.Sleep(3*time.Second - drawEvery)
		check("parallel=2 (2 of 3): sessions 0/4 done, requests 30, 3 in flight, 1 failed, 10 req/s, 133 tok/s, " +
			"TTFT 12.3 ms, 17s left")
		counts.Done.Store(1)
		time.Sleep(3*time.Second - drawEvery)
		check("parallel=2 (2 of 3): sessions 1/4 done, requests 30, 3 in flight, 1 failed, 5 req/s, 67 tok/s, " +
			"TTFT 12.3 ms, 14s left")
		p.Stop()
		if text.Load() != "" {
			t.Errorf("the line is left: %q", text.Load())
		}
	})
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts load.Counts
		var lines []string
		p := Start(Config{Counts: &counts, Every: 10, Quiet: true, Say: func(format string, args ...any) {
			lines = append(lines, fmt.Sprintf(format, args...))
		}})
		counts.Requests.Store(25)
		counts.Failed.Store(2)
		time.Sleep(time.Minute)
		p.Stop()
		if fmt.Sprint(lines) != "[10 requests done, 2 failed 20 requests done, 2 failed]" {
			t.Errorf("%q", lines)
		}
	})
}

func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1234 * time.Microsecond: "1.23", 12345 * time.Microsecond: "12.3", 1234 * time.Millisecond: "1234",
	} {
		if got := Milliseconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
