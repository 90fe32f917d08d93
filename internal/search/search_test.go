package search

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sharp returns the Probe of a server that passes up to a capacity, without noise.
func sharp(capacity float64) Probe {
	return func(level float64) (Verdict, error) {
		if level <= capacity {
			return Pass, nil
		}
		return Fail, nil
	}
}

func levels(r Result) (list []float64) {
	for _, l := range r.Levels {
		list = append(list, l.Level)
	}
	return list
}

func TestSharpServers(t *testing.T) {
	whole := Options{Start: 1, Min: 1, Max: 1024, Whole: true, Precision: 0.02, Runs: 3}
	for capacity := 1.0; capacity <= 1024; capacity++ {
		r, err := Find(whole, sharp(capacity))
		close := r.Best == capacity || r.Best < capacity && r.Best >= capacity*0.98-1e-9
		if err != nil || len(r.Doubts) > 0 || !close || len(r.Levels) > 22 {
			t.Fatalf("capacity %v: %+v", capacity, r)
		}
		if capacity < 50 && r.Best != capacity { // the precision of 2 % is less than one
			t.Fatalf("capacity %v: %+v", capacity, r)
		}
	}
	for _, start := range []float64{0.5, 10, 4000} {
		r, err := Find(Options{Start: start, Min: 0.01, Max: 5000, Precision: 0.02, Runs: 3}, sharp(84.2))
		if err != nil || len(r.Doubts) > 0 || r.Best > 84.2 || r.Fails < 84.2 || r.Fails > r.Best*1.02 || r.Limit != "" {
			t.Errorf("from %v: %+v", start, r)
		}
	}
}

func TestEnds(t *testing.T) {
	opt := Options{Start: 8, Min: 1, Max: 64, Whole: true, Precision: 0.02, Runs: 1}
	r, _ := Find(opt, sharp(0))
	if r.Best != 0 || r.Limit != "not even 1 passes" || !slices.Equal(levels(r), []float64{1, 2, 4, 8}) {
		t.Errorf("nothing passes: %+v", r)
	}
	r, _ = Find(opt, sharp(1e9))
	if r.Best != 64 || r.Next != 0 || r.Limit != "64 is the highest that may be tried" || len(r.Doubts) != 0 {
		t.Errorf("all passes: %+v", r)
	}
	broken := errors.New("broken")
	n := 0
	r, err := Find(opt, func(level float64) (Verdict, error) {
		if n++; n == 3 {
			return Unsure, broken
		}
		return Pass, nil
	})
	if err != broken || r.Best != 16 || len(r.Levels) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// noisy returns the Probe of a server on which the share of requests that miss their limit grows smoothly with the
// level, and is 1 % at the capacity. Each run has n requests.
func noisy(seed uint64, capacity float64, n int) Probe {
	rng := rand.New(rand.NewPCG(seed, 1))
	type sum struct{ k, n int64 }
	seen := map[float64]*sum{}
	return func(level float64) (Verdict, error) {
		chance := min(1, 0.01*math.Pow(level/capacity, 40))
		if seen[level] == nil {
			seen[level] = new(sum)
		}
		s := seen[level]
		for range n {
			if s.n++; rng.Float64() >= chance {
				s.k++
			}
		}
		return share(s.k, s.n, 0.99, alpha), nil
	}
}

// For every seed, the answer is within 5 % of the capacity, and the level that fails is above it.
func TestNoisyServers(t *testing.T) {
	for _, c := range []struct{ n, close int }{{400, 200}, {2000, 200}} {
		near := 0
		for seed := range uint64(200) {
			r, err := Find(Options{Start: 1, Min: 0.1, Max: 1e6, Precision: 0.02, Runs: 3}, noisy(seed, 100, c.n))
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(r.Best-100) <= 5 && r.Fails > r.Best {
				near++
			} else {
				t.Logf("%d requests, seed %d: best %v, next %v, fails %v", c.n, seed, r.Best, r.Next, r.Fails)
			}
		}
		if near != c.close {
			t.Errorf("%d requests a run: %d of 200 answers within 5 %%, want %d", c.n, near, c.close)
		}
	}
}

// If a server does not simply get worse with load, the result has a doubt, whether the exception is below or above.
func TestNonMonotonicServers(t *testing.T) {
	for _, c := range []struct {
		name  string
		fails func(level float64) bool
	}{
		{"a hole below", func(l float64) bool { return l > 18 && l < 30 || l > 100 }},
		{"an island above", func(l float64) bool { return l > 50 && l < 80 || l > 300 }},
	} {
		opt := Options{Start: 1, Min: 1, Max: 1e4, Whole: true, Precision: 0.02, Runs: 3}
		r, err := Find(opt, func(level float64) (Verdict, error) {
			if c.fails(level) {
				return Fail, nil
			}
			return Pass, nil
		})
		if err != nil || c.fails(r.Best) ||
			len(r.Doubts) != 1 || !strings.Contains(r.Doubts[0], "does not simply get worse with load") {
			t.Errorf("%s: %+v %v", c.name, r, err)
		}
	}
}

// A level with too few requests for a verdict is reported as a doubt.
func TestUndecided(t *testing.T) {
	opt := Options{Start: 4, Min: 1, Max: 64, Whole: true, Precision: 0.02, Runs: 2}
	r, err := Find(opt, func(level float64) (Verdict, error) {
		if level > 10 {
			return Unsure, nil
		}
		return Pass, nil
	})
	if err != nil || r.Best != 10 || r.Next != 11 || r.Fails != 0 ||
		!slices.Equal(r.Doubts, []string{"levels from 11 on stay undecided after 2 runs each"}) {
		t.Errorf("%+v %v", r, err)
	}
}

// A level that passes and is undecided when it is tried again has the runs that it may have; without a verdict, nobody
// knows that it fails.
func TestUndecidedAgain(t *testing.T) {
	for _, c := range []struct {
		probes string // P: pass, U: unsure
		best   float64
		runs   int
		limit  string
	}{
		{"PP", 1, 2, "1 is the highest that may be tried"},
		{"PUP", 1, 3, "1 is the highest that may be tried"},
		{"PUU", 0, 3, "1 stays undecided after 3 runs"},
		{"UUU", 0, 3, "1 stays undecided after 3 runs"},
	} {
		opt := Options{Start: 1, Min: 1, Max: 1, Whole: true, Precision: 0.02, Runs: 3}
		n := 0
		r, err := Find(opt, func(float64) (Verdict, error) {
			n++
			return map[byte]Verdict{'P': Pass, 'U': Unsure}[c.probes[n-1]], nil
		})
		if err != nil || r.Best != c.best || n != c.runs || r.Limit != c.limit || r.Undecided() != (c.best == 0) {
			t.Errorf("%s: %+v after %d runs, %v", c.probes, r, n, err)
		}
	}
}

// A level that passes by chance is not the answer: it fails when it is tried again.
func TestLuckyPass(t *testing.T) {
	tried := map[float64]int{}
	opt := Options{Start: 8, Min: 1, Max: 64, Whole: true, Precision: 0.02, Runs: 1}
	r, _ := Find(opt, func(level float64) (Verdict, error) {
		tried[level]++
		if level <= 20 || level == 24 && tried[level] == 1 {
			return Pass, nil
		}
		return Fail, nil
	})
	if r.Best != 20 || len(r.Doubts) != 1 || r.Doubts[0] != "24 passed, and did not when it was tried again" {
		t.Errorf("%+v", r)
	}
}

// The bounds are those of the Clopper-Pearson interval, as R's binom.test computes it.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want Verdict
	}{
		{298, 298, 0.99, Unsure}, {299, 299, 0.99, Pass}, {472, 473, 0.99, Pass}, {471, 472, 0.99, Unsure},
		{95, 100, 0.99, Fail}, {97, 100, 0.99, Unsure}, {96, 100, 0.99, Fail}, {0, 1, 0.99, Fail},
		{5, 5, 0.5, Pass}, {4, 4, 0.5, Unsure}, {0, 5, 0.5, Fail},
		{10, 10, 1, Pass}, {9, 10, 1, Fail}, {0, 0, 0.5, Unsure}, {0, 10, 0, Pass},
		{999_000, 1_000_000, 0.99, Pass}, {989_000, 1_000_000, 0.99, Fail}, {990_000, 1_000_000, 0.99, Unsure},
	} {
		if got := share(c.k, c.n, c.p, alpha); got != c.want {
			t.Errorf("%d of %d, %v: %v, want %v", c.k, c.n, c.p, got, c.want)
		}
	}
	for p, want := range map[float64]int{0.5: 5, 0.9: 29, 0.99: 299, 0.999: 2995, 1: 1} {
		got := needed(p)
		enough := share(int64(got), int64(got), p, alpha) == Pass
		fewer := share(int64(got-1), int64(got-1), p, alpha) == Pass
		if got != want || p < 1 && (!enough || fewer) {
			t.Errorf("%v needs %d, want %d", p, got, want)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		mean, sd float64
		n        int64
		want     Verdict
	}{
		{90, 10, 100, Pass}, {99, 10, 100, Unsure}, {110, 10, 100, Fail}, {90, 0, 1, Unsure},
		{math.Inf(1), math.NaN(), 10, Unsure},
	} {
		if got := below(c.mean, c.sd, c.n, 100); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A share of independent requests is judged by the exact test, and it takes more of correlated ones to pass.
func TestJudgeShare(t *testing.T) {
	for _, c := range []struct {
		misses, n int
		share     float64
		run       int // misses that follow each other
		want      Verdict
	}{
		{0, 298, 0.99, 1, Unsure}, {0, 299, 0.99, 1, Pass}, {1, 473, 0.99, 1, Pass}, {1, 472, 0.99, 1, Unsure},
		{5, 100, 0.99, 1, Fail}, {0, 9, 1, 1, Pass}, {1, 9, 1, 1, Fail},
		{40, 1000, 0.95, 1, Unsure}, {30, 1000, 0.95, 1, Pass}, {30, 1000, 0.95, 10, Unsure}, {60, 600, 0.95, 60, Fail},
	} {
		m := term{share: c.share}
		for i := range c.n {
			m.seen = append(m.seen, outcome{dueUs: int64(i), value: float32(i * 7919 % c.n), good: true})
		}
		for i := range c.misses {
			m.seen[(i/c.run)*(c.n*c.run/c.misses)+i%c.run].good = false
		}
		if got := m.judgeShare(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
