package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/record"
)

// The ranks of printed tables of the median's interval (Conover, Practical Nonparametric Statistics, A3), which is never
// wider, and those between which it may lie by a part of a rank.
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
		low, high := rankInterval(test.n, float64(test.n), test.p, confidence)
		if int64(low) != test.low || int64(math.Ceil(high)) != test.high {
			t.Errorf("p%v of %d: ranks %v and %v, want %d and %d", test.p, test.n, low, high, test.low, test.high)
		}
	}
	low, high := rankInterval(100, 100, 50, confidence)
	// P(X < 40) of 100 tosses is 0.0176, P(X ≤ 40) 0.0284
	if want := 40 + (0.025-0.0176001)/(0.0284440-0.0176001); math.Abs(low-want) > 1e-4 || math.Abs(low+high-101) > 1e-9 {
		t.Errorf("ranks %v and %v, want %v and its mirror", low, high, want)
	}
}

// What lies between two ranks does not lie beyond a failure.
func TestBetweenRanks(t *testing.T) {
	at := func(r int64) float64 { return []float64{10, 20, math.Inf(1), math.Inf(1)}[r-1] }
	for rank, want := range map[float64]float64{1: 10, 1.25: 12.5, 2: 20, 2.5: math.Inf(1), 3: math.Inf(1), 3.5: math.Inf(1), 4: math.Inf(1)} {
		if got := between(rank, at); got != want {
			t.Errorf("rank %v: %v, want %v", rank, got, want)
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
	// between the ranks 2 and 10, of which P(X < 2) of 11 tosses is 0.0059 and P(X ≤ 2) 0.0327; p99 needs 367 values.
	want := `{"n":11,"failed":0,"mean":6,"mean_ci":[4.138788,8.698199],"sd":3.162278,"min":1,"p50":6,"p50_ci":[2.712727,9.287273],"p99":11,"p99_ci":[null,null],"max":11}`
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

// A server that is a fifth slower is shown to be so: of 200 lognormal times a side, Student's t alone shows it in about nine
// pairs of ten, and what is left over all headline figures is not much less.
func TestCompareShowsMostDifferences(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	side := func(factor float64) *Collector {
		c := New(Options{Intervals: true, Percentiles: []float64{50}})
		for i := range int64(200) {
			rec := streamed(i * 1000)
			rec.TTFTMs = factor * 200 * math.Exp(r.NormFloat64()/2)
			rec.LatencyMs = rec.TTFTMs + 800
			c.Add(rec)
		}
		return c
	}
	const n = 200
	shown := map[string]int{}
	for range n {
		for _, c := range compared([]*Collector{side(1)}, []*Collector{side(1.2)}) {
			if c.Shown {
				shown[c.Figure]++
			}
		}
	}
	for figure, least := range map[string]int{"ttft_ms:mean": n * 80 / 100, "ttft_ms:p50": n * 45 / 100} {
		if shown[figure] < least {
			t.Errorf("%s: shown in %d of %d pairs, want %d", figure, shown[figure], n, least)
		}
	}
}

// A side that serves nothing is worse in throughput too; if no side serves anything there is nothing to judge.
func TestCompareWithNothingServed(t *testing.T) {
	side := func(ok bool) []*Collector {
		c := New(Options{Intervals: true, Percentiles: []float64{50}})
		for i := range int64(400) {
			r := streamed(i * 10_000)
			if r.OK = ok; !ok {
				r.Error = &record.Error{Kind: record.KindHTTP}
			}
			c.Add(r)
		}
		return []*Collector{c}
	}
	if c := changeOf(t, compared(side(true), side(false)), "requests_per_s"); c.Verdict != IsWorse || c.Delta != -1 {
		t.Errorf("%s", mustJSON(t, c))
	}
	if c := changeOf(t, compared(side(false), side(true)), "requests_per_s"); c.Verdict != IsBetter {
		t.Errorf("%s", mustJSON(t, c))
	}
	if got := Compare(side(false), side(false)).Unjudged(); !slices.Contains(got, "r: all requests of both sides failed") {
		t.Errorf("unjudged: %q", got)
	}
}

// Records that come twice make a server twice as fast.
func TestCompareTellsOfDoubledRecords(t *testing.T) {
	side := func(times int) []*Collector {
		c := New(Options{Intervals: true, Percentiles: []float64{50}})
		for range times {
			for i := range int64(100) {
				r := streamed(i * 10_000)
				r.ID, r.Seq = fmt.Sprint("r", i), i
				c.Add(r)
			}
		}
		return []*Collector{c}
	}
	want := "r, new side: 100 of 200 records have the id and seq of another one: the same records twice, or runs that nothing tells apart"
	if got := Compare(side(1), side(2)).Notes; !slices.Contains(got, want) {
		t.Errorf("notes %q", got)
	}
	if got := Compare(side(1), side(1)).Notes; len(got) > 0 {
		t.Errorf("notes %q", got)
	}
}

// Longer prompts are another load, and a load generator that was late measures itself.
func TestCompareTellsOfAnotherLoad(t *testing.T) {
	side := func(change func(*record.Record)) []*Collector {
		c := New(Options{Intervals: true, Percentiles: []float64{50}})
		for i := range int64(100) {
			r := streamed(i * 10_000)
			r.Mode, r.PromptTokens = "open", 100+int(i%7)
			change(r)
			c.Add(r)
		}
		return []*Collector{c}
	}
	same := func(*record.Record) {}
	for want, change := range map[string]func(*record.Record){
		"r: the sides differ in the length of prompts: 103 and 205.9 tokens on average": func(r *record.Record) { r.PromptTokens *= 2 },
		"r, new side: the load generator was the bottleneck: requests went out late: lag p99 is 200 ms": func(r *record.Record) {
			r.LagMs = 200
		},
	} {
		got := Compare(side(same), side(change)).Notes
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("notes %q, want %q", got, want)
		}
	}
	if got := Compare(side(same), side(same)).Notes; len(got) > 0 {
		t.Errorf("notes %q", got)
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
