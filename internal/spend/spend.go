// Package spend computes what a load point cost in energy and in money, for each request and token.
package spend

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/energy"
	"perfpipe/internal/servermetrics"
)

// Work is what a load point got done.
type Work struct {
	Seconds dist.Num // of its duration
	OK      int64    // successful requests
	Input   int64    // prompt tokens of those, with the cached ones
	Cached  int64    // prompt tokens found in the cache
	Output  int64    // generated tokens
}

// Energy is the energy that devices used from the first due request to the last end. It includes what they use when
// idle.
type Energy struct {
	Joules  dist.Num `json:"joules"`
	Of      string   `json:"of"` // gpus, or cpus if no GPU reports any
	Devices int      `json:"devices"`
	Method  string   `json:"method"` // counter, power, or mixed
	// Coverage is the share of the time that readings cover, the lowest of the devices. In the rest the same power is
	// assumed.
	Coverage dist.Num `json:"coverage"`
	PowerW   dist.Num `json:"power_w"`    // Joules ÷ time
	CPUs     dist.Num `json:"cpu_joules"` // of this machine's CPUs and memory, beside those of GPUs

	PerRequest     dist.Num `json:"joules_per_request"`
	PerOutputToken dist.Num `json:"joules_per_output_token"`
	PerToken       dist.Num `json:"joules_per_token"` // input and output
	// TokensPerWatt is output tokens/s ÷ PowerW, over the same time: output tokens ÷ Joules.
	TokensPerWatt dist.Num `json:"output_tokens_per_s_per_w"`
}

// OutputToken returns the energy of an output token in joules, or NaN. e may be nil.
func (e *Energy) OutputToken() dist.Num {
	if e == nil {
		return dist.NaN()
	}
	return e.PerOutputToken
}

// EnergyOf returns the energy of the devices of a window that lasted that many seconds, or nil if it is unknown.
func EnergyOf(w *servermetrics.Window, seconds float64, work Work) *Energy {
	gpus, cpus := sum{}, sum{}
	for _, g := range w.GPUs {
		if g.Energy != nil {
			gpus.add(g.Energy)
		}
	}
	for _, m := range w.Meters {
		to := &cpus
		if m.Of == "gpus" {
			to = &gpus
		}
		to.add(&m.Energy)
	}
	of, total := "gpus", gpus
	if gpus.n == 0 {
		of, total = "cpus", cpus
	}
	if total.n == 0 || !(seconds > 0) {
		return nil
	}
	e := &Energy{
		Joules: dist.Num(total.joules), Of: of, Devices: total.n, Method: total.method,
		Coverage: dist.Num(total.coverage), PowerW: dist.Num(total.joules / seconds), CPUs: dist.NaN(),
		PerRequest:     ratio(total.joules, work.OK),
		PerOutputToken: ratio(total.joules, work.Output),
		PerToken:       ratio(total.joules, work.Input+work.Output),
		TokensPerWatt:  dist.NaN(),
	}
	if gpus.n > 0 && cpus.n > 0 {
		e.CPUs = dist.Num(cpus.joules)
	}
	if e.Joules > 0 && work.Output > 0 {
		e.TokensPerWatt = dist.Num(work.Output) / e.Joules
	}
	return e
}

// sum adds up devices.
type sum struct {
	n                int
	joules, coverage float64
	method           string
}

func (s *sum) add(u *energy.Use) {
	if s.n == 0 {
		s.coverage, s.method = u.Coverage, u.Method
	}
	if s.method != u.Method {
		s.method = "mixed"
	}
	s.n++
	s.joules += u.Joules
	s.coverage = min(s.coverage, u.Coverage)
}

func ratio(v float64, n int64) dist.Num {
	if n == 0 {
		return dist.NaN()
	}
	return dist.Num(v / float64(n))
}
