package radix

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func check[T uint32 | uint64 | int64](t *testing.T, a []T) {
	t.Helper()
	want := slices.Sorted(slices.Values(a))
	if Sort(a); !slices.Equal(a, want) {
		t.Errorf("%d values of %T are not sorted", len(a), T(0))
	}
}

func TestSort(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, n := range []int{0, 1, 1023, 1024, 5000} {
		for _, bits := range []int{1, 11, 20, 32, 64} {
			a, b, c := make([]uint32, n), make([]uint64, n), make([]int64, n)
			for i := range n {
				a[i], b[i] = uint32(r.Uint64()>>(64-bits)), r.Uint64()>>(64-bits)<<r.IntN(2)
				c[i] = 1_700_000_000_000_000 + int64(r.Uint64()>>(64-bits)) - 1<<(bits-1)
			}
			check(t, a)
			check(t, b)
			check(t, c)
		}
	}
}

// BenchmarkSort sorts the times of 200,000 answers, which end nearly in the order in which they were sent.
func BenchmarkSort(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	ends := make([]int64, 200_000)
	for i := range ends {
		ends[i] = 1_700_000_000_000_000 + int64(i)*10_000 + r.Int64N(1_000_000)
	}
	for b.Loop() {
		Sort(slices.Clone(ends))
	}
}
