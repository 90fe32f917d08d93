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

// Significant returns v with four significant digits, or more before the decimal point: 1,235  12.35  0.00000025.
func Significant(v float64) string {
	if v == 0 {
		return "0" // of −0 too
	}
	return Decimal(v, decimals(v))
}

// decimals returns the number of decimals of Significant.
func decimals(v float64) int {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return min(max(3-int(math.Floor(math.Log10(math.Abs(v)))), 0), 12)
}

// Percent returns a share in percent, with four significant digits, or with more if it would be rounded to all: 99.999.
func Percent(share float64) string {
	v := 100 * share
	n := decimals(v)
	for v < 100 && n < 12 && Decimal(v, n) == "100" {
		n++
	}
	return Decimal(v, n)
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
