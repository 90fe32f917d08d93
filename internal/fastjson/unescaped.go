// Package fastjson reads and writes the JSON of the hot paths: request lines, record lines and the events of streams.
package fastjson

import (
	"encoding/binary"
	"math/bits"
)

const ones, tops = ^uint64(0) / 255, ^uint64(0) / 255 * 0x80

// special marks the bytes of a word that are quotes, backslashes or control characters. Above the lowest mark there may be
// false ones (Anderson, Bit Twiddling Hacks: hasless, haszero).
func special(x uint64) uint64 {
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
}

// Unescaped is how many bytes b begins with that are no quote, no backslash and no control character.
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

// UnescapedASCII is Unescaped for printable ASCII alone.
func UnescapedASCII[T string | []byte](b T) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		w := b[n : n+8] // one load, of strings too
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		if m := special(x) | (x|(x+ones))&tops; m != 0 { // x+1 has the top bit where x is 0x7f; what it carries on is above a mark
			return n + bits.TrailingZeros64(m)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] < 0x7f && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}
