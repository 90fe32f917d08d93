package fastjson

import (
	"math"
	"strconv"
	"testing"
)

func FuzzAppendInt(f *testing.F) {
	for _, v := range []int64{0, 9, 10, 99_999_999, 100_000_000, 1_795_553_694_861_710, 9_999_999_999_999_999,
		10_000_000_000_000_000, math.MaxInt64, math.MinInt64} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v int64) {
		for v := v; v != 0; v /= 10 {
			if got, want := string(AppendInt([]byte("x"), v)), "x"+strconv.FormatInt(v, 10); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	})
}

func FuzzAppendFloat(f *testing.F) {
	for _, v := range []float64{0, 0.001, 0.12, 1.005, 10.0665, 123456.789, -0.5, 1e-7, 1e12, 1e15, 1.1e15, 99_999.999,
		100_000} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		for _, v := range []float64{v, math.Round(v*1000) / 1000} {
			got, want := string(AppendFloat(nil, v)), strconv.FormatFloat(v, 'f', -1, 64)
			if back, err := strconv.ParseFloat(got, 64); got != want && (err != nil || back != v) {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	})
}
