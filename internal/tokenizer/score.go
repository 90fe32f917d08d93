package tokenizer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parseScore parses a number as the reference's JSON library does: the digits as one integer, then one multiplication
// or division by a power of ten. The last bit can differ from the nearest double, which decides between equally good
// paths of a unigram model.
func parseScore(text string) (float64, error) {
	exact, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("the score %q is not a number", text)
	}
	if !strings.ContainsAny(text, ".eE") {
		return exact, nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	digits, power, _ := strings.Cut(strings.ReplaceAll(digits, "E", "e"), "e")
	exponent := 0
	if power != "" {
		if exponent, err = strconv.Atoi(power); err != nil {
			return 0, fmt.Errorf("the score %q is not a number", text)
		}
	}
	significand, fraction, full := uint64(0), false, false
	for _, c := range digits {
		if c == '.' {
			fraction = true
			continue
		}
		digit := uint64(c - '0')
		full = full || significand > math.MaxUint64/10 || significand == math.MaxUint64/10 && digit > math.MaxUint64%10
		switch {
		case full && !fraction:
			exponent++
		case !full:
			significand = significand*10 + digit
			if fraction {
				exponent--
			}
		}
	}
	f := float64(significand)
	for ; exponent < -308 && f != 0; exponent += 308 {
		f /= 1e308
	}
	switch {
	case f == 0:
	case exponent > 308:
		return 0, fmt.Errorf("the score %q is out of bounds", text)
	case exponent >= 0:
		f *= powerOfTen(exponent)
	default:
		f /= powerOfTen(-exponent)
	}
	if negative {
		f = -f
	}
	return f, nil
}

// powerOfTen returns the double nearest to 10ⁿ.
func powerOfTen(n int) float64 {
	f, _ := strconv.ParseFloat("1e"+strconv.Itoa(n), 64)
	return f
}
