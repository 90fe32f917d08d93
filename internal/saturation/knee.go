package saturation

import "math"

// Rung is a level of a ladder of load with what it gave.
type Rung struct {
	Rate       float64 `json:"rate"`             // asked, requests/s
	Throughput float64 `json:"requests_per_s"`   // successes
	Latency    float64 `json:"mean_response_ms"` // from when a request was due to its end
	Saturated  string  `json:"saturated,omitempty"`
}

// Power is throughput ÷ response time. What a server gives and what it makes its users wait are best balanced where it
// is highest, which is the knee (Kleinrock, Power and deterministic rules of thumb, ICC 1979).
func (r Rung) Power() float64 {
	if r.Latency <= 0 {
		return 0
	}
	return r.Throughput / r.Latency
}

// Knee is the index of the rung of the highest power among those that are not saturated, or -1.
func Knee(rungs []Rung) int {
	knee := -1
	for i, r := range rungs {
		if r.Saturated == "" && (knee < 0 || r.Power() > rungs[knee].Power()) {
			knee = i
		}
	}
	return knee
}

// Around gives the levels to look at next: halfway, as a ratio, from the knee to its neighbours. The rungs are sorted
// by rate.
func Around(rungs []Rung) (rates []float64) {
	knee := Knee(rungs)
	for _, side := range [...]int{knee + 1, knee - 1} {
		if knee >= 0 && side >= 0 && side < len(rungs) {
			rates = append(rates, math.Sqrt(rungs[knee].Rate*rungs[side].Rate))
		}
	}
	return rates
}
