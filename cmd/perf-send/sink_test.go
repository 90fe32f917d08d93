package main

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// slowWriter takes a time for each write.
type slowWriter time.Duration

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(w))
	return len(p), nil
}

// TestSlowOutput: an output that is slower than the records come is named, also as long as buffers take them up.
func TestSlowOutput(t *testing.T) {
	for _, c := range []struct {
		name string
		w    io.Writer
		want stats.Verdict
	}{
		{"quick", io.Discard, stats.Verdict{Level: stats.Clean}},
		{"slow now and then", slowWriter(200 * time.Millisecond), stats.Verdict{Level: stats.Clean}},
		{"slow", slowWriter(900 * time.Millisecond), stats.SlowOutput(3600*time.Millisecond, 3980*time.Millisecond)},
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
				if got := s.verdict(); got.Level != c.want.Level || got.Reason != c.want.Reason {
					t.Errorf("got %+v, want %+v", got, c.want)
				}
			})
		})
	}
}
