package fastjson

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// Eight bytes of text, or four, are read together, the first one the lowest. Minus zeros, digits become 0 to 9; any
// other byte becomes more, so that its top bit is set or is once overs are added.
const (
	zeros = 0x3030303030303030 // "00000000"
	overs = 0x7676767676767676 // 0x80 - 10
)

// eight returns the number that eight digits are (D. Lemire, Quickly parsing eight digits).
func eight(digits uint64) uint64 {
	digits = digits * (10<<8 + 1) >> 8
	digits = (digits & 0x00FF00FF00FF00FF) * (100<<16 + 1) >> 16
	return (digits & 0x0000FFFF0000FFFF) * (10_000<<32 + 1) >> 32
}

// digits reads the digits that b begins with. If there are more than 18, which an int64 may not hold, v is wrong.
func digits(b []byte) (v uint64, n int) {
	for len(b)-n >= 8 {
		text := binary.LittleEndian.Uint64(b[n:]) ^ zeros
		over := (text + overs | text) & tops
		if over == 0 {
			v = v*1e8 + eight(text)
			n += 8
			continue
		}
		some := bits.TrailingZeros64(over) / 8 // the last digits, read without a loop whose end would be hard to predict
		return v*powers[some] + eight(text<<1<<(63-8*some&63)), n + some
	}
	for ; n < len(b) && b[n]-'0' <= 9; n++ {
		v = v*10 + uint64(b[n]-'0')
	}
	return v, n
}

// Uint reads a whole number of at most 18 digits. It does not look at what follows the digits.
func Uint(b []byte) (v uint64, n int) {
	v, n = digits(b)
	if n == 0 || n > 18 || n > 1 && b[0] == '0' {
		return 0, Fail
	}
	return v, n
}

// Int reads a whole number of at most 18 digits into to.
func Int[T int | int64](b []byte, to *T) int {
	if len(b) > 0 && b[0] == '-' {
		v, n := Uint(b[1:])
		if n < 0 {
			return Fail
		}
		*to = -T(v)
		return n + 1
	}
	v, n := Uint(b)
	*to = T(v)
	return n
}

// powers are those of ten that a double holds and that Float divides by.
var powers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// decimal reads the number that b begins with if it is of the usual form, one to seven digits on both sides of a point:
// v is the number without the point, and n its length. Otherwise, n is 0.
func decimal(b []byte) (v uint64, decimals, n int) {
	if len(b) < 16 {
		return 0, 0, 0
	}
	whole := binary.LittleEndian.Uint64(b) ^ zeros
	point := bits.TrailingZeros64((whole+overs|whole)&tops) / 8
	if uint(point-1) >= 7 || b[point] != '.' || point > 1 && byte(whole) == 0 {
		return 0, 0, 0
	}
	part := binary.LittleEndian.Uint64(b[point+1:]) ^ zeros
	decimals = bits.TrailingZeros64((part+overs|part)&tops) / 8
	if uint(decimals-1) >= 7 {
		return 0, 0, 0
	}
	v = eight(whole<<(-8*point&63))*powers[decimals] + eight(part<<(-8*decimals&63))
	return v, decimals, point + 1 + decimals
}

// Float reads a number without an exponent into to. Up to 15 digits are exact in a double and so is the power of ten
// that divides them: their quotient is then the nearest double, because IEEE 754 division rounds once.
func Float(b []byte, to *float64) int {
	if v, decimals, n := decimal(b); n > 0 {
		*to = float64(v) / float64(powers[decimals])
		return n
	}
	sign := 0
	if len(b) > 0 && b[0] == '-' {
		sign = 1
	}
	v, n := Uint(b[sign:])
	if n < 0 {
		return Fail
	}
	end, decimals := sign+n, 0
	if end < len(b) && b[end] == '.' {
		var fraction uint64
		if fraction, decimals = digits(b[end+1:]); decimals == 0 {
			return Fail
		}
		end += 1 + decimals
		if n+decimals <= 15 {
			v = v*powers[decimals] + fraction
		}
	}
	if n+decimals > 15 {
		f, err := strconv.ParseFloat(string(b[:end]), 64)
		if *to = f; err != nil {
			return Fail
		}
		return end
	}
	if *to = float64(v) / float64(powers[decimals]); sign != 0 {
		*to = -*to
	}
	return end
}

// SkipNumber returns the length of a number without an exponent.
func SkipNumber(b []byte) int {
	if _, _, n := decimal(b); n > 0 {
		return n
	}
	sign := 0
	if len(b) > 0 && b[0] == '-' {
		sign = 1
	}
	_, n := Uint(b[sign:])
	if n < 0 {
		return Fail
	}
	end := sign + n
	if end == len(b) || b[end] != '.' {
		return end
	}
	_, decimals := digits(b[end+1:])
	if decimals == 0 {
		return Fail
	}
	return end + 1 + decimals
}

// Bool reads true or false into to.
func Bool(b []byte, to *bool) int {
	switch {
	case len(b) >= 4 && string(b[:4]) == "true":
		*to = true
		return 4
	case len(b) >= 5 && string(b[:5]) == "false":
		*to = false
		return 5
	}
	return Fail
}

// ASCII reads a string of printable ASCII without escapes. text is the slice of b between the quotes.
func ASCII(b []byte) (text []byte, n int) {
	if len(b) == 0 || b[0] != '"' {
		return nil, Fail
	}
	n = 1 + UnescapedASCII(b[1:])
	if n == len(b) || b[n] != '"' {
		return nil, Fail
	}
	return b[1:n], n + 1
}

// maxWhole is the largest integer up to which a double holds every integer.
const maxWhole = 1 << 53

// wholeNumber reports whether a number is not written as the integer that it is, and returns that.
func wholeNumber(number []byte) (v int64, ok bool) {
	if _, n := digits(number[1:]); n == len(number)-1 {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(number), 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= maxWhole
}
