package saturation

import (
	"container/heap"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// ends is a heap of times in s.
type ends []float64

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i] < h[j] }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ends) Push(x any)        { *h = append(*h, x.(float64)) }
func (h *ends) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// queue simulates Poisson arrivals at a first-come, first-served server. It returns when and why Backlog reports
// growth, or 0 if it does not within the time.
func queue(
	seed uint64, rate float64, slots int, service func(*rand.Rand) float64, seconds float64,
) (at time.Duration, why string) {
	rng := rand.New(rand.NewPCG(seed, 2))
	free := make(ends, slots) // when each slot becomes free
	var out ends              // when each request in flight ends
	b := Backlog{Rate: rate}
	tick, arrive, served := 0.1, 0.0, 0
	early := 0.0
	for {
		arrive += rng.ExpFloat64() / rate
		for ; tick < arrive; tick += 0.1 {
			for len(out) > 0 && out[0] <= tick {
				heap.Pop(&out)
			}
			if tick > seconds {
				return 0, ""
			}
			now := time.Duration(tick * float64(time.Second))
			if why, grows := b.Add(now, len(out)); grows {
				return now, why
			}
		}
		start := max(arrive, heap.Pop(&free).(float64))
		end := start + service(rng)
		heap.Push(&free, end)
		heap.Push(&out, end)
		if served++; served <= 10 {
			if early += (end - arrive) / 10; served == 10 {
				b.Settle = time.Duration(3 * early * float64(time.Second))
			}
		}
	}
}

func TestBacklog(t *testing.T) {
	fixed := func(s float64) func(*rand.Rand) float64 { return func(*rand.Rand) float64 { return s } }
	exponential := func(s float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 { return s * r.ExpFloat64() }
	}
	long := func(s float64) func(*rand.Rand) float64 { // one answer in ten takes ten times as long
		return func(r *rand.Rand) float64 {
			if r.Float64() < 0.1 {
				return s * 10 / 1.9
			}
			return s / 1.9
		}
	}
	for _, c := range []struct {
		name    string
		rate    float64
		slots   int
		service func(*rand.Rand) float64
		reports int // of 40 runs
	}{
		{"fixed at 0.9", 90, 100, fixed(1), 0},
		{"exponential at 0.8", 80, 100, exponential(1), 0},
		{"exponential at 0.9", 90, 100, exponential(1), 0},
		{"long at 0.8", 80, 100, long(1), 0},
		{"few slots at 0.8", 8, 10, exponential(1), 0},
		{"slow answers at 0.5", 10, 400, exponential(20), 0},
		{"fixed at 1.2", 120, 100, fixed(1), 40},
		{"exponential at 1.2", 120, 100, exponential(1), 40},
		{"long at 1.3", 130, 100, long(1), 40},
		{"few slots at 1.5", 15, 10, exponential(1), 40},
		{"ten times", 1000, 100, exponential(1), 40},
	} {
		reports := 0
		for seed := range uint64(40) {
			if at, why := queue(seed, c.rate, c.slots, c.service, 120); at > 0 {
				reports++
				if !strings.Contains(why, "requests in flight grew from") {
					t.Errorf("%s: %s", c.name, why)
				}
			}
		}
		if reports != c.reports {
			t.Errorf("%s: growth reported in %d of 40 runs of 120 s, want %d", c.name, reports, c.reports)
		}
	}
}

// course simulates a load point as queue does, and returns its Course.
func course(seed uint64, rate float64, slots int, service func(*rand.Rand) float64, seconds float64) *Course {
	const width = 0.1
	rng := rand.New(rand.NewPCG(seed, 3))
	free := make(ends, slots)
	n := int(seconds / width)
	c := &Course{
		Width: time.Duration(width * float64(time.Second)),
		Due:   make([]int64, n), Served: make([]int64, n), Waiting: make([]float64, n),
	}
	for at := rng.ExpFloat64() / rate; at < seconds; at += rng.ExpFloat64() / rate {
		end := max(at, heap.Pop(&free).(float64)) + service(rng)
		heap.Push(&free, end)
		c.Due[min(n-1, int(at/width))]++
		if i := int(end / width); i < n {
			c.Served[i]++
		}
		for i := int(at / width); i < n && float64(i)*width < end; i++ {
			c.Waiting[i] += (min(end, float64(i+1)*width) - max(at, float64(i)*width)) / width
		}
	}
	return c
}

// TestSaturatedAfterTheEnd judges load points of 30 s. Those below the capacity are not saturated; those of 1.5 times
// the capacity and more are.
func TestSaturatedAfterTheEnd(t *testing.T) {
	exponential := func(r *rand.Rand) float64 { return 0.5 * r.ExpFloat64() }
	fixed := func(*rand.Rand) float64 { return 0.5 }
	for _, c := range []struct {
		name    string
		service func(*rand.Rand) float64
		slots   int
	}{
		{"fixed", fixed, 25}, {"exponential", exponential, 25},
		{"one slot", func(r *rand.Rand) float64 { return 0.02 * r.ExpFloat64() }, 1},
	} {
		for load, want := range map[float64]bool{0.5: false, 0.8: false, 0.9: false, 1.5: true, 2: true, 4: true} {
			wrong := 0
			for seed := range uint64(40) {
				why := course(seed, 50*load, c.slots, c.service, 30).Saturated()
				if (why != "") != want {
					wrong++
				}
			}
			if wrong > 1 {
				t.Errorf("%s at %v of its capacity: %d of 40 wrong", c.name, load, wrong)
			}
		}
	}
	why := course(1, 100, 25, fixed, 30).Saturated()
	if !strings.Contains(why, "requests/s were served, and those waiting grew") {
		t.Errorf("why: %q", why)
	}
	if why := (&Course{}).Saturated(); why != "" {
		t.Errorf("an empty course is saturated: %q", why)
	}
}
