package format

import (
	"fmt"
	"math"
	"strconv"

	"perfpipe/internal/dist"
	"perfpipe/internal/table"
)

// number returns a number for people, with four significant digits and thousands separators: 1,234  12.35
// 0.00000025. It is ∞ if failed requests reach it, and – if it does not exist.
func number(v dist.Num) string {
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
	return table.Decimal(f, min(max(decimals, 0), 12))
}

func count(n int64) string { return table.Group(strconv.FormatInt(n, 10)) }

// percent returns a share with its sign: +1.25 %.
func percent(v dist.Num) string {
	if !v.Known() {
		return number(v)
	}
	return fmt.Sprintf("%+.2f %%", 100*float64(v))
}

// signed returns a number with its sign.
func signed(v dist.Num) string {
	if v > 0 {
		return "+" + number(v)
	}
	return number(v)
}

// seconds returns a duration with its unit.
func seconds(v dist.Num) string {
	if !v.Known() {
		return number(v)
	}
	if v >= 1 {
		return number(v) + " s"
	}
	scale, unit := durationUnit(float64(v) * 1000)
	return number(v*1000/dist.Num(scale)) + " " + unit
}

// durationUnit returns the unit for the durations of a row, given a typical one in ms. scale is the size of the unit in
// ms.
func durationUnit(ms float64) (scale float64, unit string) {
	switch {
	case ms > 0 && ms < 1:
		return 1e-3, "µs"
	case ms >= 10_000:
		return 1e3, "s"
	}
	return 1, "ms"
}
