package stats

import (
	"math"
	"strings"
	"testing"

	"perfpipe/internal/record"
	"perfpipe/internal/saturation"
)

// served returns the records of n requests at a constant rate to a server that handles them one at a time, at most
// capacity requests/s.
func served(run string, rate, capacity float64, n int) []record.Record {
	var out []record.Record
	free := 0.0
	for i := range n {
		at := float64(i) / rate
		free = max(free, at) + 1/capacity
		us := int64(1_790_000_000_000_000 + at*1e6)
		out = append(out, record.Record{
			Run: run, Mode: "open", Rate: rate, Phase: record.PhaseMeasure, ScheduledUs: us, SentUs: us,
			LatencyMs: (free - at) * 1000, OK: true, Seq: int64(i),
		})
	}
	return out
}

// TestSaturated checks load points below and above the server's capacity.
func TestSaturated(t *testing.T) {
	for _, c := range []struct {
		rate float64
		want bool
	}{{50, false}, {90, false}, {134, true}, {400, true}} {
		col := New(Options{})
		for _, r := range served("r", c.rate, 113, int(10*c.rate)) {
			col.Add(&r)
		}
		b := &col.Summary().Blocks[0]
		if got := b.Saturated != ""; got != c.want || got != strings.Contains(strings.Join(b.Notes, " "), "did not keep up") {
			t.Errorf("%v of 113 requests/s: saturated %q, notes %q", c.rate, b.Saturated, b.Notes)
		}
	}
}

// TestTooBriefToBeSaturated checks that a load that ends before the fastest answer is not judged.
func TestTooBriefToBeSaturated(t *testing.T) {
	for n, want := range map[int]bool{50: false, 3000: true} { // 0.5 s and 30 s of load
		b := blockOf(t, Options{}, sent(n, 0, 10, 5000, func(i int, r *record.Record) {
			r.Mode, r.Rate = "open", 100
			r.LatencyMs += 5 * float64(i) // the server falls behind
		})...)
		if got := b.Saturated != ""; got != want {
			t.Errorf("%d requests: saturated %q", n, b.Saturated)
		}
	}
}

// TestIdleTimeIsNoBacklog checks that the time between two runs that cannot be told apart does not count as saturation.
func TestIdleTimeIsNoBacklog(t *testing.T) {
	for _, pause := range []int64{3, 6, 20, 600} { // s
		first := sent(400, 0, 10, 200, nil)
		second := sent(400, 4000+1000*pause, 10, 200, func(_ int, r *record.Record) { r.ID += "b" })
		b := blockOf(t, Options{}, append(first, second...)...)
		if b.Saturated != "" || !hasNote(&b, "not part of the duration") {
			t.Errorf("%d s: saturated %q, notes %q", pause, b.Saturated, b.Notes)
		}
	}
}

// TestKneeOfBlocks checks that the knee is the last load point that the server kept up with, even if requests failed.
func TestKneeOfBlocks(t *testing.T) {
	col := New(Options{})
	for i, rate := range []float64{20, 50, 90, 134, 200} {
		for k, r := range served([]string{"a", "b", "c", "d", "e"}[i], rate, 113, int(10*rate)) {
			shift := int64(i) * 60e6
			r.SentUs, r.ScheduledUs = r.SentUs+shift, r.ScheduledUs+shift
			r.OK = k%50 != 7
			col.Add(&r)
		}
	}
	var rungs []saturation.Rung
	for _, b := range col.Summary().Blocks {
		rungs = append(rungs, b.Rung())
		if rung := b.Rung(); math.IsInf(rung.Latency, 0) || rung.Latency <= 0 {
			t.Errorf("rate %v: response %v ms", rung.Rate, rung.Latency)
		}
	}
	if k := saturation.Knee(rungs); k != 2 {
		t.Errorf("knee %d of %+v", k, rungs)
	}
}
