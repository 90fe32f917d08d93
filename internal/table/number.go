package table

import (
	"strconv"
	"strings"
)

// Decimal returns v with at most the given number of decimals, without trailing zeros, and with thousands separators:
// 1,234.5.
func Decimal(v float64, decimals int) string {
	return Group(Trim(strconv.FormatFloat(v, 'f', decimals, 64)))
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
