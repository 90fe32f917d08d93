// Package schedule computes when requests start. A schedule is a pure stream of start offsets, so that tests need no
// clock and a seed makes the same load on every machine.
package schedule

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Pacer yields the start offsets of requests from the beginning of a phase. Offsets never decrease. A Pacer can be
// iterated again and then yields the same offsets; only that of a Ramp ends.
type Pacer = iter.Seq[time.Duration]

// Constant returns a pacer of rate requests/s, evenly spaced from 0 on.
func Constant(rate float64) Pacer {
	return func(yield func(time.Duration) bool) {
		for k := 0; yield(seconds(float64(k) / rate)); k++ {
		}
	}
}

// Poisson returns a Poisson process of rate requests/s: gaps are independent and exponential, and never rescaled. The
// same seed yields the same schedule on every machine. The first request starts at 0.
func Poisson(rate float64, seed uint64) Pacer {
	return renewal(seed, func(rng *rand.Rand) float64 { return rng.ExpFloat64() / rate })
}

// Gamma returns a pacer of rate requests/s whose gaps have a gamma distribution of shape burstiness, as vLLM's bench
// serve defines it: requests come in bursts below 1, as a Poisson process at 1, and more evenly above 1. The
// coefficient of variation of the gaps is 1/√burstiness.
func Gamma(rate, burstiness float64, seed uint64) Pacer {
	return renewal(seed, func(rng *rand.Rand) float64 { return gamma(rng, burstiness) / (burstiness * rate) })
}

// Ramp returns a pacer whose rate changes linearly within d, from one number of requests/s to another, and that then
// ends. Request k is due when the integral of the rate, from·t + (to−from)·t²/2d, reaches k.
func Ramp(from, to float64, d time.Duration) Pacer {
	return func(yield func(time.Duration) bool) {
		slope := (to - from) / d.Seconds()
		for k := 0; ; k++ {
			// The root of slope/2·t² + from·t − k, in the form that loses no digits if slope is near 0.
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

// renewal returns the pacer of a renewal process: it sums independent gaps, in seconds.
func renewal(seed uint64, gap func(*rand.Rand) float64) Pacer {
	return func(yield func(time.Duration) bool) {
		rng := rand.New(rand.NewPCG(seed, 0x706572662d73656e))
		for at := 0.0; yield(seconds(at)); {
			at += gap(rng)
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// gamma draws from the gamma distribution of a shape and scale 1, by Marsaglia and Tsang, A Simple Method for
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
