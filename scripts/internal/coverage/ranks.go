package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"perfpipe/internal/compare"
	"perfpipe/internal/stats"
)

// pair holds two kinds of independent response times, in ms.
type pair struct {
	name     string
	old, new func(*rand.Rand) float64
}

// lognormal returns a distribution whose mean is the same for each sigma.
func lognormal(sigma, factor float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return factor * 150 * math.Exp(sigma*r.NormFloat64()-sigma*sigma/2) }
}

func twoModes(mode, tail float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		if r.Float64() < 0.9 {
			return mode * (1 + 0.05*r.NormFloat64())
		}
		return tail * (1 + 0.06*r.NormFloat64())
	}
}

func exponential(mean float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return mean * r.ExpFloat64() }
}

func normal(mean float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return max(1, mean*(1+0.4*r.NormFloat64())) }
}

// ranks prints how often the means are found to differ, by the comparison and by rank sums, when they do and when they
// do not.
func ranks(runs int) {
	fmt.Println("| requests | n a side | mean, of all headline figures | mean, alone | ranks |\n|---|---|---|---|---|")
	pairs := []pair{
		{"exponential, +20 %", exponential(100), exponential(120)},
		{"lognormal, +20 %", lognormal(0.5, 1), lognormal(0.5, 1.2)},
		{"normal, +20 %", normal(100), normal(120)},
		{"equal means: lognormal, σ = 0.5 and 0.7", lognormal(0.5, 1), lognormal(0.7, 1)},
		{"equal means: two modes, 100 and 800 ms, 102 and 782 ms", twoModes(100, 800), twoModes(102, 782)},
	}
	for _, p := range pairs {
		for _, n := range []int{100, 200, 400} {
			var shown, alone, byRanks tally
			r := rand.New(rand.NewPCG(uint64(n), 3))
			for range runs {
				a, b := independent(p.old)(r, n), independent(p.new)(r, n)
				got := compare.Sides([]*stats.Collector{collect(r, a)}, []*stats.Collector{collect(r, b)})
				for _, c := range got.Changes {
					if c.Figure == "ttft_ms:mean" {
						shown.add(c.Shown)
						alone.add(c.P < 0.05)
					}
				}
				byRanks.add(mannWhitney(a, b) < 0.05)
			}
			fmt.Printf("| %s | %d | %s | %s | %s |\n", p.name, n, shown.cell(runs), alone.cell(runs), byRanks.cell(runs))
		}
	}
}

// mannWhitney returns the p-value of a rank-sum test that both samples have the same distribution.
func mannWhitney(a, b []float64) float64 {
	type value struct {
		v   float64
		new float64 // 1 if the value is one of b
	}
	var all []value
	for _, v := range a {
		all = append(all, value{v, 0})
	}
	for _, v := range b {
		all = append(all, value{v, 1})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.v, y.v) })
	sum := 0.0
	for i, x := range all {
		sum += x.new * float64(i+1)
	}
	n, m := float64(len(a)), float64(len(b))
	z := (sum - m*(n+m+1)/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
