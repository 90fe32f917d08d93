package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

const epoch = 1_000_000_000_000_000 // µs

// streamed returns the record of an answer of four tokens in four chunks, at 250, 500, 750 and 1,000 ms.
func streamed(startMs int64) *record.Record {
	at := int64(epoch + startMs*1000)
	return &record.Record{
		Run: "r", ScheduledUs: at, SentUs: at, OK: true, TTFTMs: 250, GapUs: []int64{250_000, 250_000, 250_000}, LatencyMs: 1000,
		PromptTokens: 10, CompletionTokens: 4, TokensFrom: "usage",
	}
}

// run collects n answers whose TTFT in ms is normal with mean ttft and deviation 20.
func run(seed uint64, n int, ttft float64) *stats.Collector {
	r := rand.New(rand.NewPCG(seed, 0))
	c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50, 99}})
	for i := range int64(n) {
		rec := streamed(i * 1000)
		rec.TTFTMs = ttft + 20*r.NormFloat64()
		rec.LatencyMs = rec.TTFTMs + 800
		c.Add(rec)
	}
	return c
}

func compared(base, next []*stats.Collector) []Change { return Sides(base, next).Changes }

func changeOf(t *testing.T, changes []Change, figure string) Change {
	t.Helper()
	i := slices.IndexFunc(changes, func(c Change) bool { return c.Figure == figure })
	if i < 0 {
		t.Fatalf("no %s", figure)
	}
	return changes[i]
}

func TestCompareShowsADifference(t *testing.T) {
	changes := compared([]*stats.Collector{run(1, 300, 200)}, []*stats.Collector{run(2, 300, 220)})
	for _, figure := range []string{"ttft_ms:mean", "ttft_ms:p50", "response_ms:p50"} {
		c := changeOf(t, changes, figure)
		if !c.Shown || c.Better != -1 || !(c.CI[0] > 0) || !(c.CI[0] < c.Delta && c.Delta < c.CI[1]) || !(c.P < 0.001) {
			t.Errorf("%+v", c)
		}
	}
	if c := changeOf(t, changes, "tpot_ms:mean"); c.Shown || c.P != 1 || c.Delta != 0 {
		t.Errorf("no difference: %+v", c)
	}
	if c := changeOf(t, changes, "itl_ms:mean"); c.Test != "" || c.Shown || c.P.Known() {
		t.Errorf("gaps are not independent: %+v", c)
	}
}

// Among pairs of equal runs, at most one in ten shows a difference; 5 % is expected.
func TestCompareFalseAlarms(t *testing.T) {
	shown, n := map[string]int{}, 200
	for i := range n {
		base, next := run(uint64(2*i+10), 100, 200), run(uint64(2*i+11), 100, 200)
		changes := compared([]*stats.Collector{base}, []*stats.Collector{next})
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

// Comparisons detect a server that is 20 % slower. With 200 lognormal times per side, Student's t alone detects it in
// about nine of ten pairs. Controlling false alarms over all headline figures loses little of that.
func TestComparePower(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	side := func(factor float64) *stats.Collector {
		c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
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
		for _, c := range compared([]*stats.Collector{side(1)}, []*stats.Collector{side(1.2)}) {
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

// A side without a successful request is worse in throughput. If both are, the comparison cannot be judged.
func TestCompareWithNothingServed(t *testing.T) {
	side := func(ok bool) []*stats.Collector {
		c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
		for i := range int64(400) {
			r := streamed(i * 10_000)
			if r.OK = ok; !ok {
				r.Error = &record.Error{Kind: record.KindHTTP}
			}
			c.Add(r)
		}
		return []*stats.Collector{c}
	}
	if c := changeOf(t, compared(side(true), side(false)), "requests_per_s"); c.Verdict != Worse || c.Delta != -1 || c.CI[0] != -1 {
		t.Errorf("%+v", c)
	}
	if c := changeOf(t, compared(side(false), side(true)), "requests_per_s"); c.Verdict != Better {
		t.Errorf("%+v", c)
	}
	if got := Sides(side(false), side(false)).Unjudged(); !slices.Contains(got, "r: all requests of both sides failed") {
		t.Errorf("unjudged: %q", got)
	}
}

// Duplicate records would make a server look twice as fast.
func TestCompareNotesDuplicateRecords(t *testing.T) {
	side := func(times int) []*stats.Collector {
		c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
		for range times {
			for i := range int64(100) {
				r := streamed(i * 10_000)
				r.ID, r.Seq = fmt.Sprint("r", i), i
				c.Add(r)
			}
		}
		return []*stats.Collector{c}
	}
	want := "r, new side: 100 of 200 records have the id and seq of another one: " +
		"the same records twice, or runs that cannot be told apart"
	if got := Sides(side(1), side(2)).Notes; !slices.Contains(got, want) {
		t.Errorf("notes %q", got)
	}
	if got := Sides(side(1), side(1)).Notes; len(got) > 0 {
		t.Errorf("notes %q", got)
	}
}

// Longer prompts are a different load, and a late load generator measures itself.
func TestCompareNotesDifferentLoads(t *testing.T) {
	side := func(change func(*record.Record)) []*stats.Collector {
		c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
		for i := range int64(100) {
			r := streamed(i * 10_000)
			r.Mode, r.PromptTokens = "open", 100+int(i%7)
			change(r)
			c.Add(r)
		}
		return []*stats.Collector{c}
	}
	same := func(*record.Record) {}
	for want, change := range map[string]func(*record.Record){
		"r: the sides differ in the length of prompts: 103 and 205.9 tokens on average": func(r *record.Record) {
			r.PromptTokens *= 2
		},
		"r: the sides differ in the length of answers: 4 and 8 tokens on average": func(r *record.Record) {
			r.CompletionTokens *= 2
		},
		"r, new side: the load generator was the bottleneck: requests went out late: lag p99 is 200 ms": func(
			r *record.Record,
		) {
			r.LagMs = 200
		},
		"r, new side: cut short: 100 of the 300 requests that were asked for": func(r *record.Record) { r.Number = 300 },
		"r, new side: 100 of 100 records ended before their first output": func(r *record.Record) {
			r.TTFTMs = r.LatencyMs + 5
		},
		"r, new side: 100 of 100 records were sent before they were due": func(r *record.Record) { r.ScheduledUs += 50_000 },
	} {
		got := Sides(side(same), side(change)).Notes
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("notes %q, want %q", got, want)
		}
	}
	if got := Sides(side(same), side(same)).Notes; len(got) > 0 {
		t.Errorf("notes %q", got)
	}
}

func TestCompareSeveralRuns(t *testing.T) {
	side := func(seed uint64, ttft ...float64) (out []*stats.Collector) {
		for i, v := range ttft {
			out = append(out, run(seed+uint64(i), 2000, v))
		}
		return out
	}
	// The variance between runs exceeds that of their requests: the requests alone would show a difference.
	noisy := compared(side(1, 180, 200, 230), side(4, 190, 215, 240))
	if c := changeOf(t, noisy, "ttft_ms:mean"); c.Test != "Welch" || c.Shown || !(c.CI[0] < 0 && c.CI[1] > 0) {
		t.Errorf("%+v", c)
	}
	clear := compared(side(1, 199, 200, 201), side(4, 249, 250, 251))
	if c := changeOf(t, clear, "ttft_ms:mean"); !c.Shown || c.Better != -1 || !(c.CI[0] > 0.2) {
		t.Errorf("%+v", c)
	}
	if c := changeOf(t, noisy, "requests_per_s"); c.Test != "Welch" {
		t.Errorf("%+v", c)
	}
}

// TestCompareEqualValues checks sides whose values do not vary. Two runs, or a few requests, that agree to the µs do
// not make a difference certain: the runs would fall apart into the sides by chance with a probability of 2 ÷ C(2n, n).
func TestCompareEqualValues(t *testing.T) {
	runs := func(n, requests int, ttft float64, tokens int) (out []*stats.Collector) {
		for range n {
			c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
			for i := range int64(requests) {
				r := streamed(i * 1000)
				r.TTFTMs, r.LatencyMs, r.PromptTokens = ttft, ttft+800, tokens
				c.Add(r)
			}
			out = append(out, c)
		}
		return out
	}
	for _, c := range []struct {
		runs, requests int
		verdict        string
		p              float64
	}{
		{1, 2, CannotTell, math.NaN()}, {1, 14, CannotTell, math.NaN()}, {1, 15, Worse, 1e-12},
		{2, 100, NoDifference, 1. / 3}, {3, 100, NoDifference, 0.1}, {5, 100, Worse, 1. / 126},
	} {
		got := Sides(runs(c.runs, c.requests, 100, 50), runs(c.runs, c.requests, 101, 100))
		mean := changeOf(t, got.Changes, "ttft_ms:mean")
		if p := float64(mean.P); mean.Verdict != c.verdict || math.Abs(p-c.p) > 1e-9 || math.IsNaN(p) != math.IsNaN(c.p) {
			t.Errorf("%d runs of %d: %+v, want %s, P %v", c.runs, c.requests, mean, c.verdict, c.p)
		}
		if same := changeOf(t, got.Changes, "tpot_ms:mean"); same.Delta != 0 || same.P.Known() && same.P != 1 {
			t.Errorf("%d runs of %d, equal sides: %+v", c.runs, c.requests, same)
		}
		lengths := strings.Contains(strings.Join(got.Notes, "\n"), "in the length of prompts")
		if lengths != (c.runs > 1 || c.requests >= 15) {
			t.Errorf("%d runs of %d: notes %q", c.runs, c.requests, got.Notes)
		}
	}
}

// TestCompareClustersOfFailures checks that the success rates of a server whose failures come in bursts differ in few
// pairs of equal runs, that one long outage cannot be judged, and that a difference in many bursts is shown.
func TestCompareClustersOfFailures(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	side := func(share float64, burst int) []*stats.Collector {
		c, left := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}}), 0
		for i := range int64(1000) {
			r := streamed(i * 1000)
			if left == 0 && rnd.Float64() < share/float64(burst) {
				left = burst
			}
			r.OK, left = left == 0, max(0, left-1)
			c.Add(r)
		}
		return []*stats.Collector{c}
	}
	verdicts := func(old, next float64, burst int) map[string]int {
		of := map[string]int{}
		for range 20 {
			of[changeOf(t, compared(side(old, burst), side(next, burst)), "success_rate").Verdict]++
		}
		return of
	}
	for _, burst := range []int{20, 60} {
		if of := verdicts(0.03, 0.03, burst); of[Better]+of[Worse] > 1 {
			t.Errorf("equal sides, bursts of %d: %v", burst, of)
		}
	}
	if of := verdicts(0, 0.3, 300); of[NoDifference] > 10 { // the runs without an outage
		t.Errorf("an outage: %v", of)
	}
	if of := verdicts(0.02, 0.3, 5); of[Worse] < 18 {
		t.Errorf("many bursts: %v", of)
	}
}

// TestPossible checks the difference that an interval does not exclude although none was found.
func TestPossible(t *testing.T) {
	nan := dist.NaN()
	for _, c := range []struct {
		name       string
		change     Change
		possible   dist.Num
		mayBeWorse bool // by more than 5 %
		verdict    string
	}{
		{"less is better", Change{Better: -1, CI: dist.Interval{-0.02, 0.12}}, 0.12, true, NoDifference},
		{"more is better", Change{Better: 1, CI: dist.Interval{-0.02, 0.12}}, 0.12, false, NoDifference},
		{"narrow", Change{Better: -1, CI: dist.Interval{-0.02, 0.03}}, 0.03, false, NoDifference},
		{"unbounded", Change{Better: -1, CI: dist.Interval{-1, nan}}, nan, true, NoDifference},
		{"equal runs", Change{Better: 1, Test: permutation, CI: dist.Interval{nan, nan}}, 0, false, NoDifference},
		{"worse", Change{Better: -1, CI: dist.Interval{0.5, 0.9}, P: 1e-9, Old: 1, New: 1.7, Delta: 0.7}, nan, false, Worse},
		{"not judged", Change{Better: -1, Test: "-", CI: dist.Interval{nan, nan}}, nan, false, CannotTell},
	} {
		change := c.change
		change.Headline, change.Possible, change.Adjusted = true, nan, nan
		switch change.Test {
		case "":
			change.Test = "intervals"
		case "-":
			change.Test = ""
		}
		if change.P == 0 {
			change.P = 0.5
		}
		all := []Change{change}
		judge(all)
		list, _ := (&Comparison{Changes: all}).MayBeWorse(0.05)
		if got := all[0]; got.Verdict != c.verdict || got.Possible.Known() != c.possible.Known() ||
			got.Possible.Known() && got.Possible != c.possible || len(list) > 0 != c.mayBeWorse {
			t.Errorf("%s: %+v, may be worse: %v", c.name, got, len(list) > 0)
		}
	}
}

// TestCompareSteps checks that runs at a constant rate do not differ in requests/s by the one answer more or less that
// ends in their window.
func TestCompareSteps(t *testing.T) {
	side := func(latency float64) (out []*stats.Collector) {
		for run := range 5 {
			c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50}})
			for i := range int64(100) {
				r := streamed(i * 100)
				r.TTFTMs, r.GapUs, r.LatencyMs = 50, []int64{1000, 1000, 1000}, latency+float64(run)/1000
				c.Add(r)
			}
			out = append(out, c)
		}
		return out
	}
	if c := changeOf(t, compared(side(100), side(101)), "requests_per_s"); c.Delta == 0 || c.Verdict != NoDifference {
		t.Errorf("%+v", c)
	}
	if c := changeOf(t, compared(side(100), side(101)), "response_ms:mean"); c.Verdict != Worse {
		t.Errorf("%+v", c)
	}
}

func TestCompareWithFailures(t *testing.T) {
	base, next := run(1, 10, 200), run(2, 10, 200)
	for range 90 {
		r := streamed(0)
		r.OK, r.Error = false, &record.Error{Kind: record.KindHTTP}
		next.Add(r)
	}
	changes := compared([]*stats.Collector{base}, []*stats.Collector{next})
	if c := changeOf(t, changes, "response_ms:p50"); c.New.Known() || !c.Shown || c.Better != -1 {
		t.Errorf("%+v", c)
	}
	if _, err := json.Marshal(changes); err != nil {
		t.Error(err)
	}
	if got := compared([]*stats.Collector{base}, []*stats.Collector{stats.New(stats.Options{})}); len(got) > 0 {
		t.Errorf("nothing to compare with: %+v", got)
	}
}
