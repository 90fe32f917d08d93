package why

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// tails are the shares of the slowest requests that are looked at.
var tails = [...]float64{0.01, 0.05, 0.1, 0.25}

// minTail is the least number of requests in a tail.
const minTail = 10

// bitset is a set of rows.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) set(i int) { s[i>>6] |= 1 << (i & 63) }

func (s bitset) common(o bitset) (n int) {
	for i, w := range s {
		n += bits.OnesCount64(w & o[i])
	}
	return n
}

// strength is the root of the log-likelihood ratio of k of m requests having what a share of all have; 0 if they are
// not more.
func strength(k, m int, share float64) float64 {
	p := float64(k) / float64(m)
	if p <= share {
		return 0
	}
	g := p * math.Log(p/share)
	if p < 1 {
		g += (1 - p) * math.Log((1-p)/(1-share))
	}
	return math.Sqrt(2 * float64(m) * g)
}

// trial is the comparison of the slowest requests with all.
type trial struct {
	n       int
	order   []int // the rows, the slowest first
	sizes   []int // of the tails
	divides []divide
	sets    []bitset // of divides
	timely  []bool   // of divides
}

func newTrial(questions []question, n int, values []float64) *trial {
	t := &trial{n: n, order: make([]int, n)}
	for i := range t.order {
		t.order[i] = i
	}
	mixed := func(i int) uint32 { return uint32(i) * 2654435761 } // equal values in an order that is not that of time
	slices.SortFunc(t.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(mixed(a), mixed(b)))
	})
	for _, share := range tails {
		if size := int(math.Round(share * float64(n))); size >= minTail {
			t.sizes = append(t.sizes, size)
		}
	}
	for _, q := range questions {
		for _, d := range q.divides {
			set := newBitset(n)
			for i, in := range d.in {
				if in {
					set.set(i)
				}
			}
			t.divides, t.sets, t.timely = append(t.divides, d), append(t.sets, set), append(t.timely, q.timely)
		}
	}
	return t
}

// strengths calls each for each division and tail; at returns the row whose value a row gets.
func (t *trial) strengths(timely bool, at func(i int) int, each func(d, tail, k int, s float64)) {
	from := make([]int, t.n) // by row of the value: the row that gets it
	for i := range t.n {
		from[at(i)] = i
	}
	set, done := newBitset(t.n), 0
	for tail, size := range t.sizes {
		for ; done < size; done++ {
			set.set(from[t.order[done]])
		}
		for d := range t.divides {
			if t.timely[d] == timely {
				k := set.common(t.sets[d])
				each(d, tail, k, strength(k, size, float64(t.divides[d].n)/float64(t.n)))
			}
		}
	}
}

// finding is the strongest difference in one question.
type finding struct {
	divide   int
	tail, k  int
	strength float64
	p        float64 // of as strong a difference in any question by chance
}

// shuffles is the number of permutations.
const shuffles = 999

// best returns the strongest finding that is not chance, at the level. block and timelyBlock are the lengths of the
// runs of requests that stay together in a permutation, because requests that follow each other are alike.
func (t *trial) best(level float64, block, timelyBlock int, seed uint64) (f finding, ok bool) {
	f.divide = -1
	same := func(i int) int { return i }
	for _, timely := range [...]bool{false, true} {
		t.strengths(timely, same, func(d, tail, k int, s float64) {
			gain := float64(k)/float64(t.sizes[tail]) - float64(t.divides[d].n)/float64(t.n)
			if s > f.strength && gain >= minGain {
				f = finding{divide: d, tail: tail, k: k, strength: s}
			}
		})
	}
	if f.divide < 0 {
		return f, false
	}
	rng := rand.New(rand.NewPCG(seed, 27))
	as := 0
	for done := 1; done <= shuffles; done++ {
		highest := 0.0
		for _, timely := range [...]bool{false, true} {
			length := block
			if timely {
				length = timelyBlock
			}
			t.strengths(timely, shuffled(rng, t.n, length), func(_, _, _ int, s float64) { highest = max(highest, s) })
		}
		if highest >= f.strength {
			if as++; float64(as+1)/float64(shuffles+1) > level {
				return f, false
			}
		}
	}
	f.p = float64(as+1) / float64(shuffles+1)
	return f, true
}

// minGain is by how much the share in the tail exceeds that of all at least. Less is not worth a sentence.
const minGain = 0.1

// shuffled returns a permutation of rows that keeps blocks of a length together.
func shuffled(rng *rand.Rand, n, length int) func(i int) int {
	if length <= 1 {
		list := rng.Perm(n)
		return func(i int) int { return list[i] }
	}
	offset, blocks := rng.IntN(n), rng.Perm((n+length-1)/length)
	list := make([]int, 0, n)
	for _, b := range blocks {
		for i := b * length; i < min(n, (b+1)*length); i++ {
			list = append(list, (i+offset)%n)
		}
	}
	return func(i int) int { return list[i] }
}

// blockLength returns how many requests in a row are alike: three times the lag at which the ranks of their values are
// no longer correlated.
func blockLength(ranks []float64) int {
	n := len(ranks)
	mean, variance := 0.0, 0.0
	for _, v := range ranks {
		mean += v / float64(n)
	}
	for _, v := range ranks {
		variance += (v - mean) * (v - mean)
	}
	if variance == 0 {
		return 1
	}
	limit := 2 / math.Sqrt(float64(n))
	for lag := 1; lag <= n/60; lag++ {
		sum := 0.0
		for i := lag; i < n; i++ {
			sum += (ranks[i] - mean) * (ranks[i-lag] - mean)
		}
		if sum/variance < limit {
			if lag == 1 {
				return 1
			}
			return 3 * lag
		}
	}
	return max(1, n/20)
}
