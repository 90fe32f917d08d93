package dist

import (
	"math"
	"strconv"
)

// Num is a number that may not exist. NaN and ±Inf are encoded as JSON null, and null is decoded as NaN. Numbers are
// encoded with at most six decimals, since times in ms are measured to a nanosecond at best; small ones, such as the
// cost of a request, with six significant digits.
type Num float64

// NaN returns a number that does not exist.
func NaN() Num { return Num(math.NaN()) }

// Known reports whether the number exists and is finite.
func (n Num) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// Per returns n ÷ seconds, or NaN if seconds is not positive.
func (n Num) Per(seconds Num) Num {
	if !(seconds > 0) {
		return NaN()
	}
	return n / seconds
}

// MarshalJSON implements json.Marshaler.
func (n Num) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, n.Round(), 'f', -1, 64), nil
}

// Round returns the number rounded to six decimals, or to six significant digits if it is below a thousandth.
func (n Num) Round() float64 {
	switch abs := math.Abs(float64(n)); {
	case abs < 1e-12: // an error of floating point
		return 0
	case abs < 1e-3:
		r, _ := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 6, 64), 64) // a formatted float always parses
		return r
	}
	if r := math.Round(float64(n)*1e6) / 1e6; !math.IsInf(r, 0) {
		return r
	}
	return float64(n)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Num) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = NaN()
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*n = Num(f)
	return err
}

// Interval is a 95 % confidence interval. An end that the values do not bound is NaN.
type Interval [2]Num
