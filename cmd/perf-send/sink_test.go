package main

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
)

// slowWriter takes a time for each write.
type slowWriter time.Duration

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(w))
	return len(p), nil
}

// The sink measures how long the output keeps it busy.
func TestBlockedTime(t *testing.T) {
	for _, c := range []struct {
		name string
		w    io.Writer
		want time.Duration // of the run's 3.98 s
	}{
		{"quick", io.Discard, 0},
		{"slow now and then", slowWriter(200 * time.Millisecond), 800 * time.Millisecond},
		{"slow", slowWriter(900 * time.Millisecond), 3600 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSink(c.w)
				for range 4 {
					rec := &record.Record{Mode: "closed", Parallel: 1, Phase: record.PhaseMeasure, OK: true, LatencyMs: 900, Clock: "kernel", ClientCPU: 0.1}
					if err := s.Emit(rec); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				blocked, run := s.blockedTime()
				if blocked != c.want || run > 5*time.Second {
					t.Errorf("blocked for %v of %v, want %v", blocked, run, c.want)
				}
			})
		})
	}
}
