package stats

import (
	"math"
	"slices"
	"testing"
)

func TestCheckPercentiles(t *testing.T) {
	got, err := CheckPercentiles([]float64{50, 99.9, 50, 100})
	if err != nil || !slices.Equal(got, []float64{50, 99.9, 100}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []float64{0, -1, 100.1, math.NaN()} {
		if got, err := CheckPercentiles([]float64{50, bad}); err == nil {
			t.Errorf("%v: %v", bad, got)
		}
	}
}
