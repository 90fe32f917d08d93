package main

import (
	"math"
	"strconv"
	"strings"

	"perfpipe/internal/stats"
)

// human writes a number with four significant digits and thousands separators: 1,234  12.35  0.081; ∞ and – where it is
// beyond a failure or does not exist.
func human(v stats.Num) string {
	f := float64(v)
	switch {
	case math.IsNaN(f):
		return "–"
	case math.IsInf(f, 0):
		return "∞"
	case f == 0:
		return "0"
	}
	decimals := 3 - int(math.Floor(math.Log10(math.Abs(f))))
	s := strconv.FormatFloat(f, 'f', min(max(decimals, 0), 6), 64)
	whole, fraction, found := strings.Cut(s, ".")
	if found {
		if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
			fraction = "." + fraction
		}
	}
	return thousands(whole) + fraction
}

func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func humanInt(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

// seconds writes a time with its unit.
func seconds(v stats.Num) string {
	if !v.Known() {
		return human(v)
	}
	if v >= 1 {
		return human(v) + " s"
	}
	scale, unit := durationUnit(float64(v) * 1000)
	return human(v*1000/stats.Num(scale)) + " " + unit
}

// durationUnit picks the unit in which a typical value of a row reads best: all cells of a row then share it.
func durationUnit(ms float64) (scale float64, unit string) {
	switch {
	case ms > 0 && ms < 1:
		return 1e-3, "µs"
	case ms >= 10_000:
		return 1e3, "s"
	}
	return 1, "ms"
}
