package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/record"
)

// longRun returns n requests with random latencies, all due at the same time if together is set.
func longRun(r *rand.Rand, n int, together bool) []*record.Record {
	out := make([]*record.Record, n)
	for i := range out {
		due := int64(1_790_000_000_000_000)
		if !together {
			due += int64(i) * 1000
		}
		ms := math.Round(1e5*r.ExpFloat64())/1000 + 0.001
		out[i] = &record.Record{Seq: int64(i), Run: "a", ScheduledUs: due, SentUs: due, OK: true, TTFTMs: ms, LatencyMs: ms}
	}
	return out
}

// collected returns a Collector merged from parts Collectors that the records are distributed over.
func collected(parts int, records []*record.Record) *Collector {
	c := make([]*Collector, parts)
	for i := range c {
		c[i] = New(Options{Intervals: true, Percentiles: []float64{50}})
	}
	for i, r := range records {
		c[i%parts].Add(r)
	}
	for _, o := range c[1:] {
		c[0].Merge(o)
	}
	return c[0]
}

// TestSeriesIsBounded checks that the size of a series is bounded, even if all requests have the same due time, and
// that its intervals are centered on the figures of all requests.
func TestSeriesIsBounded(t *testing.T) {
	for _, together := range []bool{false, true} {
		records := longRun(rand.New(rand.NewPCG(1, 1)), maxSeries*5/4, together)
		one, two := collected(1, records), collected(2, records)
		s := &one.sorted()[0].series
		if n := len(s.due); n > maxSeries || n < maxSeries/8 {
			t.Errorf("together %t: the series has %d requests", together, n)
		}
		a, b := one.Summary().Blocks[0].Metrics.Get("ttft_ms"), two.Summary().Blocks[0].Metrics.Get("ttft_ms")
		if !reflect.DeepEqual(a, b) {
			t.Errorf("together %t: in one part\n%+v\nin two\n%+v", together, a, b)
		}
		low, high := float64(a.MeanCI[0]), float64(a.MeanCI[1])
		if middle := math.Sqrt(low * high); math.Abs(middle-float64(a.Mean)) > 1e-9*middle {
			t.Errorf("together %t: the interval %g to %g is not centered on the mean %g", together, low, high, a.Mean)
		}
		if low > 100 || high < 100 || high/low > 1.02 {
			t.Errorf("together %t: the interval of the mean of 100 ms is %g to %g", together, low, high)
		}
	}
}

// TestSeriesOfRareFailure checks that a failure counts even if it is not in the sample.
func TestSeriesOfRareFailure(t *testing.T) {
	records := longRun(rand.New(rand.NewPCG(1, 2)), maxSeries+1, false)
	for i, r := range records { // find one that is not in the sample
		if keyOf(r.ScheduledUs, uint64(r.Seq)^xxhash.Sum64String(""))>>28 == 15 {
			records[i].OK = false
			break
		}
	}
	m := collected(1, records).Summary().Blocks[0].Metrics.Get("response_ms")
	if m.Failed != 1 || m.MeanCI[0].Known() || m.MeanCI[1].Known() {
		t.Errorf("%d failures, mean %g, its interval %v", m.Failed, m.Mean, *m.MeanCI)
	}
}

// TestSeriesOfStates checks that the states of long runs merge with series of other sampling rates.
func TestSeriesOfStates(t *testing.T) {
	for _, n := range []int{100, seriesInState + 1, maxSeries + 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := &collected(1, longRun(rand.New(rand.NewPCG(1, 3)), n, false)).sorted()[0].series
			st := s.state()
			back, err := st.restore()
			if err != nil || len(back.due) > seriesInState || len(back.due) < min(n, seriesInState/4) {
				t.Fatalf("%d requests, %v", len(back.due), err)
			}
			for _, key := range back.key {
				if !back.chosen(key) {
					t.Fatal("a request that is not in the sample")
				}
			}
			joined := &series{}
			joined.merge(back)
			joined.merge(s)
			if joined.halvings != back.halvings || len(joined.due) != 2*len(back.due) {
				t.Errorf("%d of halving %d joined are %d of %d", len(back.due), back.halvings, len(joined.due), joined.halvings)
			}
		})
	}
}
