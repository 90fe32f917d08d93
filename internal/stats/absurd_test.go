package stats

import (
	"bytes"
	"context"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// TestAbsurdRecords checks that absurd values do not affect the sums, and that a note reports them.
func TestAbsurdRecords(t *testing.T) {
	for name, line := range map[string]string{
		"chunk_tokens": `{"ok":true,"sent_us":1,"ttft_ms":1,"latency_ms":9,"gap_us":[5,5],` +
			`"chunk_tokens":[1,9223372036854775807,9223372036854775807],"completion_tokens":3}`,
		"sent_us": `{"ok":true,"sent_us":9223372036854775807,"scheduled_us":9223372036854775807,` +
			`"latency_ms":5,"ttft_ms":1,"session":"s"}`,
		"ttft_ms": `{"ok":true,"sent_us":1,"ttft_ms":1e300,"latency_ms":1e300,` +
			`"gap_us":[9223372036854775807,9223372036854775807],"session":"s"}`,
		"tokens": `{"ok":true,"sent_us":1,"latency_ms":5,` +
			`"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}`,
	} {
		s, err := read(t, 1, false, strings.NewReader(strings.Repeat(line+"\n", 5)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b := s.Collector().Summary().Blocks[0]
		if b.InputTokens < 0 || b.OutputTokens < 0 || !hasNote(&b, "5 records have a negative or absurd time or count") {
			t.Errorf("%s: %d and %d tokens, notes %q", name, b.InputTokens, b.OutputTokens, b.Notes)
		}
	}
}

func TestImpossibleRecords(t *testing.T) {
	order := blockOf(t, Options{}, sent(5, 0, 10, 20, func(i int, r *record.Record) { r.TTFTMs = 30 })...)
	if !hasNote(&order, "5 of 5 records ended before their first output") {
		t.Errorf("notes %q", order.Notes)
	}
	const µs = 1_790_000_000_000_000
	for unit, at := range map[string]int64{"s": µs / 1e6, "ms": µs / 1e3, "µs": µs, "ns": µs * 1e3, "relative": 5e6} {
		b := blockOf(t, Options{}, sent(5, 0, 10, 20, func(i int, r *record.Record) { r.SentUs, r.ScheduledUs = at, at })...)
		want := unit != "µs" && unit != "relative"
		if hasNote(&b, "5 of 5 records have a sent_us that seems not to be in µs") != want {
			t.Errorf("%s: notes %q", unit, b.Notes)
		}
	}
}

// meanOf returns the mean of the metric with the given key, NaN if there is none.
func meanOf(key string) func(b *Block) dist.Num {
	return func(b *Block) dist.Num {
		if m := b.Metrics.Get(key); m != nil {
			return m.Mean
		}
		return dist.NaN()
	}
}

// TestContradictions checks that values which contradict each other are in no figure, and that a note reports them.
func TestContradictions(t *testing.T) {
	const absurd = "10 records have a negative or absurd time or count"
	for name, test := range map[string]struct {
		change func(r *record.Record)
		note   string
		figure func(b *Block) dist.Num
		want   dist.Num
	}{
		"queue below zero": {func(r *record.Record) { r.QueueMs = -5 }, absurd, response, 20},
		"lag below zero":   {func(r *record.Record) { r.LagMs = -5 }, absurd, response, 20},
		"more cached than the prompt has": {func(r *record.Record) { r.PromptTokens, r.CachedTokens = 5, 50 }, absurd,
			func(b *Block) dist.Num { return b.CacheHit }, dist.NaN()},
		"tokens of a chunk below zero": {func(r *record.Record) {
			r.GapUs, r.ChunkTokens = []int64{5000, 5000}, []int{1, -1, 3}
		}, absurd, func(b *Block) dist.Num { return b.Metrics.Get("itl_ms").Mean }, 5},
		"more tokens than can be": {func(r *record.Record) { r.GapUs, r.CompletionTokens = []int64{5000}, 1<<50 }, absurd,
			meanOf("user_tokens_per_s"), dist.NaN()},
		"hidden tokens below zero": {func(r *record.Record) { r.GapUs, r.HiddenTokens = []int64{5000}, -3 }, absurd,
			meanOf("tpot_ms"), dist.NaN()},
		"gaps whose sum overflows": {func(r *record.Record) { r.GapUs = []int64{1 << 62, 1 << 62, 1 << 62, 1 << 62, 5000} },
			absurd, meanOf("tpot_ms"), dist.NaN()},
		"a first output that cannot be": {func(r *record.Record) { r.TTFTMs, r.Session, r.Turn = 1e30, "s", 1 }, absurd,
			meanOf("answer_ms"), 110},
		"more hidden tokens than all": {func(r *record.Record) { r.HiddenTokens = 9 },
			"10 of 10 records have no TPOT: they hide more tokens than they have",
			func(b *Block) dist.Num { return b.OutputPerS * b.DurationS }, 20},
		"due long before": {func(r *record.Record) { r.ScheduledUs -= 60e6 },
			"10 of 10 records were due earlier than their lag_ms and queue_ms imply", response, 20},
		"ended before the last output": {func(r *record.Record) { r.GapUs = []int64{15_000} },
			"10 of 10 records ended before their last output", response, 20},
		"ok beside an error": {func(r *record.Record) { r.Error = &record.Error{Kind: record.KindHTTP} },
			"10 of 10 records are ok in spite of an error", response, 20},
		"ok beside a status of an error": {func(r *record.Record) { r.Status = 503 },
			"10 of 10 records are ok in spite of an error", response, 20},
		"a first output in no time": {func(r *record.Record) { r.TTFTMs, r.Keys = 0, record.KeyTTFTMs },
			"10 of 10 records have a ttft_ms of 0", meanOf("ttft_ms"), dist.NaN()},
		"due after the end": {func(r *record.Record) { r.ScheduledUs += 60e6 },
			"10 of 10 records were sent before they were due", func(b *Block) dist.Num { return b.DurationS }, dist.NaN()},
	} {
		b := blockOf(t, Options{}, sent(10, 0, 10, 20, func(_ int, r *record.Record) {
			r.TTFTMs, r.CompletionTokens = 10, 2
			test.change(r)
		})...)
		if got := test.figure(&b); got != test.want && (got.Known() || test.want.Known()) || !hasNote(&b, test.note) {
			t.Errorf("%s: %v, want %v; notes %q", name, got, test.want, b.Notes)
		}
	}
}

// TestChunksAfterTheEnd checks that chunks long after the end of their answer do not change the throughput of the
// others.
func TestChunksAfterTheEnd(t *testing.T) {
	block := func(change func(r *record.Record)) Block {
		return blockOf(t, Options{}, sent(400, 0, 10, 20, func(i int, r *record.Record) {
			r.TTFTMs, r.CompletionTokens, r.GapUs = 10, 2, []int64{5000}
			if i == 200 {
				change(r)
			}
		})...)
	}
	want := block(func(*record.Record) {})
	for name, change := range map[string]func(r *record.Record){
		"first": func(r *record.Record) { r.TTFTMs = 3e8 },
		"last":  func(r *record.Record) { r.GapUs = []int64{3e11} },
	} {
		got := block(change)
		if got.RequestsPerS != want.RequestsPerS || got.Steady.OutputPerS.Known() != want.Steady.OutputPerS.Known() ||
			!hasNote(&got, "1 records have a negative or absurd time") {
			t.Errorf("%s: %v requests/s, want %v; notes %q", name, got.RequestsPerS, want.RequestsPerS, got.Notes)
		}
	}
}

// response returns the mean response time of a block.
func response(b *Block) dist.Num { return meanOf("response_ms")(b) }

// TestMoreInFlightThanSlots checks that a note reports more requests in flight than the run had slots.
func TestMoreInFlightThanSlots(t *testing.T) {
	const note = "requests were in flight at once, of at most "
	slot := func(mode string, latency float64) func(i int, r *record.Record) {
		return func(_ int, r *record.Record) { r.Mode, r.Parallel, r.LatencyMs = mode, 2, latency }
	}
	// Requests are due every 10 ms: a latency of 25 ms means three in flight, 20 ms two; 20.5 ms is within the slack.
	for latency, want := range map[float64]bool{20: false, 20.5: false, 25: true} {
		for _, mode := range []string{"closed", "capped"} {
			if b := blockOf(t, Options{}, sent(9, 0, 10, 5, slot(mode, latency))...); hasNote(&b, note) != want {
				t.Errorf("%v ms, %s: notes %q", latency, mode, b.Notes)
			}
		}
	}
	if b := blockOf(t, Options{}, sent(9, 0, 10, 5, slot("open", 25))...); hasNote(&b, note) {
		t.Errorf("an open loop has no slots: %q", b.Notes)
	}
	fork := blockOf(t, Options{}, sent(9, 0, 10, 5, func(i int, r *record.Record) {
		slot("closed", 25)(i, r)
		r.Session, r.Turn, r.Depth = "s", i+1, min(i+1, 2)
	})...)
	if hasNote(&fork, note) {
		t.Errorf("a session that forks has several in flight: %q", fork.Notes)
	}
	chain := blockOf(t, Options{}, sent(9, 0, 10, 5, func(i int, r *record.Record) { // its lines are in reverse
		slot("closed", 25)(i, r)
		r.Session, r.Turn, r.Depth, r.AfterTurns = "s", 9-i, i+1, []int{10 - i}
		if i == 0 {
			r.AfterTurns = nil
		}
	})...)
	if !hasNote(&chain, note) {
		t.Errorf("a chain has one in flight: %q", chain.Notes)
	}
	shards := blockOf(t, Options{}, sent(9, 0, 10, 25, func(i int, r *record.Record) {
		r.Mode, r.Parallel, r.Shard = "closed", 2, []string{"0/2", "1/2"}[i%2]
	})...)
	if hasNote(&shards, note) {
		t.Errorf("each shard has slots of its own: %q", shards.Notes)
	}
}

// TestSentBeforeDue checks that requests sent before they were due, as after a change of the clock, are reported and
// are not judged for saturation.
func TestSentBeforeDue(t *testing.T) {
	back := blockOf(t, Options{}, sent(400, 0, 10, 200, func(i int, r *record.Record) {
		r.Mode, r.Rate = "open", 100
		if i >= 200 {
			r.SentUs -= 5_000_000
		}
	})...)
	if !hasNote(&back, "200 of 400 records were sent before they were due") || back.Saturated != "" {
		t.Errorf("saturated %q, notes %q", back.Saturated, back.Notes)
	}
	early := blockOf(t, Options{}, sent(400, 0, 10, 200, func(_ int, r *record.Record) { r.SentUs -= 5000 })...)
	if hasNote(&early, "before they were due") {
		t.Errorf("two clocks may differ by 5 ms: %q", early.Notes)
	}
}

// TestOneFarInstant checks that the time before a request in another century is a pause.
func TestOneFarInstant(t *testing.T) {
	b := blockOf(t, Options{}, sent(400, 0, 10, 200, func(i int, r *record.Record) {
		if i == 399 {
			r.ScheduledUs, r.SentUs = r.ScheduledUs+4e15, r.SentUs+4e15
		}
	})...)
	if !hasNote(&b, "not part of the duration") || hasNote(&b, "after all others") || float64(b.DurationS) > 5 {
		t.Errorf("%v s, notes %q", b.DurationS, b.Notes)
	}
}

func TestOnlyWarmup(t *testing.T) {
	b := blockOf(t, Options{}, sent(9, 0, 10, 20, func(_ int, r *record.Record) { r.Phase = record.PhaseWarmup })...)
	if !hasNote(&b, "all 9 records are of the warm-up") || b.Client.Reason != "no record was measured" {
		t.Errorf("%+v, notes %q", b.Client, b.Notes)
	}
}

// TestRank checks that ranks are exact despite the rounding of 99.9 · n ÷ 100 in floating point.
func TestRank(t *testing.T) {
	for _, c := range []struct {
		n    int64
		p    float64
		want int64
	}{
		{1000, 99.9, 999}, {10_000, 99.99, 9999}, {100, 29, 29}, {1000, 14.5, 145}, {300, 55, 165},
		{7, 50, 4}, {1, 1, 1}, {10, 100, 10}, {1_000_000, 99.9999, 999_999},
	} {
		if got := dist.Rank(c.n, c.p); got != c.want {
			t.Errorf("p%v of %d: %d, want %d", c.p, c.n, got, c.want)
		}
	}
}

func TestErrorsNameOtherFormats(t *testing.T) {
	for in, want := range map[string]string{
		`[{"ok":true}]`: "in:1: a JSON array, where records are one object a line: jq -c '.[]' makes them",
		"\xff\xfe{\x00\"\x00o\x00k\x00\"\x00:\x00": "in:1: UTF-16 text, where records are UTF-8: iconv -f UTF-16 -t UTF-8 makes it",
		"\x00\x00\x00\x00":                         "in:1: bytes that are zero, as a crash or a full disk leaves them",
		"{\n  \"ok\": true\n}":                     "in:1: a JSON object over several lines, where records are one a line: jq -c . makes them",
		"{\x00\"\x00o\x00k\x00\"\x00:\x00":         "in:1: UTF-16 text, where records are UTF-8: iconv -f UTF-16 -t UTF-8 makes it",
	} {
		if _, err := read(t, 1, false, strings.NewReader(in)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

// FuzzFile checks that any file can be read with bad lines skipped, in bounded memory, and that the state of its
// summary can be restored.
func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"ok":true,"sent_us":1,"latency_ms":5,"gap_us":[1,2],"chunk_tokens":[1,2,3],"ttft_ms":1}` + "\n"))
	f.Add([]byte(`{"ok":false,"sent_us":9223372036854775807,"latency_ms":1e300,"chunk_tokens":[9223372036854775807]}`))
	f.Add([]byte("{\"format\":\"perfpipe-summary/2\",\"blocks\":[{\"state\":\"AA==\"}]}\n[]\n\xff\xfe"))
	f.Add([]byte(`{"ok":true,"run":"a","run_id":"1","session":"s","turn":1,` +
		`"sent_us":1790000000000000,"latency_ms":5,"labels":{"a":"b"}}`))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(256 << 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewStream(Options{Intervals: true, Percentiles: []float64{50, 99.9, 100}}, 1, true)
		if err := s.Read(context.Background(), bytes.NewReader(data), "in"); err != nil {
			t.Fatalf("error although bad lines are skipped: %v", err)
		}
		c := s.Collector()
		summary := c.Summary()
		if err := c.States(summary); err != nil {
			t.Fatal(err)
		}
		line := mustJSON(t, summary)
		again := New(Options{Intervals: true, Percentiles: []float64{50, 99.9, 100}})
		if err := again.addSummary([]byte(line)); err != nil {
			t.Fatalf("%v: %.400s", err, line)
		}
		for _, b := range summary.Blocks {
			if b.DurationS < 0 || b.InputTokens < 0 || b.OutputTokens < 0 || math.IsInf(float64(b.DurationS), 0) {
				t.Errorf("%v s, %d and %d tokens", b.DurationS, b.InputTokens, b.OutputTokens)
			}
		}
		for _, p := range slices.Concat(c.LoadPoints(), again.LoadPoints()) {
			for _, e := range p.Estimates(p.Steady()) {
				e.Interval()
			}
		}
	})
}

// TestSteadyStateWithinTheRun checks that the steady state of short answers is no longer than the run.
func TestSteadyStateWithinTheRun(t *testing.T) {
	b := blockOf(t, Options{}, sent(50, 0, 10, 1, func(_ int, r *record.Record) { r.CompletionTokens = 1 })...)
	if !b.Steady.DurationS.Known() || b.Steady.DurationS > b.DurationS || b.Steady.FromUs < b.FirstScheduledUs ||
		b.Steady.ToUs > b.LastEndUs {
		t.Errorf("steady for %v s from %d to %d, the run %v s from %d to %d", b.Steady.DurationS, b.Steady.FromUs,
			b.Steady.ToUs, b.DurationS, b.FirstScheduledUs, b.LastEndUs)
	}
}
