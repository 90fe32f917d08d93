package confidence

import (
	"math"
	"testing"
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
		low, high := rankInterval(test.n, float64(test.n), test.p, Level)
		if int64(low) != test.low || int64(math.Ceil(high)) != test.high {
			t.Errorf("p%v of %d: ranks %v and %v, want %d and %d", test.p, test.n, low, high, test.low, test.high)
		}
	}
	low, high := rankInterval(100, 100, 50, Level)
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
