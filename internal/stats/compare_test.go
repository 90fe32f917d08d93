package stats

import (
	"math/rand/v2"
	"slices"
	"testing"

	"llmperf/internal/record"
)

// The ranks of printed tables of the median's interval (Conover, Practical Nonparametric Statistics, A3).
func TestRankInterval(t *testing.T) {
	for _, test := range []struct {
		n         int64
		p         float64
		low, high int64
	}{
		{5, 50, 0, 6}, // no two of five values are far enough apart
		{6, 50, 1, 6},
		{10, 50, 2, 9},
		{100, 50, 40, 61},
		{100, 99, 97, 101}, // only more values bound p99 above
		{1000, 99, 983, 997},
	} {
		if low, high := rankInterval(test.n, float64(test.n), test.p, confidence); low != test.low || high != test.high {
			t.Errorf("p%v of %d: ranks %d and %d, want %d and %d", test.p, test.n, low, high, test.low, test.high)
		}
	}
}

// Eleven values of which nothing says that they are alike.
func TestIntervals(t *testing.T) {
	values := []float64{3, 8, 0, 6, 2, 10, 5, 1, 9, 4, 7}
	s := summaryOf(Options{Intervals: true, Percentiles: []float64{50, 99}}, map[string][]*record.Record{
		"a": sent(11, 0, 10, 5, func(i int, r *record.Record) { r.TTFTMs = values[i] + 1 }),
	})
	// t(10) is 2.228, the sample's deviation 3.317: 6 ± 2.228 by a sum, and by logarithms 6·exp(±2.228/6). The median lies
	// between the second and the tenth; p99 needs 367 values.
	want := `{"n":11,"failed":0,"mean":6,"mean_ci":[4.138788,8.698199],"sd":3.162278,"min":1,"p50":6,"p50_ci":[2,10],"p99":11,"p99_ci":[null,null],"max":11}`
	if got := mustJSON(t, s.Blocks[0].Metrics.Get("ttft_ms").Stat); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !hasNote(&s.Blocks[0], "too short to know the interval of the p99 of TTFT, latency and response time: about 370 requests would do") {
		t.Errorf("notes %q", s.Blocks[0].Notes)
	}
}

// run collects n answers whose TTFT is about ttft ms.
func run(seed uint64, n int, ttft float64) *Collector {
	r := rand.New(rand.NewPCG(seed, 0))
	c := New(Options{Intervals: true, Percentiles: []float64{50, 99}})
	for i := range int64(n) {
		rec := streamed(i * 1000)
		rec.TTFTMs = ttft + 20*r.NormFloat64()
		rec.LatencyMs = rec.TTFTMs + 800
		c.Add(rec)
	}
	return c
}

func compared(base, next []*Collector) []Change { return Compare(base, next).Changes }

func changeOf(t *testing.T, changes []Change, figure string) Change {
	t.Helper()
	i := slices.IndexFunc(changes, func(c Change) bool { return c.Figure == figure })
	if i < 0 {
		t.Fatalf("no %s", figure)
	}
	return changes[i]
}

func TestCompareShowsADifference(t *testing.T) {
	changes := compared([]*Collector{run(1, 300, 200)}, []*Collector{run(2, 300, 220)})
	for _, figure := range []string{"ttft_ms:mean", "ttft_ms:p50", "response_ms:p50"} {
		c := changeOf(t, changes, figure)
		if !c.Shown || c.Better != -1 || !(c.CI[0] > 0) || !(c.CI[0] < c.Delta && c.Delta < c.CI[1]) || !(c.P < 0.001) {
			t.Errorf("%s", mustJSON(t, c))
		}
	}
	if c := changeOf(t, changes, "tpot_ms:mean"); c.Shown || c.P != 1 || c.Delta != 0 {
		t.Errorf("no difference: %s", mustJSON(t, c))
	}
	if c := changeOf(t, changes, "itl_ms:mean"); c.Test != "" || c.Shown || c.P.Known() {
		t.Errorf("gaps are not independent: %s", mustJSON(t, c))
	}
}

// Of runs without a difference one in twenty shows one: that is what 95 % confidence means.
func TestCompareSeldomErrs(t *testing.T) {
	shown, n := map[string]int{}, 200
	for i := range n {
		changes := compared([]*Collector{run(uint64(2*i+10), 100, 200)}, []*Collector{run(uint64(2*i+11), 100, 200)})
		for _, figure := range []string{"ttft_ms:mean", "ttft_ms:p50"} {
			if changeOf(t, changes, figure).Shown {
				shown[figure]++
			}
		}
	}
	for figure, k := range shown {
		if k > n/10 {
			t.Errorf("%s: a difference in %d of %d", figure, k, n)
		}
	}
}

func TestCompareSeveralRuns(t *testing.T) {
	side := func(seed uint64, ttft ...float64) (out []*Collector) {
		for i, v := range ttft {
			out = append(out, run(seed+uint64(i), 2000, v))
		}
		return out
	}
	// Runs differ by more than their requests do: the requests alone would show a difference.
	noisy := compared(side(1, 180, 200, 230), side(4, 190, 215, 240))
	if c := changeOf(t, noisy, "ttft_ms:mean"); c.Test != "Welch" || c.Shown || !(c.CI[0] < 0 && c.CI[1] > 0) {
		t.Errorf("%s", mustJSON(t, c))
	}
	clear := compared(side(1, 199, 200, 201), side(4, 249, 250, 251))
	if c := changeOf(t, clear, "ttft_ms:mean"); !c.Shown || c.Better != -1 || !(c.CI[0] > 0.2) {
		t.Errorf("%s", mustJSON(t, c))
	}
	if c := changeOf(t, noisy, "requests_per_s"); c.Test != "Welch" {
		t.Errorf("%s", mustJSON(t, c))
	}
}

func TestCompareWithFailures(t *testing.T) {
	base, next := run(1, 10, 200), run(2, 10, 200)
	for range 90 {
		r := streamed(0)
		r.OK, r.Error = false, &record.Error{Kind: record.KindHTTP}
		next.Add(r)
	}
	changes := compared([]*Collector{base}, []*Collector{next})
	if c := changeOf(t, changes, "response_ms:p50"); c.New.Known() || !c.Shown || c.Better != -1 {
		t.Errorf("%s", mustJSON(t, c))
	}
	mustJSON(t, changes)
	if got := compared([]*Collector{base}, []*Collector{New(Options{})}); len(got) > 0 {
		t.Errorf("nothing to compare with: %s", mustJSON(t, got))
	}
}
