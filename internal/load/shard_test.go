package load

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/schedule"
	"perfpipe/internal/stats"
)

// slow is a server whose time for a request follows from the request alone.
type slow struct{}

func (slow) Do(ctx context.Context, req *Request) *Record {
	rec := &Record{Record: record.Record{
		SentUs: time.Now().UnixMicro(), API: "openai", OK: true, PromptTokens: len(req.Body), CompletionTokens: 3,
	}}
	takes := time.Duration(10+len(req.Body)%7*5+int(req.Body[len(req.Body)-2])%9) * ms
	time.Sleep(takes / 2)
	rec.TTFTMs = float64(takes/2) / 1e6
	time.Sleep(takes - takes/2)
	rec.GapUs = []int64{(takes - takes/2).Microseconds()}
	rec.LatencyMs = float64(takes) / 1e6
	return rec
}

// sharded runs points as n shards, each in a bubble of its own, and returns all records by seq. Bubbles begin at the
// same instant.
func sharded(t *testing.T, n int, points []Point) (recs []*Record) {
	t.Helper()
	for i := range n {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			shard := Shard{i, n}
			e := &Engine{
				Doer: slow{}, Source: &lines{n: -1}, Sleep: waitUntil, Ns: time.Time.UnixNano, Shard: shard, RunID: "r",
				Emit: func(r *Record) error {
					mu.Lock()
					defer mu.Unlock()
					if want := shard.String(); r.Shard != want {
						t.Errorf("shard %q, want %q", r.Shard, want)
					}
					r.Shard = ""
					recs = append(recs, r)
					return nil
				},
			}
			begin := time.Now().Add(time.Second)
			for k, p := range points {
				p.Start = begin.Add(time.Duration(k) * time.Minute)
				p.Limit = cmp.Or(shard.Part(p.Limit), p.Limit)
				if res, err := e.Run(t.Context(), p); err != nil || res.Short {
					t.Errorf("shard %d: %+v, %v", i, res, err)
				}
				if started, total := int(e.Counts.Started.Load()), e.Counts.Phase.Load().Total; p.Number > 0 && started != total {
					t.Errorf("shard %d of %d: %d started, %d to start", i, n, started, total)
				}
			}
		})
	}
	slices.SortFunc(recs, func(a, b *Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return recs
}

// summary is what perf-stats would make of the records, in whatever order they come.
func summary(t *testing.T, recs []*Record) string {
	c := stats.New(stats.Options{})
	for _, r := range recs {
		c.Add(&r.Record)
	}
	b, err := json.MarshalIndent(c.Summary(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The shards of an open loop send, together, just what one engine sends, at the same times; and so their statistics are
// the same.
func TestShardsAreOneRun(t *testing.T) {
	open := func(rate float64, p Point) Point {
		p.Run, p.Mode, p.Rate = fmt.Sprintf("rate=%v", rate), Open, rate
		p.Pacer = schedule.Poisson(rate, 7)
		return p
	}
	points := []Point{
		open(50, Point{Warmup: 10, Number: 100}),
		open(200, Point{Number: 101}),
		open(100, Point{Duration: time.Second}),
		{Run: "ramp", Mode: Open, Pacer: schedule.Ramp(10, 90, time.Second)},
	}
	one := sharded(t, 1, points)
	for i, r := range one {
		if r.Seq != int64(i) {
			t.Fatalf("record %d has seq %d", i, r.Seq)
		}
	}
	for _, n := range []int{2, 3, 8} {
		all := sharded(t, n, points)
		if len(all) != len(one) {
			t.Fatalf("%d shards: %d records, one engine: %d", n, len(all), len(one))
		}
		for i := range all {
			a, b := *all[i], *one[i]
			// Within one microsecond, the warm-up's end moves what follows it: each shard waits for its own.
			if a.Phase == b.Phase && a.Run == "rate=50" && a.Phase == record.PhaseMeasure {
				a.ScheduledUs, a.SentUs, b.ScheduledUs, b.SentUs = 0, 0, 0, 0
			}
			if got, want := line(&a), line(&b); got != want {
				t.Fatalf("%d shards:\n%s, one engine:\n%s", n, got, want)
			}
		}
		steady := func(recs []*Record) []*Record {
			return slices.DeleteFunc(slices.Clone(recs), func(r *Record) bool { return r.Run == "rate=50" })
		}
		if got, want := summary(t, steady(all)), summary(t, steady(one)); got != want {
			t.Errorf("%d shards:\n%s\none engine:\n%s", n, got, want)
		}
	}
}

func line(r *Record) string {
	b, _ := json.Marshal(&r.Record)
	return string(b)
}

// The shards of a closed loop have all of its slots and all of its requests.
func TestShardsOfAClosedLoop(t *testing.T) {
	p := Point{Run: "parallel=8", Mode: Closed, Parallel: 8, Limit: 8, Warmup: 9, Number: 90}
	for _, n := range []int{1, 2, 3, 8} {
		all := sharded(t, n, []Point{p})
		var measured, peak, now int
		type edge struct {
			at   int64
			step int
		}
		var edges []edge
		for i, r := range all {
			if r.Seq != int64(i) || r.ID != fmt.Sprintf("r%d", i) && r.ID != "" || r.Parallel != 8 {
				t.Errorf("%d shards: record %d is %+v", n, i, r)
			}
			if r.Phase == record.PhaseMeasure {
				measured++
			}
			edges = append(edges, edge{r.SentUs, 1}, edge{r.EndUs(), -1})
		}
		slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), a.step-b.step) })
		for _, e := range edges {
			now += e.step
			peak = max(peak, now)
		}
		if len(all) != 99 || measured != 90 || peak != 8 {
			t.Errorf("%d shards: %d records, %d measured, %d at once", n, len(all), measured, peak)
		}
	}
}

func TestShardCounts(t *testing.T) {
	for of := 1; of <= 5; of++ {
		for first := range int64(7) {
			for n := range 12 {
				sum := 0
				for i := range of {
					s, count := Shard{i, of}, 0
					for k := first; k < first+int64(n); k++ {
						if s.has(k) {
							count++
						}
					}
					if got := s.own(first, n); got != count {
						t.Errorf("%v has %d of %d from %d, not %d", s, count, n, first, got)
					}
					sum += s.Part(n)
				}
				if sum != n {
					t.Errorf("%d slots become %d in %d shards", n, sum, of)
				}
			}
		}
	}
}

// What is due while a late engine was not there goes out at once, and counts as late.
func TestStart(t *testing.T) {
	for _, c := range []struct {
		start time.Duration
		want  string
	}{{50 * ms, "0 100 200"}, {-150 * ms, "0 0 50"}} {
		var begin time.Time
		synctest.Test(t, func(t *testing.T) {
			begin = time.Now()
			var sent []string
			var mu sync.Mutex
			e := &Engine{Doer: slow{}, Source: &lines{n: 3}, Sleep: waitUntil, Ns: time.Time.UnixNano}
			e.Emit = func(r *Record) error {
				mu.Lock()
				defer mu.Unlock()
				due := begin.Add(c.start).Add(time.Duration(r.Seq) * 100 * ms)
				if r.ScheduledUs != due.UnixMicro() {
					t.Errorf("due %d, want %d", r.ScheduledUs, due.UnixMicro())
				}
				sent = append(sent, fmt.Sprint((r.SentUs-max(begin.Add(c.start).UnixMicro(), begin.UnixMicro()))/1000))
				return nil
			}
			if _, err := e.Run(t.Context(), Point{Mode: Open, Pacer: every(100 * ms), Start: begin.Add(c.start)}); err != nil {
				t.Error(err)
			}
			if got := strings.Join(sent, " "); got != c.want {
				t.Errorf("start %v: sent at %s, want %s", c.start, got, c.want)
			}
		})
	}
}
