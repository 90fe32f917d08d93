package schedule

import (
	"math"
	"slices"
	"testing"
	"time"
)

func take(p Pacer, n int) []time.Duration {
	var got []time.Duration
	for d := range p {
		if got = append(got, d); len(got) == n {
			break
		}
	}
	return got
}

func TestImmediate(t *testing.T) {
	if got := take(Immediate(), 3); !slices.Equal(got, make([]time.Duration, 3)) {
		t.Errorf("got %v", got)
	}
}

func TestPoissonIsReproducible(t *testing.T) {
	a, b := take(Poisson(10, 1), 1000), take(Poisson(10, 1), 1000)
	if !slices.Equal(a, b) || a[0] != 0 || !slices.IsSorted(a) {
		t.Error("the same seed must give the same ordered schedule, from 0")
	}
	if slices.Equal(a, take(Poisson(10, 2), 1000)) {
		t.Error("another seed must give another schedule")
	}
}

// Kolmogorov–Smirnov: the gaps are exponential with the rate's mean (critical value at 1 %, fixed seeds).
func TestPoissonGapsAreExponential(t *testing.T) {
	const n, rate = 10000, 100
	for seed := range uint64(5) {
		offs := take(Poisson(rate, seed), n+1)
		gaps := make([]float64, n)
		for i := range gaps {
			gaps[i] = (offs[i+1] - offs[i]).Seconds()
		}
		slices.Sort(gaps)
		d := 0.0
		for i, g := range gaps {
			cdf := 1 - math.Exp(-rate*g)
			d = max(d, math.Abs(cdf-float64(i)/n), math.Abs(cdf-float64(i+1)/n))
		}
		if limit := 1.63 / math.Sqrt(n); d > limit {
			t.Errorf("seed %d: D = %v > %v", seed, d, limit)
		}
	}
}
