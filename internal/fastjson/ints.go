package fastjson

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// Ints reads an array of whole numbers that are not negative into to, whose memory it reuses.
func Ints[T int | int64](b []byte, to *[]T) int { return ints(b, to, hasVectors) }

// ints is Ints with or without vector instructions.
func ints[T int | int64](b []byte, to *[]T, vectors bool) int {
	if len(b) == 0 || b[0] != '[' {
		return Fail
	}
	appendMost := appendBlocks[T]
	if vectors {
		appendMost = appendVector[T]
	}
	out, i := appendMost((*to)[:0], b[1:])
	for i++; i < len(b); {
		v, n := Uint(b[i:])
		if i += n + 1; n < 0 || i > len(b) {
			return Fail
		}
		out = append(out, T(v))
		if *to = out; b[i-1] == ']' {
			return i
		} else if b[i-1] != ',' {
			return Fail
		}
	}
	return Fail
}

// appendBlocks appends the numbers at the start of b to out, each with a comma behind it, and returns the number of
// bytes that it read. It stops near the end of b, and at anything else.
//
// It finds the ends of all numbers in 64 bytes before it reads them. So the length of one number does not decide where
// the processor looks for the next, which it would often guess wrongly: gaps between tokens have four digits or five.
func appendBlocks[T int | int64](out []T, b []byte) (all []T, size int) {
	i := 0 // the numbers before b[i]
	for at := 0; at+64+8 <= len(b); at += 64 {
		ends := nonDigits((*[64]byte)(b[at:]))
		out = slices.Grow(out, 64/2)
		n, free := len(out), out[:cap(out)]
		for ; ends != 0; ends &= ends - 1 {
			end := at + bits.TrailingZeros64(ends)
			v, size := uint64(0), end-i
			if text := load(b, i) ^ zeros; uint(size-1) < 8 && (byte(text) != 0 || size == 1) {
				v = eight(text << (-8 * size & 63))
			} else if v, size = Uint(b[i:]); size != end-i { // long, or not a number
				return free[:n], i
			}
			if b[end] != ',' {
				return free[:n], i
			}
			free[n] = T(v)
			n++
			i = end + 1
		}
		out = free[:n]
	}
	return out, i
}

// nonDigits returns a bit for each byte that is no digit, that of the first byte the lowest. There may be false ones
// above that of a byte that is not ASCII.
func nonDigits(b *[64]byte) uint64 {
	eight := func(i int) uint64 {
		text := binary.LittleEndian.Uint64(b[i:]) ^ zeros
		return ((text + overs | text) & tops >> 7) * 0x0102040810204080 >> 56 << i // the product gathers the bits
	}
	return eight(0) | eight(8) | eight(16) | eight(24) | eight(32) | eight(40) | eight(48) | eight(56)
}

// load returns the eight bytes at b[i:], which must exist, since it does not check: Ints has, for all of its numbers,
// and checking each of them takes a tenth of its time.
func load(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))[:])
}
