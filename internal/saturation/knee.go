package saturation

import "math"

// Rung is one load point of a ladder, a series of load points at rising rates.
type Rung struct {
	Rate       float64 `json:"rate"`                // requested rate, requests/s
	Throughput float64 `json:"requests_per_s"`      // successful requests/s
	Latency    float64 `json:"mean_response_ms"`    // mean time from due to end, ms
	Saturated  string  `json:"saturated,omitempty"` // why the server did not keep up; empty if it did
}

// Power returns throughput ÷ response time. The load with the highest power is the knee, the best trade-off between
// throughput and response time (Kleinrock, Power and deterministic rules of thumb, ICC 1979).
func (r Rung) Power() float64 {
	if r.Latency <= 0 {
		return 0
	}
	return r.Throughput / r.Latency
}

// Knee returns the index of the rung with the highest power among those that are not saturated, or -1.
func Knee(rungs []Rung) int {
	knee := -1
	for i, r := range rungs {
		if r.Saturated == "" && (knee < 0 || r.Power() > rungs[knee].Power()) {
			knee = i
		}
	}
	return knee
}

// Around returns the rates to try next: the geometric mean of the rate of the knee and that of each neighbor. The rungs
// must be sorted by rate.
func Around(rungs []Rung) (rates []float64) {
	knee := Knee(rungs)
	for _, side := range [...]int{knee + 1, knee - 1} {
		if knee >= 0 && side >= 0 && side < len(rungs) {
			rates = append(rates, math.Sqrt(rungs[knee].Rate*rungs[side].Rate))
		}
	}
	return rates
}
