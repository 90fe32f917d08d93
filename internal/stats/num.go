package stats

import (
	"math"
	"strconv"
)

// Num is a number that may not exist: NaN and ±Inf are null in JSON, and null is NaN. It is written with at most six
// decimals, since nothing here is measured finer than a nanosecond of a millisecond.
type Num float64

func nan() Num { return Num(math.NaN()) }

func inf() Num { return Num(math.Inf(1)) }

// Known says whether the number exists and is finite.
func (n Num) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler.
func (n Num) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, n.round(), 'f', -1, 64), nil
}

func (n Num) round() float64 {
	if r := math.Round(float64(n)*1e6) / 1e6; !math.IsInf(r, 0) {
		return r
	}
	return float64(n)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Num) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = nan()
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*n = Num(f)
	return err
}
