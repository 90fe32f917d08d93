package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// queue returns a Load on a simulated M/M/1 queue of capacity 100 requests/s, whose response time is exponential with
// the mean 1/(100−rate) seconds. Those of successive requests are correlated.
func queue(points *[]string, seed uint64) *Load {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &Load{
		Point: func(rate float64, run, requests int) (load.Point, error) {
			return load.Point{Run: fmt.Sprintf("rate=%v#%d", rate, run), Rate: rate, Number: requests, Mode: load.Open}, nil
		},
		Run: func(_ context.Context, p load.Point, observe func(*record.Record)) (string, error) {
			*points = append(*points, p.Run)
			if p.Rate >= 100 {
				return "piles up", nil
			}
			at, free := 0.0, 0.0 // s
			for i := range p.Number {
				at += rng.ExpFloat64() / p.Rate
				free = max(free, at) + rng.ExpFloat64()/100
				ms, due := 1000*(free-at), int64(at*1e6)
				observe(&record.Record{
					OK: true, Run: p.Run, Mode: p.Mode, Phase: record.PhaseMeasure, Rate: p.Rate, Seq: int64(i),
					ScheduledUs: due, SentUs: due, TTFTMs: ms, LatencyMs: ms,
				})
			}
			return "", nil
		},
		Say: func(string, ...any) {},
	}
}

// The requests of a queue determine a percentile less than as many independent ones would. The p99 is 300 ms at 84.6
// requests/s, and the p90 at 92.3. No answer is above, unless the search doubts it.
func TestCapacityOfAQueue(t *testing.T) {
	for objective, most := range map[string]float64{"latency_ms:p99<300": 84.6, "latency_ms:p90<300": 92.3} {
		slo, err := ParseSLO([]string{objective})
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(3) {
			res, err := queue(new([]string), seed).Capacity(t.Context(), OptionsOf(Rate, 40, 0, 3), slo)
			if err != nil || res.Best < most/2 || res.Best > most*1.05 && len(res.Doubts) == 0 {
				t.Errorf("%s: %+v, %v", objective, res, err)
			}
		}
	}
}

// The p90 of an exponential response time with mean 1/(100−rate) s is 2.3 times the mean: 100 ms at 77 requests/s.
func TestCapacity(t *testing.T) {
	var points []string
	slo, err := ParseSLO([]string{"latency_ms:p90<100", "ok>=0.9"})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Start: 10, Min: 1, Max: 1000, Precision: 0.05, Runs: 3}
	res, err := queue(&points, 1).Capacity(t.Context(), opt, slo)
	if err != nil || res.Best < 60 || res.Best > 80 {
		t.Errorf("%+v, %v", res, err)
	}
	if points[0] != "rate=10#0" {
		t.Errorf("points %q", points)
	}
	if lines := res.Describe("rate", slo); len(lines) == 0 {
		t.Error("nothing to describe")
	}
}

// TestCapacityOfTheClient checks that a limit of the load generator is not trusted as one of the server.
func TestCapacityOfTheClient(t *testing.T) {
	slo, err := ParseSLO([]string{"response_ms:p90<100"})
	if err != nil {
		t.Fatal(err)
	}
	for limit, doubts := range map[float64]int{1000: 0, 40: 1} { // requests/s that the client can send in time
		var points []string
		l := queue(&points, 1)
		run := l.Run
		l.Run = func(ctx context.Context, p load.Point, observe func(*record.Record)) (string, error) {
			return run(ctx, p, func(r *record.Record) {
				r.LagMs = 0.05
				if p.Rate > limit {
					r.LagMs = 150
				}
				r.SentUs += int64(r.LagMs * 1000)
				observe(r)
			})
		}
		res, err := l.Capacity(t.Context(), Options{Start: 10, Min: 1, Max: 1000, Precision: 0.05, Runs: 3}, slo)
		const late = "the load generator was the bottleneck: requests went out late: lag p99 is 150 ms"
		if got := strings.Count(strings.Join(res.Doubts, "\n"), late); got != doubts || err != nil {
			t.Errorf("limit %v: %+v, %v", limit, res, err)
		}
	}
}

// A server that is gone ends a search. A level that it does not survive does not.
func TestCapacityOfADeadServer(t *testing.T) {
	slo, err := ParseSLO([]string{"latency_ms:p90<100"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fails func(p load.Point, runs int) bool
		runs  int // 0: the search ends by itself
	}{
		"from the start": {func(load.Point, int) bool { return true }, 2},
		"later":          {func(_ load.Point, runs int) bool { return runs > 3 }, 5},
		"overloaded":     {func(p load.Point, _ int) bool { return p.Rate > 70 }, 0},
	} {
		var points []string
		l := queue(&points, 1)
		run := l.Run
		l.Run = func(ctx context.Context, p load.Point, observe func(*record.Record)) (string, error) {
			return run(ctx, p, func(r *record.Record) {
				if c.fails(p, len(points)) {
					r.OK, r.Error = false, &record.Error{Kind: record.KindConnect, Message: "refused"}
				}
				observe(r)
			})
		}
		res, err := l.Capacity(t.Context(), Options{Start: 10, Min: 1, Max: 90, Precision: 0.5, Runs: 3}, slo)
		switch {
		case c.runs == 0 && (err != nil || res.Best < 40):
			t.Errorf("%s: %+v, %v", name, res, err)
		case c.runs == 0:
		case err == nil || !strings.HasSuffix(err.Error(), "no request succeeded, as in the run before: refused"):
			t.Errorf("%s: %v", name, err)
		case len(points) != c.runs:
			t.Errorf("%s: runs %q", name, points)
		}
	}
}

func TestLadder(t *testing.T) {
	var points []string
	ladder, err := queue(&points, 1).Knee(t.Context(), 10, 1000)
	if err != nil || ladder.Knee < 30 || ladder.Knee > 70 || !ladder.Saturated() {
		t.Errorf("%+v, %v", ladder, err)
	}
}

func TestSLOErrors(t *testing.T) {
	for text, want := range map[string]string{
		"goodput>=0.9": "goodput>=0.9 needs goodput's limits, which a search does not have",
		"ttft_ms:p99":  `"ttft_ms:p99" has no <, <=, > or >=`,
	} {
		if _, err := ParseSLO([]string{text}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWatch(t *testing.T) {
	p := load.Point{Run: "x", Mode: load.Open, Rate: 10}
	for name, c := range map[string]struct {
		limits   Limits
		inFlight int64
		failed   int
		want     string
	}{
		"errors":    {Limits{ErrorShare: 0.1}, 0, 50, "50 of 50 requests failed"},
		"in flight": {Limits{ErrorShare: 1, InFlight: 5}, 6, 0, "6 requests are in flight"},
		"neither":   {Limits{ErrorShare: 1}, 6, 50, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			var counts load.Counts
			counts.Phase.Store(&load.Phase{Run: "x", Name: record.PhaseMeasure})
			counts.InFlight.Store(c.inFlight)
			ctx, w := c.limits.Watch(t.Context(), p, &counts, 1, nil)
			for i := range c.failed {
				w.Add(&load.Record{Nth: int64(i), Record: record.Record{
					Run: "x", Phase: record.PhaseMeasure, Error: &record.Error{Kind: record.KindHTTP},
				}})
			}
			time.Sleep(time.Second)
			got := ""
			early, err := w.Stop(context.Cause(ctx))
			if early != nil {
				got = early.Reason
			}
			if got != c.want || early == nil && err != nil {
				t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
			}
			if w.ErrorsExceeded() != (name == "errors") {
				t.Errorf("%s: ErrorsExceeded", name)
			}
		})
	}
	_, w := Limits{ErrorShare: 1}.Watch(t.Context(), p, new(load.Counts), 1, nil)
	if early, err := w.Stop(errors.ErrUnsupported); early != nil || err != errors.ErrUnsupported {
		t.Errorf("%v, %v", early, err)
	}
}
