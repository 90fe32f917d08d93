package saturation

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The power of an M/M/1 queue is highest at half of its capacity: throughput λ ÷ response time 1/(μ−λ) is λ(μ−λ).
func TestKneeOfAQueue(t *testing.T) {
	var rungs []Rung
	for rate := 10.0; rate < 100; rate += 10 {
		rungs = append(rungs, Rung{Rate: rate, Throughput: rate, Latency: 1000 / (100 - rate)})
	}
	rungs = append(rungs, Rung{Rate: 120, Throughput: 1e6, Latency: 1, Saturated: "piles up"})
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(rungs), func(i, j int) { rungs[i], rungs[j] = rungs[j], rungs[i] })
	if i := Knee(rungs); i < 0 || rungs[i].Rate != 50 {
		t.Errorf("%d of %+v", i, rungs)
	}
	climb := []Rung{{Rate: 4, Throughput: 4, Latency: 10}, {Rate: 9, Throughput: 9, Latency: 10}, {Rate: 16, Saturated: "x"}}
	if got := Around(climb); !slices.Equal(got, []float64{12, 6}) {
		t.Errorf("around: %v", got)
	}
	if got := Around(climb[:1]); got != nil {
		t.Errorf("around: %v", got)
	}
	if i := Knee([]Rung{{Saturated: "x"}}); i != -1 {
		t.Error(i)
	}
}
