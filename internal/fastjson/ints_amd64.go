package fastjson

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasVectors reports whether the processor has what vectorInts uses: AVX-512 with its extensions for bytes, as servers
// have since Ice Lake and Zen 4.
var hasVectors = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 &&
	cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// appendVector appends the numbers at the start of b to out, each of one to eight digits and a comma, 64 bytes of text
// at a time. It returns the number of bytes that it read. It may stop anywhere, and always does near the end of b.
func appendVector[T int | int64](out []T, b []byte) (all []T, size int) {
	const most = 16 // numbers that vectorInts stores at once
	for {
		out = slices.Grow(out, most)
		free := unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(out[len(out):cap(out)]))), cap(out)-len(out))
		bytes, n := vectorInts(b[size:], free)
		size += bytes
		if out = out[:len(out)+n]; len(free)-n >= most {
			return out, size
		}
	}
}

// vectorInts stores the numbers at the start of b, each of one to eight digits and a comma. It returns the number of
// bytes that it read, and that of the numbers. It stops if fewer than 64 bytes or room for fewer than 16 numbers are
// left, and at anything else. It may write up to 15 values of no meaning behind the numbers.
//
//go:noescape
func vectorInts(b []byte, to []int64) (size, n int)
