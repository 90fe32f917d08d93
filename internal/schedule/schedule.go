// Package schedule says when requests start: pure streams of start offsets.
package schedule

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Pacer is a stream of start offsets from the beginning of a phase. Offsets never decrease. It ends only where its
// schedule does (Ramp).
type Pacer = iter.Seq[time.Duration]

// Constant starts rate requests/s, evenly spaced, the first at 0.
func Constant(rate float64) Pacer {
	return func(yield func(time.Duration) bool) {
		for k := 0; yield(seconds(float64(k) / rate)); k++ {
		}
	}
}

// Poisson is a Poisson process of rate requests/s: independent exponential gaps, never rescaled. The same seed gives
// the same schedule on every host. The first request starts at 0, where the time line is anchored.
func Poisson(rate float64, seed uint64) Pacer {
	return renewal(seed, func(rng *rand.Rand) float64 { return rng.ExpFloat64() / rate })
}

// Gamma has independent gaps of a gamma distribution with mean 1/rate and shape burstiness, as vLLM's bench serve defines
// it: below 1 they come in bursts, 1 is Poisson's exponential, above 1 they are more even. The coefficient of variation
// is 1/√burstiness.
func Gamma(rate, burstiness float64, seed uint64) Pacer {
	return renewal(seed, func(rng *rand.Rand) float64 { return gamma(rng, burstiness) / (burstiness * rate) })
}

// Ramp goes from one rate to another within d, linearly, and ends there. Request k is due when the integral of the rate,
// from·t + (to−from)·t²/2d, reaches k.
func Ramp(from, to float64, d time.Duration) Pacer {
	return func(yield func(time.Duration) bool) {
		slope := (to - from) / d.Seconds()
		for k := 0; ; k++ {
			// The root of slope/2·t² + from·t − k in the form that does not cancel where slope is near 0.
			disc := from*from + 2*slope*float64(k)
			if disc < 0 {
				return
			}
			den := from + math.Sqrt(disc)
			t := 0.0
			if k > 0 {
				t = 2 * float64(k) / den
			}
			if !(t <= d.Seconds()) || !yield(seconds(t)) {
				return
			}
		}
	}
}

// renewal sums the gaps.
func renewal(seed uint64, gap func(*rand.Rand) float64) Pacer {
	return func(yield func(time.Duration) bool) {
		rng := rand.New(rand.NewPCG(seed, 0x706572662d73656e))
		for at := 0.0; yield(seconds(at)); {
			at += gap(rng)
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// gamma draws from the gamma distribution of the shape given and scale 1: Marsaglia and Tsang, A Simple Method for
// Generating Gamma Variables, ACM TOMS 26 (2000), with their transformation for shapes below 1.
func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(1-rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - rng.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
