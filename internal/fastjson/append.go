package fastjson

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// AppendInt is strconv.AppendInt in base 10, at a third of its cost.
func AppendInt(b []byte, v int64) []byte {
	if v < 0 {
		return strconv.AppendInt(b, v, 10)
	}
	high := uint64(v) / 1e8
	low := eightDigits(uint64(v) % 1e8)
	switch {
	case high == 0:
		leading := bits.TrailingZeros64((low^zeros)|1<<63) / 8 // zeros, except the last digit
		b = binary.LittleEndian.AppendUint64(b, low>>(8*leading))
		return b[:len(b)-leading]
	case high < 1e8:
		high = eightDigits(high)
		leading := bits.TrailingZeros64(high^zeros) / 8
		b = binary.LittleEndian.AppendUint64(b, high>>(8*leading))
		b = b[:len(b)-leading]
	default:
		b = strconv.AppendUint(b, high, 10)
	}
	return binary.LittleEndian.AppendUint64(b, low)
}

// AppendFloat appends v, a finite number, in its shortest form without an exponent. Whole thousandths, which measured
// milliseconds are, are appended as the integers that they come from, with at most three decimals.
func AppendFloat(b []byte, v float64) []byte {
	if n := int64(v*1000 + 0.5); n >= 0 && n < 1e15 && float64(n)/1000 == v {
		return appendThousandths(b, n)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

func appendThousandths(b []byte, n int64) []byte {
	if n >= 1e8 {
		b = AppendInt(b, n/1e8)
	}
	d := eightDigits(uint64(n) % 1e8)
	leading := 0
	if n < 1e8 {
		leading = bits.TrailingZeros64((d^zeros)|1<<39) / 8 // zeros of the five integer digits, except the last
	}
	b = binary.LittleEndian.AppendUint64(b, d>>(8*leading))
	b = b[:len(b)-3-leading]
	if d>>40 == zeros>>40 {
		return b
	}
	b = append(b, '.', byte(d>>40), byte(d>>48), byte(d>>56))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// eightDigits returns the decimal digits of n, the first one in the lowest byte. Multiplications in parts of a word
// find all of them at once (P. Khuong, How to print integers really fast, 2017).
func eightDigits(n uint64) uint64 {
	four := n/10000 | n%10000<<32                 // two numbers of four digits
	hundreds := four * 10486 >> 20 & 0x7f0000007f // of each: n/100, exact below 10,000
	two := (four-100*hundreds)<<16 + hundreds     // four of two digits
	tens := two * 103 >> 10 & 0x000f000f000f000f  // of each: n/10, exact below 100
	return tens + (two-10*tens)<<8 + zeros
}
