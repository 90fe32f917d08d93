// Package schedule says when requests start: pure streams of start offsets.
package schedule

import (
	"iter"
	"math/rand/v2"
	"time"
)

// Pacer is an endless stream of start offsets from the beginning of a phase. Offsets never decrease.
type Pacer = iter.Seq[time.Duration]

// Immediate starts every request at once: what is left to hold them back is a limit on those in flight.
func Immediate() Pacer {
	return func(yield func(time.Duration) bool) {
		for yield(0) {
		}
	}
}

// Poisson is a Poisson process of rate requests/s: independent exponential gaps, never rescaled. The same seed gives
// the same schedule on every host. The first request starts at 0, where the time line is anchored.
func Poisson(rate float64, seed uint64) Pacer {
	return func(yield func(time.Duration) bool) {
		rng := rand.New(rand.NewPCG(seed, 0x706572662d73656e))
		for at := 0.0; yield(time.Duration(at * float64(time.Second))); {
			at += rng.ExpFloat64() / rate
		}
	}
}
