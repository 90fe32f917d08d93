package stats

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"perfpipe/internal/record"
)

func TestInFlightIsExact(t *testing.T) {
	var c Course
	// Two requests: 0 to 4 s and 1 to 3 s. The area under the curve is 6 request·s.
	for _, r := range []record.Record{
		{SentUs: 1e12, LatencyMs: 4000, OK: true},
		{SentUs: 1e12 + 1e6, LatencyMs: 2000, OK: true},
	} {
		c.Add(&r)
	}
	for _, n := range []int{1000, 7, 3, 1} {
		bins, _, width := c.Bins(n)
		var area float64
		for i := range bins {
			area += bins[i].InFlight * float64(width) / 1e6
		}
		if math.Abs(area-6) > 1e-9 || len(bins) > n {
			t.Errorf("in %d bins the area is %v", len(bins), area)
		}
	}
}

func TestTokensCountAtTheirArrival(t *testing.T) {
	var c Course
	r := record.Record{
		SentUs: 1e12, TTFTMs: 500, GapUs: []int64{1_000_000, 1_000_000}, LatencyMs: 2600,
		CompletionTokens: 9, ChunkTokens: []int{1, 3, 5}, OK: true,
	}
	c.Add(&r)
	bins, from, width := c.Bins(1000)
	for at, want := range map[int64]int64{500_000: 1, 1_500_000: 3, 2_500_000: 5} {
		if got := bins[(1e12+at-from)/width].Output; got != want {
			t.Errorf("%v tokens at %d µs, want %v", got, at, want)
		}
	}
}

// TestCourseMergesInAnyOrder checks that the bins depend neither on the order of the records nor on their distribution
// over merged Courses, even if the bins become wider meanwhile.
func TestCourseMergesInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var records []record.Record
	for i := range 2000 {
		r := record.Record{
			SentUs: 1_790_000_000_000_000 + rng.Int64N(400e6), LatencyMs: float64(100 + rng.IntN(2000)),
			TTFTMs: float64(1 + rng.IntN(90)), OK: i%9 != 0, LagMs: float64(rng.IntN(50)),
		}
		r.ScheduledUs = r.SentUs - rng.Int64N(5e6)
		records = append(records, r)
	}
	var whole, first, second Course
	for i := range records {
		whole.Add(&records[i])
	}
	for i := len(records) - 1; i >= 0; i-- {
		if i%3 == 0 {
			first.Add(&records[i])
		} else {
			second.Add(&records[i])
		}
	}
	second.Merge(&first)
	for _, n := range []int{1000, 60} {
		bins, from, width := whole.Bins(n)
		others, from2, width2 := second.Bins(n)
		if from != from2 || width != width2 || len(bins) != len(others) {
			t.Fatalf("%d bins of %d µs from %d; want %d of %d from %d", len(others), width2, from2, len(bins), width, from)
		}
		var due, ok, failed int64
		for i := range bins {
			a, b := &bins[i], &others[i]
			due, ok = due+a.Due, ok+a.OK
			for _, k := range a.Failed {
				failed += k
			}
			ttft, other := &a.Times[TimeTTFT], &b.Times[TimeTTFT]
			if a.Due != b.Due || a.OK != b.OK || math.Abs(a.InFlight-b.InFlight) > 1e-9 ||
				a.MaxLag != b.MaxLag && (a.MaxLag == a.MaxLag || b.MaxLag == b.MaxLag) || !reflect.DeepEqual(a.Failed, b.Failed) ||
				ttft.N() != other.N() || ttft.N() > 0 && ttft.At(99) != other.At(99) {
				t.Fatalf("bin %d differs: %+v, %+v", i, a, b)
			}
		}
		if due != 2000 || ok+failed != 2000 {
			t.Errorf("%d due, %d ok, %d failed", due, ok, failed)
		}
	}
}
