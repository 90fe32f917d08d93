package define

import (
	"testing"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// TestPeaksByHand has four requests around the end of the first second, which begins with the first that succeeds:
//
//	a: failed, sent at 0 s
//	b: sent at 0.5 s, chunks at 0.9, 1.4 and 1.6 s: seconds 0, 0 and 1 of the run; in flight in both
//	c: sent at 1.2 s, not streamed, ends at 1.3 s: second 0
//	d: sent at 1.5 s, one chunk at 2.4 s: second 1 in all, since the run is 0.5 s old
//	e: sent at 1.55 s, two chunks at 1.6 s: second 1
func TestPeaksByHand(t *testing.T) {
	at := func(s float64) int64 { return epoch + int64(s*1e6) }
	defs, err := Parse("vllm")
	if err != nil {
		t.Fatal(err)
	}
	d := New(defs, stats.Options{})
	for _, r := range []*record.Record{
		{Seq: 4, SentUs: at(1.55), OK: true, TTFTMs: 50, GapUs: []int64{0}, LatencyMs: 50, QueueMs: 2000},
		{Seq: 0, SentUs: at(0), LatencyMs: 9000},
		{Seq: 1, SentUs: at(0.5), OK: true, TTFTMs: 400, GapUs: []int64{500_000, 200_000}, LatencyMs: 1200},
		{Seq: 2, SentUs: at(1.2), OK: true, LatencyMs: 100},
		{Seq: 3, SentUs: at(1.5), OK: true, TTFTMs: 900, LatencyMs: 950},
	} {
		d.Add(r)
	}
	b := d.Blocks()[0]
	if want := (Peaks{Chunks: 4, Requests: 3}); *b.Peaks != want {
		t.Errorf("%+v, want %+v", *b.Peaks, want)
	}
	want := []Request{{0, 0}, {1.1, 0}, {0.1, 0}, {0.9, 0}, {0.05, 2}}
	for i, r := range b.Each {
		if r != want[i] {
			t.Errorf("request %d: %+v, want %+v", i, r, want[i])
		}
	}
	if len(b.Each) != len(want) || b.Counts.OK != 4 || b.Counts.Failed != 1 {
		t.Errorf("%d requests, %+v", len(b.Each), b.Counts)
	}
}
