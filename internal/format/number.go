package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
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
	}
	return table.Significant(f)
}

// part returns a share in percent, without the sign. It is 100 only if it is all.
func part(share dist.Num) string {
	if !share.Known() {
		return number(share)
	}
	return table.Percent(float64(share))
}

// judged returns the value of a gate, with all of its digits if rounding would change whether it is met.
func judged(r gate.Result) string {
	text := number(r.Value)
	g, err := gate.Parse(r.Gate)
	shown, notNumber := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err == nil && notNumber == nil && g.Judge(dist.Num(shown)).Pass != r.Pass {
		return strconv.FormatFloat(float64(r.Value), 'f', -1, 64)
	}
	return text
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
