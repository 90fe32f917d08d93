package stats

import (
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/group"
	"perfpipe/internal/record"
)

// pausedRun returns the records of a closed loop of one slot with requests of 100 ms each. perf-send is paused for two
// seconds during the tenth, which a second pause, of 0.3 s, follows in the same request.
func pausedRun(n int) (all []record.Record) {
	at := int64(1_700_000_000_000_000)
	for i := range n {
		r := record.Record{
			Run: "parallel=1", RunID: "r", Mode: "closed", Parallel: 1, Phase: record.PhaseMeasure, OK: true, Seq: int64(i),
			ScheduledUs: at, SentUs: at, LatencyMs: 100, TTFTMs: 20, ClientCPU: 0.1, Clock: "kernel",
		}
		if i == 9 {
			r.PauseUs = []int64{at + 50_000, at + 2_050_000, at + 2_100_000, at + 2_400_000}
			r.StallMs, r.LatencyMs, r.TTFTMs = 2300, 2450, 2020
		}
		all = append(all, r)
		at += int64(r.LatencyMs * 1000)
	}
	return all
}

// onlyBlock returns the only block of records, which went through two collectors and their states.
func onlyBlock(t *testing.T, opt Options, records []record.Record) Block {
	t.Helper()
	half := [2]*Collector{New(opt), New(opt)}
	for i := range records {
		half[i%2].Add(&records[i])
	}
	merged := New(opt)
	for _, c := range half {
		if err := merged.addSummary([]byte(stateJSON(t, c))); err != nil {
			t.Fatal(err)
		}
	}
	blocks := merged.Summary().Blocks
	if len(blocks) != 1 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks[0]
}

// A verdict names the seconds of the pauses and the requests that they affect.
func TestPausedVerdict(t *testing.T) {
	const text = "perf-send was paused for 2.3 s in 2 pauses, which affects 1 of "
	for _, c := range []struct {
		n            int
		level, count string
	}{{20, Bottleneck, "20 requests"}, {200, Strained, "200 requests"}, {1000, Clean, "1000 requests"}} {
		b := onlyBlock(t, Options{}, pausedRun(c.n))
		if b.Client.Level != c.level || b.Client.Reason != text+c.count || b.Client.Cause() != stopped {
			t.Errorf("%d: %+v", c.n, b.Client)
		}
		if want := (Paused{1, 2.3, false}); b.Paused == nil || *b.Paused != want {
			t.Errorf("%d: %+v, want %+v", c.n, b.Paused, want)
		}
	}
	if b := onlyBlock(t, Options{}, pausedRun(5)); b.Paused != nil || b.Client.Level != Clean || b.Client.Reason != "" {
		t.Errorf("a run without pauses: %+v, %+v", b.Paused, b.Client)
	}
}

// Without the requests that a pause affected, the figures are those of a run without pauses.
func TestExcludePauses(t *testing.T) {
	b := onlyBlock(t, Options{ExcludePauses: true}, pausedRun(20))
	if b.Requests != 19 || b.Client.Level != Clean || b.Client.Reason != "" {
		t.Errorf("%d requests, %+v", b.Requests, b.Client)
	}
	if want := (Paused{1, 2.3, true}); b.Paused == nil || *b.Paused != want {
		t.Errorf("%+v, want %+v", b.Paused, want)
	}
	if m := b.Metrics.Get("latency_ms"); m.Max != 100 || m.Min != 100 {
		t.Errorf("latency from %v to %v ms", m.Min, m.Max)
	}
	// 19 requests of 100 ms, and the 150 ms of the one that is left out which were no pause.
	if b.DurationS < 2.04 || b.DurationS > 2.06 {
		t.Errorf("duration %v s, want 2.05", b.DurationS)
	}
	const note = "perf-send was paused for 2.3 s in 2 pauses, which affects 1 of 20 requests: they are left out"
	if !slices.Contains(b.Notes, note) {
		t.Errorf("notes %q", b.Notes)
	}
}

// A comparison has the rate of the table: the pauses that are left out are in neither.
func TestExcludePausesOfRates(t *testing.T) {
	c := New(Options{ExcludePauses: true})
	for _, r := range pausedRun(20) {
		c.Add(&r)
	}
	want, got := float64(c.Summary().Blocks[0].RequestsPerS), c.LoadPoints()[0].Estimates(false)["requests_per_s"].Value
	if got != want {
		t.Errorf("%v requests/s, want %v", got, want)
	}
}

// A summary without requests in pauses cannot be merged with one that has them.
func TestExcludePausesMustAgree(t *testing.T) {
	c := New(Options{By: []group.Key{group.Run()}})
	for _, r := range pausedRun(3) {
		c.Add(&r)
	}
	err := New(Options{ExcludePauses: true}).addSummary([]byte(stateJSON(t, c)))
	if err == nil || !strings.HasSuffix(err.Error(), "do not agree on whether pauses count") {
		t.Errorf("%v", err)
	}
}

// The pauses of many requests are told apart, whichever comes first, and absurd ones are dropped.
func TestPausedUnion(t *testing.T) {
	var p paused
	for _, us := range [][]int64{{50, 60}, {10, 20}, {52, 58}, {18, 30, 60, 61}, {7}, {9, 8}, {-5, 3}, nil} {
		p.add(&record.Record{PauseUs: us})
	}
	if want := []int64{10, 30, 50, 61}; !slices.Equal(p.us(), want) || p.requests != 7 {
		t.Errorf("%v of %d requests, want %v", p.us(), p.requests, want)
	}
}

// Whatever a pause looks like, the verdict names it: slots that were idle, or requests that went out late.
func TestPausedLooks(t *testing.T) {
	for mode, want := range map[string]string{
		"closed": "slots were idle for 66.7 % of the time: ", "open": "requests went out late: lag p99 is 2000 ms: ",
	} {
		var c Client
		for i := range 100 {
			r := record.Record{Mode: mode, LatencyMs: 10, ClientCPU: 0.1, OK: true}
			if i >= 99 {
				r.LagMs, r.PauseUs = 2000, []int64{1, 2_000_001}
			}
			c.Add(&r)
		}
		if mode == "open" { // nearest rank: the p99 of 100 values is the 99th
			c.Add(&record.Record{Mode: mode, LatencyMs: 10, LagMs: 2000, PauseUs: []int64{1, 2_000_001}})
		}
		v := c.Verdict()
		if !strings.HasPrefix(v.Reason, want+"perf-send was paused for 2 s, ") || v.Level != Bottleneck || v.Cause() != stopped {
			t.Errorf("%s: %+v", mode, v)
		}
	}
}
