package fastjson

import (
	"encoding/binary"
	"math/bits"
)

const ones, tops = ^uint64(0) / 255, ^uint64(0) / 255 * 0x80

// special marks the bytes of a word that are quotes, backslashes or control characters. There may be false marks above
// the lowest one (S. Anderson, Bit Twiddling Hacks: hasless, haszero).
func special(x uint64) uint64 {
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
}

// Unescaped returns the number of bytes at the start of b that stand for themselves inside a JSON string: no quote, no
// backslash and no control character.
func Unescaped(b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if m := special(binary.LittleEndian.Uint64(b[n:])); m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

// UnescapedASCII is Unescaped for printable ASCII only.
func UnescapedASCII[T string | []byte](b T) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		w := b[n : n+8] // one load, of strings too
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		// The top bit of x+ones marks 0x7f; a carry out of a byte is above a mark.
		if m := special(x) | (x|(x+ones))&tops; m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] < 0x7f && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}
