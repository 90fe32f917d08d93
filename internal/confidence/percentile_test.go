package confidence

import (
	"math"
	"testing"
)

// The ranks of the median are those of a printed table (Conover, Practical Nonparametric Statistics, A3). The
// fractional ranks lie within them.
func TestRankInterval(t *testing.T) {
	for _, test := range []struct {
		n         int64
		p         float64
		low, high int64
	}{
		{5, 50, 0, 6}, // even the least and the greatest of five values do not reach 95 %
		{6, 50, 1, 6},
		{10, 50, 2, 9},
		{100, 50, 40, 61},
		{100, 99, 97, 101}, // only more values bound p99 above
		{1000, 99, 983, 997},
	} {
		low, high := rankInterval(test.n, float64(test.n), test.p, Level)
		if int64(low) != test.low || int64(math.Ceil(high)) != test.high {
			t.Errorf("p%v of %d: ranks %v and %v, want %d and %d", test.p, test.n, low, high, test.low, test.high)
		}
	}
	low, high := rankInterval(100, 100, 50, Level)
	// For 100 tosses of a coin, P(X < 40) is 0.0176 and P(X ≤ 40) is 0.0284.
	if want := 40 + (0.025-0.0176001)/(0.0284440-0.0176001); math.Abs(low-want) > 1e-4 || math.Abs(low+high-101) > 1e-9 {
		t.Errorf("ranks %v and %v, want %v and its mirror", low, high, want)
	}
}

// Interpolation between a value and a failure yields +∞.
func TestBetweenRanks(t *testing.T) {
	at := func(r int64) float64 { return []float64{10, 20, math.Inf(1), math.Inf(1)}[r-1] }
	inf := math.Inf(1)
	for rank, want := range map[float64]float64{1: 10, 1.25: 12.5, 2: 20, 2.5: inf, 3: inf, 3.5: inf, 4: inf} {
		if got := between(rank, at); got != want {
			t.Errorf("rank %v: %v, want %v", rank, got, want)
		}
	}
}
