package schedule

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/mathext"
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

func TestConstant(t *testing.T) {
	const ms = time.Millisecond
	if got := take(Constant(4), 4); !slices.Equal(got, []time.Duration{0, 250 * ms, 500 * ms, 750 * ms}) {
		t.Errorf("got %v", got)
	}
	if last := take(Constant(3), 3000001)[3000000]; last != 1000000*time.Second {
		t.Errorf("offsets drift: %v", last)
	}
}

// Kolmogorov–Smirnov against the gamma distribution of mean 1/rate and the shape given.
func TestGammaGaps(t *testing.T) {
	const n, rate = 10000, 100
	for _, shape := range []float64{0.25, 0.5, 1, 2, 10} {
		offs := take(Gamma(rate, shape, 1), n+1)
		if !slices.IsSorted(offs) || offs[0] != 0 {
			t.Fatalf("shape %v: offsets decrease", shape)
		}
		gaps := make([]float64, n)
		for i := range gaps {
			gaps[i] = (offs[i+1] - offs[i]).Seconds()
		}
		slices.Sort(gaps)
		d := 0.0
		for i, g := range gaps {
			cdf := mathext.GammaIncReg(shape, shape*rate*g)
			d = max(d, math.Abs(cdf-float64(i)/n), math.Abs(cdf-float64(i+1)/n))
		}
		if limit := 1.63 / math.Sqrt(n); d > limit {
			t.Errorf("shape %v: D = %v > %v", shape, d, limit)
		}
	}
}

func TestRamp(t *testing.T) {
	all := func(p Pacer) []time.Duration { return slices.Collect(p) }
	// From 0 to 2/s in 2 s: the integral is t²/2, so that request k is due at √2k.
	up := all(Ramp(0, 2, 2*time.Second))
	if want := []time.Duration{0, seconds(math.Sqrt2), 2 * time.Second}; !slices.Equal(up, want) {
		t.Errorf("up: %v, want %v", up, want)
	}
	down := all(Ramp(2, 0, 2*time.Second)) // the same backwards
	want := []time.Duration{0, seconds(2 - math.Sqrt2), 2 * time.Second}
	if len(down) != 3 || down[1].Round(time.Microsecond) != want[1].Round(time.Microsecond) {
		t.Errorf("down: %v, want %v", down, want)
	}
	if level := all(Ramp(4, 4, time.Second)); !slices.Equal(level, take(Constant(4), 5)) {
		t.Errorf("level: %v", level)
	}
	if n := len(all(Ramp(1, 50, time.Minute))); n != 1531 { // (1+50)/2 · 60, and the one at 0
		t.Errorf("%d requests", n)
	}
}
