package tally

import (
	"maps"
	"testing"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

func failed(kind, message string) *load.Record {
	return &load.Record{Record: record.Record{Error: &record.Error{Kind: kind, Message: message}}}
}

// The turns of a conversation after one that failed are counted, since nothing else tells of them.
func TestString(t *testing.T) {
	var all Tally
	for turn := 1; turn <= 2; turn++ {
		rec := &load.Record{Record: record.Record{OK: turn < 2, Turn: turn, Turns: 5}}
		if !rec.OK {
			rec.Error = &record.Error{Kind: record.KindHTTP, Message: "HTTP 500: boom"}
			rec.Skipped = 3
		}
		all.Add(rec)
	}
	all.Add(failed(record.KindHTTP, "HTTP 500: again"))
	all.Add(failed(record.KindConnect, "connection\nrefused"))
	want := "4 requests: 1 ok, 3 failed (http 2: HTTP 500: boom; connect 1: connection refused); " +
		"skipped after them in their sessions: 3"
	if got := all.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, want := all.Errors(), map[string]int64{"http": 2, "connect": 1}; !maps.Equal(got, want) {
		t.Errorf("errors: %v, want %v", got, want)
	}
}

// The running figures are those of the load point, its median over the latest answers.
func TestRunning(t *testing.T) {
	var all Tally
	add := func(run string, ttftMs float64) {
		all.Add(&load.Record{Record: record.Record{Run: run, OK: true, TTFTMs: ttftMs, CompletionTokens: 2}})
	}
	add("first", 1000)
	for range 2 * recentAnswers {
		add("second", 500)
	}
	for range recentAnswers {
		add("second", 20)
	}
	if tokens, ttft := all.Running(); tokens != 6*recentAnswers || ttft != 20*time.Millisecond {
		t.Errorf("got %d tokens, TTFT %v", tokens, ttft)
	}
}

func TestShort(t *testing.T) {
	var all Tally
	for _, tokens := range []int{0, 5, 10, 11} { // 0: not known
		rec := &load.Record{Record: record.Record{OK: true, CompletionTokens: tokens}, Sent: &load.Request{MinTokens: 10}}
		all.Add(rec)
	}
	if got := all.Short(); got != 1 {
		t.Errorf("%d answers are short, want 1", got)
	}
}

// An output that is busy for most of the run is slow, even if buffers have hidden it.
func TestSlowOutput(t *testing.T) {
	var all Tally
	all.Add(&load.Record{Record: record.Record{
		Mode: "closed", Parallel: 1, Phase: record.PhaseMeasure, OK: true, LatencyMs: 900, Clock: "kernel", ClientCPU: 0.1,
	}})
	clean := stats.Verdict{Level: stats.Clean}
	for _, c := range []struct {
		blocked, run time.Duration
		want         stats.Verdict
	}{
		{0, 4 * time.Second, clean},
		{900 * time.Millisecond, time.Second, clean},
		{2 * time.Second, 5 * time.Second, clean},
		{3 * time.Second, 5 * time.Second, stats.SlowOutput(3*time.Second, 5*time.Second)},
	} {
		if got := all.Verdict(c.blocked, c.run); got.Level != c.want.Level || got.Reason != c.want.Reason {
			t.Errorf("%v of %v: got %+v, want %+v", c.blocked, c.run, got, c.want)
		}
	}
}

// An input that stalls until the end of a duration is worse than what the records show.
func TestUnfed(t *testing.T) {
	for _, c := range []struct {
		cpu   float64
		parts []time.Duration // of 10 s
		want  string
	}{
		{0.1, []time.Duration{400 * time.Millisecond}, "clean "},
		{0.1, []time.Duration{time.Second}, "strained no request line came in the last 1 s of 10s, so less was sent " +
			"than asked for"},
		{0.1, []time.Duration{3 * time.Second, time.Second}, "bottleneck no request line came in the last 3 s of 10s, " +
			"so less was sent than asked for"},
		{0.9, []time.Duration{time.Second}, "strained the client used 90 % of its CPUs (p90)"},
		{0.9, []time.Duration{5 * time.Second}, "bottleneck no request line came in the last 5 s of 10s, so less was " +
			"sent than asked for"},
	} {
		var all Tally
		all.Add(&load.Record{Record: record.Record{
			Mode: "closed", Parallel: 1, Phase: record.PhaseMeasure, OK: true, LatencyMs: 900, Clock: "kernel",
			ClientCPU: c.cpu,
		}})
		for _, part := range c.parts {
			all.Unfed(part, 10*time.Second)
		}
		if v := all.Verdict(0, 0); v.Level+" "+v.Reason != c.want {
			t.Errorf("%v: %s %s", c, v.Level, v.Reason)
		}
	}
}
