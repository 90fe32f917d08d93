package synth

import "math"

// Rand is a source of random numbers that depends on its seeds only and is the same on every machine and in every
// release of Go: splitmix64 (Steele, Lea, Flood 2014).
type Rand struct{ state uint64 }

// NewRand returns the random numbers of one purpose. The seeds of a request are those of the run, the domain of the
// draw, and the index of the request.
func NewRand(seeds ...uint64) *Rand {
	r := &Rand{}
	for _, s := range seeds {
		r.state = r.Next() ^ s
	}
	r.Next()
	return r
}

// Next is 64 random bits.
func (r *Rand) Next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Below returns an integer of [0, n), n < 2³².
func (r *Rand) Below(n int) int { return int(r.Next() >> 32 * uint64(n) >> 32) }

// Between returns an integer of [lo, hi].
func (r *Rand) Between(lo, hi int) int { return lo + r.Below(hi-lo+1) }

// Float returns a number of [0, 1).
func (r *Rand) Float() float64 { return float64(r.Next()>>11) / (1 << 53) }

// Normal returns a number of the standard normal distribution (Box and Muller 1958).
func (r *Rand) Normal() float64 {
	return math.Sqrt(-2*math.Log(1-r.Float())) * math.Cos(2*math.Pi*r.Float())
}
