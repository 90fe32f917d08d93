package report

import (
	"math"
	"testing"

	"llmperf/internal/record"
	"llmperf/internal/report/reporttest"
)

func TestInFlightIsExact(t *testing.T) {
	var o over
	// Two requests: 0 to 4 s and 1 to 3 s. The area under the curve is 6 request·s.
	for _, r := range []record.Record{{SentUs: 1e12, LatencyMs: 4000, OK: true}, {SentUs: 1e12 + 1e6, LatencyMs: 2000, OK: true}} {
		o.add(&r)
	}
	for _, n := range []int{len(o.bins), 7, 3, 1} {
		bins, width := o.coarse(n)
		var area float64
		for _, level := range inFlight(bins, width) {
			area += level * float64(width) / 1e6
		}
		if math.Abs(area-6) > 1e-9 {
			t.Errorf("in %d bins the area is %v", len(bins), area)
		}
	}
	if len(o.bins) > mostBins {
		t.Errorf("%d bins", len(o.bins))
	}
}

func TestTokensLandWhereTheyArrive(t *testing.T) {
	var o over
	r := record.Record{SentUs: 1e12, TTFTMs: 500, GapUs: []int64{1_000_000, 1_000_000}, LatencyMs: 2600, CompletionTokens: 9, ChunkTokens: []int{1, 3, 5}, OK: true}
	o.add(&r)
	for at, want := range map[int64]float64{500_000: 1, 1_500_000: 3, 2_500_000: 5} {
		if got := o.at(1e12 + at).tokens; got != want {
			t.Errorf("%v tokens at %d µs, want %v", got, at, want)
		}
	}
}

func TestOverMergesInAnyOrder(t *testing.T) {
	records := reporttest.Records(1, reporttest.Sweep(2, 300)...)
	var whole over
	for i := range records {
		whole.add(&records[i])
	}
	var first, second over
	for i := len(records) - 1; i >= 0; i-- {
		if i%3 == 0 {
			first.add(&records[i])
		} else {
			second.add(&records[i])
		}
	}
	second.merge(&first)
	if whole.width != second.width || whole.first != second.first || len(whole.bins) != len(second.bins) {
		t.Fatalf("bins of %d µs from %d, %d of them; want %d from %d, %d", second.width, second.first, len(second.bins), whole.width, whole.first, len(whole.bins))
	}
	for i := range whole.bins {
		a, b := &whole.bins[i], &second.bins[i]
		if a.due != b.due || a.sent != b.sent || a.done != b.done || a.held != b.held || a.step != b.step || a.maxLag != b.maxLag ||
			math.Abs(a.tokens-b.tokens) > 1e-6 || a.value[timedTTFT].n != b.value[timedTTFT].n || a.value[timedTTFT].at(99) != b.value[timedTTFT].at(99) && a.value[timedTTFT].n > 0 {
			t.Fatalf("bin %d differs", i)
		}
	}
}

func TestLevels(t *testing.T) {
	var l levels
	for i := 1; i <= 1000; i++ {
		l.add(float64(i), 1)
	}
	for _, p := range []float64{1, 50, 90, 99, 100} {
		if got, want := l.at(p), p*10; math.Abs(got-want)/want > 0.022 {
			t.Errorf("p%v is %v, want %v", p, got, want)
		}
	}
	var n uint32
	for _, c := range l.rows(l.first, 7) {
		n += c
	}
	if n != 1000 {
		t.Errorf("%d values in rows", n)
	}
	if low := l.from(levelOf(100)); low.n != 1000 || low.first != levelOf(100) || low.at(100) != l.at(100) {
		t.Errorf("from 100 on: %d values from bin %d", low.n, low.first)
	}
	var none levels
	if !math.IsNaN(none.at(50)) {
		t.Error("no values have no median")
	}
}

func TestSampleDependsOnRecordsAlone(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{N: 30_000, Rate: 1000, Slots: 400, Chunks: 2, Failures: 0.05})
	slowest := 0.0
	var a, b, c sample
	for i := range records {
		slowest = max(slowest, records[i].LatencyMs)
		a.add(&records[i])
		if j := len(records) - 1 - i; j%2 == 0 {
			b.add(&records[j])
		} else {
			c.add(&records[j])
		}
	}
	b.merge(&c)
	x, y := a.requests(), b.requests()
	if len(x) != len(y) || len(x) >= len(records) || len(x) < mostRandom {
		t.Fatalf("%d and %d requests", len(x), len(y))
	}
	found := false
	for i := range x {
		if x[i].seq != y[i].seq {
			t.Fatalf("request %d is %d and %d", i, x[i].seq, y[i].seq)
		}
		found = found || x[i].latency == slowest
	}
	if !found {
		t.Error("the slowest request was lost")
	}
}
