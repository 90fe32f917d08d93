package record

import (
	"encoding/binary"
	"strconv"
	"unsafe"
)

// Eight bytes of text, or four, are read together, the first the lowest. Taken from zeros, digits become 0 to 9; anything
// else becomes more, so that its top bit is set or is once overs are added.
const (
	zeros = 0x3030303030303030 // "00000000"
	overs = 0x7676767676767676 // 0x80 - 10
	tops  = 0x8080808080808080
)

// eight is the number of eight digits (D. Lemire, Quickly parsing eight digits).
func eight(digits uint64) uint64 {
	digits = digits * (10<<8 + 1) >> 8
	digits = (digits & 0x00FF00FF00FF00FF) * (100<<16 + 1) >> 16
	return (digits & 0x0000FFFF0000FFFF) * (10_000<<32 + 1) >> 32
}

// four is the number of four digits.
func four(digits uint32) uint32 {
	digits = digits * (10<<8 + 1) >> 8 & 0x00FF00FF
	return digits * (100<<16 + 1) >> 16
}

// digits reads the digits that b begins with; of more than 18, which an int64 may not hold, the value is wrong.
func digits(b []byte) (v uint64, n int) {
	for len(b)-n >= 8 {
		text := binary.LittleEndian.Uint64(b[n:]) ^ zeros
		if (text+overs|text)&tops != 0 {
			break
		}
		v = v*1e8 + eight(text)
		n += 8
	}
	for ; n < len(b) && b[n]-'0' <= 9; n++ {
		v = v*10 + uint64(b[n]-'0')
	}
	return v, n
}

// whole reads a number's digits, at most 18, and no zero before another.
func (s *scanner) whole() (v uint64, n int) {
	v, n = digits(s.b[s.i:])
	if n > 18 || n > 1 && s.b[s.i] == '0' {
		return 0, 0
	}
	s.i += n
	return v, n
}

func integer[T int | int64](s *scanner, to *T) bool {
	negative := s.byte('-')
	v, n := s.whole()
	*to = T(v)
	if negative {
		*to = -*to
	}
	return n > 0
}

// skip reads over digits and decimals without an exponent.
func (s *scanner) skip() bool {
	s.byte('-')
	if _, n := s.whole(); n == 0 {
		return false
	}
	if !s.byte('.') {
		return true
	}
	_, decimals := digits(s.b[s.i:])
	s.i += decimals
	return decimals > 0
}

// float reads digits and decimals without an exponent. Up to 15 digits are exact in a double and so is the power of ten
// that divides them: their quotient is then the nearest double, as IEEE 754 division rounds once.
func (s *scanner) float(to *float64) bool {
	first := s.i
	negative := s.byte('-')
	v, n := s.whole()
	if n == 0 {
		return false
	}
	decimals := 0
	if s.byte('.') {
		var fraction uint64
		if fraction, decimals = digits(s.b[s.i:]); decimals == 0 {
			return false
		}
		s.i += decimals
		if n+decimals <= 15 {
			v = v*powers[decimals] + fraction
		}
	}
	if n+decimals > 15 {
		text := s.b[first:s.i]
		f, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64)
		*to = f
		return err == nil
	}
	if *to = float64(v) / float64(powers[decimals]); negative {
		*to = -*to
	}
	return true
}

var powers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// list reads an array of whole numbers that are not negative, which gaps and chunk tokens are and most of a line.
func list[T int | int64](s *scanner, to *[]T) bool {
	if !s.byte('[') {
		return false
	}
	out, b, i := (*to)[:0], s.b, s.i
	for i < len(b) {
		first, v := i, T(0)
		if i+4 <= len(b) {
			if text := binary.LittleEndian.Uint32(b[i:]) ^ zeros>>32; (text+overs>>32|text)&(tops>>32) == 0 {
				v = T(four(text))
				i += 4
			}
		}
		for i < len(b) && b[i]-'0' <= 9 {
			v = v*10 + T(b[i]-'0')
			i++
		}
		if n := i - first; n == 0 || n > 18 || n > 1 && b[first] == '0' || i == len(b) {
			return false
		}
		out = append(out, v)
		if i++; b[i-1] == ']' {
			*to, s.i = out, i
			return true
		} else if b[i-1] != ',' {
			return false
		}
	}
	return false
}
