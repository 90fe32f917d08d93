package chart

import (
	"math"
	"slices"
	"strconv"

	"perfpipe/internal/table"
)

// Column is a column of numbers. Its JSON has five significant digits, and null for NaN and ±Inf.
type Column []float64

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+7*len(c))
	b = append(b, '[')
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, v)
	}
	return append(b, ']'), nil
}

// appendNumber appends v with five significant digits in the fewest bytes. Whole numbers are exact.
func appendNumber(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(b, "null"...)
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.AppendInt(b, int64(v), 10)
	}
	digits := 4 - int(math.Floor(math.Log10(math.Abs(v))))
	if digits > 12 {
		return strconv.AppendFloat(b, v, 'g', 5, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', max(digits, 1), 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if len(b) > start+1 && b[start] == '-' && b[start+1] == '0' && len(b) == start+2 {
		return append(b[:start], '0') // −0
	}
	return b
}

// Number returns v for people: with three significant digits, or more before the decimal point, in groups of three.
func Number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v < 0:
		return "−" + Number(-v)
	case v == 0:
		return "0"
	case v < 1e-6 || v >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return table.Decimal(v, max(0, 2-int(math.Floor(math.Log10(v)))))
}

// tick is a labelled place on an axis.
type tick struct {
	place float64
	label string
}

// ticks returns about n labelled places between the places lo and hi.
func (a *Axis) ticks(lo, hi float64, n int) []tick {
	switch a.Scale {
	case Log:
		if hi-lo > 0.7 {
			return logTicks(lo, hi, n)
		}
		linear := Axis{Whole: a.Whole}
		out := linear.ticks(math.Pow(10, lo), math.Pow(10, hi), n)
		out = slices.DeleteFunc(out, func(t tick) bool { return t.place <= 0 })
		for i := range out {
			out[i].place = math.Log10(out[i].place)
		}
		return out
	case Nines:
		var out []tick
		for _, p := range []float64{0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999} {
			if at := a.Scale.place(p); at >= lo-1e-9 && at <= hi+1e-9 {
				out = append(out, tick{at, "p" + strconv.FormatFloat(p, 'f', -1, 64)})
			}
		}
		return out
	}
	step := niceStep((hi - lo) / float64(max(n, 1)))
	if a.Whole {
		step = max(step, 1)
	}
	var out []tick
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9; k++ {
		v := k * step
		if math.Abs(v) < step*1e-9 {
			v = 0
		}
		out = append(out, tick{v, tickLabel(v, step)})
	}
	return out
}

// tickLabel returns v with the decimals that its step needs.
func tickLabel(v, step float64) string {
	if math.Abs(v) >= 1e6 || step >= 1e5 {
		return short(v)
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if decimals > 6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	label := table.Group(strconv.FormatFloat(math.Abs(v), 'f', decimals, 64))
	if v < 0 {
		return "−" + label
	}
	return label
}

// short returns v with the suffix k, M or G if it is large.
func short(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= u.size {
			return Number(v/u.size) + u.name
		}
	}
	return Number(v)
}

// niceStep returns the least of 1, 2 and 5 times a power of ten that is at least raw.
func niceStep(raw float64) float64 {
	if raw <= 0 || math.IsNaN(raw) || math.IsInf(raw, 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*base*(1+1e-9) {
			return m * base
		}
	}
	return 10 * base
}

// logTicks returns 1, 2 and 5 of every decade if that is not too many, else the decades. If the range is hardly more
// than a decade, it returns some more.
func logTicks(lo, hi float64, n int) []tick {
	var out []tick
	mantissas := []float64{1, 2, 5}
	switch {
	case hi-lo > float64(n)/2:
		mantissas = mantissas[:1]
	case hi-lo < 1.3:
		mantissas = []float64{1, 1.5, 2, 3, 5, 7}
	}
	stride := max(1, int(math.Ceil((hi-lo)/float64(max(n, 1)))))
	for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e++ {
		if e%stride != 0 {
			continue
		}
		for _, m := range mantissas {
			v := m * math.Pow(10, float64(e))
			if at := math.Log10(v); at >= lo-1e-9 && at <= hi+1e-9 {
				label := Number(v)
				if v >= 1e5 {
					label = short(v)
				}
				out = append(out, tick{at, label})
			}
		}
	}
	return out
}
