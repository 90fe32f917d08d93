// Command coverage measures the intervals and verdicts of package stats on series whose true values are known, and
// prints the tables of docs/metrics.md.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"perfpipe/internal/compare"
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// kind draws response times, in ms, in the order of arrival.
type kind struct {
	name string
	draw func(r *rand.Rand, n int) []float64
	true [3]float64 // mean, p50, p90; zeros are replaced by measured values
}

func independent(of func(r *rand.Rand) float64) func(*rand.Rand, int) []float64 {
	return func(r *rand.Rand, n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = of(r)
		}
		return out
	}
}

// queue draws the time in an M/M/1 queue with a mean service time of 100 ms and utilisation rho.
func queue(rho float64) kind {
	const service, burn = 100, 4000
	mean := service / (1 - rho)
	return kind{fmt.Sprintf("M/M/1, %g busy", rho), func(r *rand.Rand, n int) []float64 {
		out := make([]float64, 0, n)
		for i, wait := 0, 0.0; i < n+burn; i++ {
			took := wait + service*r.ExpFloat64()
			if i >= burn {
				out = append(out, took)
			}
			wait = max(0, took-service/rho*r.ExpFloat64())
		}
		return out
	}, [3]float64{mean, mean * math.Log(2), mean * math.Log(10)}}
}

func kinds() []kind {
	bimodal := func(r *rand.Rand) float64 {
		if r.Float64() < 0.9 {
			return 100 + 5*r.NormFloat64()
		}
		return 800 + 50*r.NormFloat64()
	}
	return []kind{
		{
			"independent, exponential", independent(func(r *rand.Rand) float64 { return 100 * r.ExpFloat64() }),
			[3]float64{100, 100 * math.Ln2, 100 * math.Log(10)},
		},
		{
			"independent, lognormal", independent(func(r *rand.Rand) float64 { return math.Exp(5 + r.NormFloat64()/2) }),
			[3]float64{},
		},
		{"independent, bimodal", independent(bimodal), [3]float64{}},
		queue(0.3), queue(0.5), queue(0.8), queue(0.9),
	}
}

// truth returns a kind's true values.
func (k *kind) truth() [3]float64 {
	if k.true[0] > 0 {
		return k.true
	}
	const n = 4_000_000
	all := k.draw(rand.New(rand.NewPCG(99, 99)), n)
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	slices.Sort(all)
	return [3]float64{sum / n, all[n/2-1], all[n*9/10-1]}
}

const epoch = 1_790_000_000_000_000

// collect makes records of response times, with one request per 50 ms on average.
func collect(r *rand.Rand, times []float64) *stats.Collector {
	c := stats.New(stats.Options{Intervals: true, Percentiles: []float64{50, 90, 99}})
	at := int64(epoch)
	for i, ms := range times {
		at += int64(50_000 * r.ExpFloat64())
		ms = math.Round(ms*1000) / 1000
		c.Add(&record.Record{
			ID: fmt.Sprint(i), Seq: int64(i), Run: "rate=20", Mode: "open", Rate: 20, API: "openai", Op: "chat",
			Phase: record.PhaseMeasure, ScheduledUs: at, SentUs: at, OK: true, TTFTMs: ms, LatencyMs: ms,
			PromptTokens: 10, CompletionTokens: 1, TokensFrom: "usage", Status: 200,
		})
	}
	return c
}

// tally counts how often something was true, and how often it was judged.
type tally struct{ held, judged int }

func (t *tally) add(held bool) {
	t.judged++
	if held {
		t.held++
	}
}

func (t tally) cell(runs int) string {
	if t.judged == 0 {
		return "too short"
	}
	s := fmt.Sprintf("%.0f %%", 100*float64(t.held)/float64(t.judged))
	if t.judged < runs {
		s += fmt.Sprintf(" of %.0f %%", 100*float64(t.judged)/float64(runs))
	}
	return s
}

// coverage prints how often the 95 % intervals of one run contain the true value.
func coverage(runs int, sizes []int) {
	fmt.Println("| requests | n | mean | p50 | p90 |\n|---|---|---|---|---|")
	for _, k := range kinds() {
		truth := k.truth()
		for _, n := range sizes {
			var figures [3]tally
			r := rand.New(rand.NewPCG(uint64(n), 1))
			for range runs {
				m := collect(r, k.draw(r, n)).Summary().Blocks[0].Metrics.Get("ttft_ms")
				for i, ci := range []*dist.Interval{m.MeanCI, m.Percentiles[0].CI, m.Percentiles[1].CI} {
					if low, high := float64(ci[0]), float64(ci[1]); !math.IsNaN(low) || !math.IsNaN(high) {
						figures[i].add(!(truth[i] < low) && !(truth[i] > high))
					}
				}
			}
			fmt.Printf("| %s | %d | %s | %s | %s |\n", k.name, n,
				figures[0].cell(runs), figures[1].cell(runs), figures[2].cell(runs))
		}
	}
}

// comparisons prints how often a comparison shows a difference between a kind and itself, slowed by factor.
func comparisons(runs int, sizes []int, factor float64) {
	fmt.Println("| requests | n a side | mean | p50 | p90 | any headline figure |\n|---|---|---|---|---|---|")
	for _, k := range kinds() {
		for _, n := range sizes {
			var figures [3]tally
			var anyOf tally
			r := rand.New(rand.NewPCG(uint64(n), 2))
			for range runs {
				next := k.draw(r, n)
				for i := range next {
					next[i] *= factor
				}
				got := compare.Sides([]*stats.Collector{collect(r, k.draw(r, n))}, []*stats.Collector{collect(r, next)})
				some := false
				for _, c := range got.Headlines() {
					some = some || c.Shown
					i := slices.Index([]string{"ttft_ms:mean", "ttft_ms:p50", "ttft_ms:p90"}, c.Figure)
					if i >= 0 && c.Verdict != compare.CannotTell {
						figures[i].add(c.Shown)
					}
				}
				anyOf.add(some)
			}
			fmt.Printf("| %s | %d | %s | %s | %s | %s |\n", k.name, n,
				figures[0].cell(runs), figures[1].cell(runs), figures[2].cell(runs), anyOf.cell(runs))
		}
	}
}

func main() {
	runs := flag.Int("runs", 1000, "runs of each row")
	onlyRanks := flag.Bool("ranks", false, "print only the table of means and ranks")
	flag.Parse()
	if *onlyRanks {
		ranks(*runs)
		return
	}
	sizes := []int{200, 400, 1000, 2000, 5000}
	fmt.Printf("95 %% intervals that contain the true value, and the share of runs that are long enough "+
		"(%d runs per row):\n\n", *runs)
	coverage(*runs, sizes)
	fmt.Printf("\nA server compared with itself: pairs that show a difference, among those that are long enough "+
		"(%d pairs per row):\n\n", *runs)
	comparisons(*runs, sizes, 1)
	fmt.Printf("\nA server that is slower by a fifth: pairs in which it is shown (%d pairs a row):\n\n", *runs)
	comparisons(*runs, sizes, 1.2)
	fmt.Printf("\nMeans that are shown to differ, and ranks that do (%d pairs a row):\n\n", *runs)
	ranks(*runs)
}
