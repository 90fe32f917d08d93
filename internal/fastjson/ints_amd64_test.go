package fastjson

import (
	"slices"
	"strings"
	"testing"
)

// vectorInts reads and writes within its arguments, of any length.
func TestVectorIntsBounds(t *testing.T) {
	if !hasVectors {
		t.Skip("the processor has no AVX-512")
	}
	text := []byte(strings.Repeat("0,12,345,6789,10,", 30))
	for length := range len(text) {
		for room := range 40 {
			to := slices.Repeat([]int64{-1}, room+20)
			size, n := vectorInts(text[:length], to[:room])
			if size > length || n > room || slices.ContainsFunc(to[room:], func(v int64) bool { return v != -1 }) {
				t.Fatalf("%d bytes, room for %d: read %d bytes, %d numbers: %v", length, room, size, n, to)
			}
		}
	}
}
