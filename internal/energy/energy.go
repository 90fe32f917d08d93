// Package energy computes how much energy a device used in a stretch of time: from a counter, or else from samples of
// its power.
package energy

import (
	"math"
	"slices"
)

// Reading is what a device reported at one instant. A value that it did not report is nil.
type Reading struct {
	AtUs int64    // µs since the epoch
	J    *float64 // an energy counter
	W    *float64 // power
}

// The methods of a Use.
const (
	Counter = "counter"
	Power   = "power" // the trapezoids between samples of power
)

// Use is the energy that a device used in a stretch of time.
type Use struct {
	Joules float64 `json:"joules"`
	Method string  `json:"method"`
	// Coverage is the share of the time between readings that are near enough to each other. In the rest the mean power
	// is assumed to be the same.
	Coverage float64 `json:"coverage"`
}

// maxGapUs is how far apart two samples of power may be, unless three of the usual intervals are longer.
const maxGapUs = 3e6

// enough is the coverage at which a counter is preferred to power that was sampled for longer.
const enough = 0.9

// Between returns the energy used between two instants, µs since the epoch. The readings must be in order. A counter
// that reaches rangeJ begins again at 0; if rangeJ is 0, that cannot be told from a restart, and the counter does
// not cover the time since the reading before. Between reports false if no readings cover any of the time.
func Between(readings []Reading, rangeJ float64, from, to int64) (Use, bool) {
	counted := use(Counter, counterParts(readings, rangeJ), from, to)
	if counted.Coverage >= enough {
		return counted, true
	}
	sampled := use(Power, powerParts(readings), from, to)
	if counted.Coverage > 0 && counted.Coverage >= sampled.Coverage {
		return counted, true
	}
	return sampled, sampled.Coverage > 0
}

// part is a stretch of time over which the power changes linearly from w0 to w1.
type part struct {
	from, to int64
	w0, w1   float64
}

// use adds up the parts within a stretch of time, and scales them to all of it.
func use(method string, parts []part, from, to int64) Use {
	u := Use{Method: method}
	if to <= from {
		return u
	}
	covered := 0.
	for _, p := range parts {
		a, b := max(p.from, from), min(p.to, to)
		if a >= b {
			continue
		}
		at := func(t int64) float64 { return p.w0 + (p.w1-p.w0)*float64(t-p.from)/float64(p.to-p.from) }
		u.Joules += (at(a) + at(b)) / 2 * float64(b-a) / 1e6
		covered += float64(b - a)
	}
	if covered > 0 {
		u.Coverage = min(1, covered/float64(to-from))
		u.Joules /= u.Coverage
	}
	return u
}

// counterParts returns the mean power between the readings at which the counter changed: an exporter may repeat a value
// until it takes the next one.
func counterParts(readings []Reading, rangeJ float64) []part {
	var parts []part
	var last Reading
	for _, r := range readings {
		if r.J == nil || math.IsNaN(*r.J) {
			continue
		}
		if last.J == nil {
			last = r
			continue
		}
		used := *r.J - *last.J
		if used < 0 && rangeJ > 0 {
			used += rangeJ
		}
		if used == 0 || r.AtUs <= last.AtUs {
			continue
		}
		if used > 0 {
			w := used / (float64(r.AtUs-last.AtUs) / 1e6)
			parts = append(parts, part{last.AtUs, r.AtUs, w, w})
		}
		last = r
	}
	return parts
}

// powerParts returns the trapezoids between the samples of power, without gaps.
func powerParts(readings []Reading) []part {
	var parts []part
	var last *Reading
	for i, r := range readings {
		if r.W == nil || math.IsNaN(*r.W) {
			continue
		}
		if last != nil && r.AtUs > last.AtUs {
			parts = append(parts, part{last.AtUs, r.AtUs, *last.W, *r.W})
		}
		last = &readings[i]
	}
	var lengths []int64
	for _, p := range parts {
		lengths = append(lengths, p.to-p.from)
	}
	slices.Sort(lengths)
	limit := int64(maxGapUs)
	if len(lengths) > 0 {
		limit = max(limit, 3*lengths[len(lengths)/2])
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.to-p.from > limit })
}
