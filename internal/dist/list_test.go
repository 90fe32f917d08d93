package dist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// listOf returns a list of values, added one after the other.
func listOf(values []uint32) *list {
	l := &list{}
	for _, v := range values {
		l.add(v)
	}
	return l
}

func uint32s(r *rand.Rand, n, bits int) []uint32 {
	a := make([]uint32, n)
	for i := range a {
		a[i] = r.Uint32() >> (32 - bits)
	}
	return a
}

// The values of ranks are those of the sorted values, in lists of every shape.
func TestPick(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 2, minChunk, 3000, 3 * maxChunk} {
		for _, bits := range []int{0, 1, 11, 12, 20, 32} {
			values := uint32s(r, n, bits)
			if bits == 20 {
				values[r.IntN(n)] = math.MaxUint32 // all others are in one part of the range
			}
			l := listOf(values)
			slices.Sort(values)
			var want []uint32
			ranks := []int64{1, int64(n), 1 + int64(n/2), 1, 1 + r.Int64N(int64(n))}
			for _, rank := range ranks {
				want = append(want, values[rank-1])
			}
			if got := l.pick(ranks, values[0], values[n-1]); !slices.Equal(got, want) {
				t.Errorf("%d values of %d bits: %v, want %v", n, bits, got, want)
			}
			if got := l.sorted(); !slices.Equal(got, values) {
				t.Errorf("%d values of %d bits are not sorted", n, bits)
			}
		}
	}
}

// Lists that share chunks do not see what is added to one of them.
func TestListJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 5, maxChunk / 2, 2*maxChunk + maxChunk/2 + 7} {
		a, b := uint32s(r, n, 32), uint32s(r, n/2+3, 32)
		from, to := listOf(a), listOf(b)
		to.join(from)
		both := slices.Sorted(slices.Values(slices.Concat(a, b)))
		for i := range uint32(2 * maxChunk) {
			from.add(i)
		}
		if got := to.sorted(); to.n() != len(both) || !slices.Equal(got, both) {
			t.Errorf("%d values joined %d: %d values, which differ", len(b), n, to.n())
		}
		to.add(1)
		to.add(2)
		if n := len(a) + 2*maxChunk; from.n() != n || len(from.sorted()) != n {
			t.Errorf("the joined list has %d values, want %d", from.n(), n)
		}
	}
}

// The deviation has no rounding error: equal values do not deviate, however large they are.
func TestDeviation(t *testing.T) {
	for _, v := range []int64{0, 7, 1<<denseBits + 1, 1<<32 + 12345, MaxValue - 1} {
		for _, limit := range []int{-1, 1} {
			d := &Dist{Limit: limit}
			d.AddN(v, 1000)
			if s := d.Stat(nil, 1e3); s.SD != 0 || float64(s.Mean) != float64(v)/1e3 {
				t.Errorf("1000 times %d, limit %d: %v ± %v", v, limit, s.Mean, s.SD)
			}
		}
	}
	if sd := distOf(-1, 1, 2, 3, 4).Stat(nil, 1).SD; float64(sd) != math.Sqrt(5)/2 {
		t.Errorf("deviation %v", sd)
	}
}

// BenchmarkStat measures the figures of 200,000 times, which a run has about ten lists of.
func BenchmarkStat(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	d := &Dist{}
	for range 200_000 {
		d.Add(int64(150_000 * math.Exp(0.3*r.NormFloat64())))
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Stat([]float64{50, 90, 95, 99}, 1e3)
	}
}
