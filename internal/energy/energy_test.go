package energy

import (
	"math"
	"testing"
)

const s = 1_000_000 // µs

// watts returns samples of power, one each second.
func watts(from int64, list ...float64) (out []Reading) {
	for i, w := range list {
		out = append(out, Reading{AtUs: (from + int64(i)) * s, W: &w})
	}
	return out
}

// joules returns readings of a counter, one each second.
func joules(from int64, list ...float64) (out []Reading) {
	for i, j := range list {
		out = append(out, Reading{AtUs: (from + int64(i)) * s, J: &j})
	}
	return out
}

func both(j, w []Reading) []Reading {
	for i := range j {
		j[i].W = w[i].W
	}
	return j
}

func TestBetween(t *testing.T) {
	for name, c := range map[string]struct {
		readings []Reading
		rangeJ   float64
		from, to int64
		want     Use
	}{
		"a constant power":                   {watts(0, 100, 100, 100, 100), 0, 0, 3 * s, Use{300, Power, 1}},
		"a ramp, cut at both edges":          {watts(0, 0, 100, 200, 300), 0, s / 2, 5 * s / 2, Use{300, Power, 1}},
		"samples of half of the time":        {watts(0, 100, 100, 100), 0, 0, 4 * s, Use{400, Power, 0.5}},
		"a gap":                              {append(watts(0, 10, 10), watts(9, 10, 10)...), 0, 0, 10 * s, Use{100, Power, 0.2}},
		"a counter":                          {joules(0, 1000, 1250, 1500, 1750), 0, 0, 3 * s, Use{750, Counter, 1}},
		"a counter, cut at both edges":       {joules(0, 1000, 1250, 1500, 1750), 0, s / 2, 3 * s / 2, Use{250, Counter, 1}},
		"a counter that is seldom renewed":   {joules(0, 0, 0, 0, 300, 300, 300, 600), 0, 0, 6 * s, Use{600, Counter, 1}},
		"a counter that wraps":               {joules(0, 900, 1000, 76, 176), 1024, 0, 3 * s, Use{300, Counter, 1}},
		"a counter that begins again":        {joules(0, 900, 1000, 0, 100), 0, 0, 3 * s, Use{300, Counter, 2. / 3}},
		"power where the counter has a hole": {both(joules(0, 900, 1000, 0, 100), watts(0, 99, 99, 99, 99)), 0, 0, 3 * s, Use{297, Power, 1}},
		"a counter goes before power":        {both(joules(0, 0, 100, 200), watts(0, 50, 50, 50)), 0, 0, 2 * s, Use{200, Counter, 1}},
	} {
		got, ok := Between(c.readings, c.rangeJ, c.from, c.to)
		if !ok || got.Method != c.want.Method || math.Abs(got.Joules-c.want.Joules) > 1e-9*c.want.Joules ||
			math.Abs(got.Coverage-c.want.Coverage) > 1e-12 {
			t.Errorf("%s: %+v %v, want %+v", name, got, ok, c.want)
		}
	}
}

func TestBetweenWithoutReadings(t *testing.T) {
	for name, readings := range map[string][]Reading{
		"none": nil, "one": watts(1, 100), "of another time": watts(10, 100, 100), "a still counter": joules(0, 5, 5, 5),
	} {
		if got, ok := Between(readings, 0, 0, 3*s); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
