package report

import (
	"math"
	"testing"
)

func TestDensityBin(t *testing.T) {
	for i := -10 * densityPerOctave; i < 40*densityPerOctave; i++ {
		for _, f := range []float64{0.01, 0.5, 0.99} {
			v := math.Exp2((float64(i) + f) / densityPerOctave)
			want := int16(math.Floor(math.Log2(max(v, 0.001)) * densityPerOctave))
			if got := densityBin(v); got != want {
				t.Errorf("densityBin(%v) = %d, want %d", v, got, want)
			}
		}
	}
	for v, want := range map[float64]int16{1: 0, 2: densityPerOctave, 4096: 12 * densityPerOctave, 0: densityBin(0.001)} {
		if got := densityBin(v); got != want {
			t.Errorf("densityBin(%v) = %d, want %d", v, got, want)
		}
	}
}
