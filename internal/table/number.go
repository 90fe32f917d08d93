package table

import (
	"math"
	"strconv"
	"strings"
)

// Decimal returns v with at most the given number of decimals, without trailing zeros, and with thousands separators:
// 1,234.5.
func Decimal(v float64, decimals int) string {
	return Group(Trim(strconv.FormatFloat(v, 'f', decimals, 64)))
}

// Percent returns a share in percent, with four significant digits, or with more if it would be rounded to all: 99.999.
func Percent(share float64) string {
	v := 100 * share
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return Decimal(v, 0)
	}
	decimals := min(max(3-int(math.Floor(math.Log10(math.Abs(v)))), 0), 12)
	for v < 100 && decimals < 12 && Decimal(v, decimals) == "100" {
		decimals++
	}
	return Decimal(v, decimals)
}

// Trim removes the trailing zeros of a decimal fraction.
func Trim(number string) string {
	if !strings.Contains(number, ".") {
		return number
	}
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
}

// Group inserts thousands separators into a decimal number.
func Group(number string) string {
	end := strings.IndexByte(number, '.')
	if end < 0 {
		end = len(number)
	}
	begin := 0
	if strings.HasPrefix(number, "-") {
		begin = 1
	}
	for i := end - 3; i > begin; i -= 3 {
		number = number[:i] + "," + number[i:]
	}
	return number
}
