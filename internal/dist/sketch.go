package dist

import "math/bits"

// SketchError is the maximum relative error of a value of a sketch. Values below 2¹⁸ (262 ms in µs) are exact.
const SketchError = 1.0 / (2 << subBits)

const (
	denseBits = 18 // values below 2¹⁸ have a counter each
	subBits   = 10 // above, each octave has 2¹⁰ counters
	pageBits  = 12 // a page has 2¹² counters
	buckets   = 1<<denseBits + (40-denseBits)<<subBits
	pages     = (buckets + 1<<pageBits - 1) >> pageBits
)

// sketch counts values in fixed buckets, so that sketches merge by addition, in any order with the same result.
// Pages of counters are allocated on first use: a page of 32 KiB covers 4 ms at 1 µs per bucket.
type sketch struct {
	n        int64
	min, max int64        // of the values of 2¹⁸ and above, which share buckets; max 0: none
	page     [pages]*page // counters by bucket; nil: all are 0
	bulk     *bulk        // further counters; nil: all are 0
	over     moment       // of the values of 2¹⁸ and above
}

type page [1 << pageBits]uint64

// bulk has the counters of the values below 2¹⁸ that addAll added, which it finds without a table of pages. It takes
// 2 MiB, of which the system provides what is used.
type bulk struct {
	counters [1 << denseBits]uint64
	used     uint64 // a bit for each 1<<pageBits counters, set if they are not all 0
}

// moment is Σv and Σv² in integers, since the rounding of a sum of floats would depend on the order.
type moment struct {
	sum        uint64
	sqHi, sqLo uint64 // Σv² in 128 bits
}

func (m *moment) add(v, n uint64) {
	m.sum += v * n
	hi, lo := bits.Mul64(v*n, v)
	var carry uint64
	m.sqLo, carry = bits.Add64(m.sqLo, lo, 0)
	m.sqHi += hi + carry
}

func (m *moment) merge(o moment) {
	var carry uint64
	m.sum += o.sum
	m.sqLo, carry = bits.Add64(m.sqLo, o.sqLo, 0)
	m.sqHi += o.sqHi + carry
}

// bucket returns the index of the bucket of v.
func bucket(v int64) int {
	if v < 1<<denseBits {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - 1 - subBits
	octave := shift + subBits - denseBits
	return 1<<denseBits + octave<<subBits + int(v>>shift)&(1<<subBits-1)
}

// middle returns the value that represents bucket i.
func middle(i int) int64 {
	if i < 1<<denseBits {
		return int64(i)
	}
	i -= 1 << denseBits
	shift := i>>subBits + denseBits - subBits
	low := int64(1<<subBits+i&(1<<subBits-1)) << shift
	return low + int64(1)<<shift>>1
}

// add adds v n times.
func (s *sketch) add(v, n int64) {
	if n == 0 {
		return
	}
	s.n += n
	i := bucket(v)
	s.counters(i >> pageBits)[i&(1<<pageBits-1)] += uint64(n)
	if v >= 1<<denseBits {
		if s.max == 0 || v < s.min {
			s.min = v
		}
		s.max = max(s.max, v)
		s.over.add(uint64(v), uint64(n))
	}
}

// addAll adds values. It reports false if a Dist rejects any of them; the others are added. It is add unrolled for the
// gaps of a stream, which take most of the time.
func (s *sketch) addAll(values []int64) bool {
	if s.bulk == nil {
		s.bulk = &bulk{}
	}
	valid, to, used := true, s.bulk, s.bulk.used
	s.n += int64(len(values)) // once; the loop takes back those that are not counted here
	for _, v := range values {
		if uint64(v) < 1<<denseBits {
			to.counters[v]++
			used |= 1 << (v >> pageBits)
			continue
		}
		s.n--
		if v < 0 || v >= MaxValue {
			valid = false
			continue
		}
		s.add(v, 1)
	}
	to.used = used
	return valid
}

// counters returns a page of counters, which it allocates on first use.
func (s *sketch) counters(i int) *page {
	if s.page[i] == nil {
		s.page[i] = &page{}
	}
	return s.page[i]
}

func (s *sketch) merge(o *sketch) {
	if o.max > 0 {
		if s.max == 0 || o.min < s.min {
			s.min = o.min
		}
		s.max = max(s.max, o.max)
	}
	s.n += o.n
	s.over.merge(o.over)
	for i, c := range o.buckets {
		s.counters(i >> pageBits)[i&(1<<pageBits-1)] += c
	}
}

// exact reports whether every value has a bucket of its own.
func (s *sketch) exact() bool { return s.max == 0 }

// extremes returns the least and the greatest value, which are exact.
func (s *sketch) extremes() (least, most int64) {
	least, most = s.min, s.max
	first := true
	s.each(func(v, _ int64) bool {
		if v >= 1<<denseBits {
			return false
		}
		if first {
			least, first = v, false
		}
		if s.exact() {
			most = v
		}
		return true
	})
	return least, most
}

// each yields the values with their counts in ascending order.
func (s *sketch) each(yield func(v, n int64) bool) {
	for i, c := range s.buckets {
		if !yield(middle(i), int64(c)) {
			return
		}
	}
}

// buckets yields the buckets that have values with their counts, in ascending order.
func (s *sketch) buckets(yield func(i int, c uint64) bool) {
	var zeros page
	for k, p := range s.page {
		q := &zeros
		if s.bulk != nil && s.bulk.used>>k&1 != 0 {
			q = (*page)(s.bulk.counters[k<<pageBits:])
		} else if p == nil {
			continue
		}
		if p == nil {
			p = &zeros
		}
		for j, c := range p {
			if c += q[j]; c > 0 && !yield(k<<pageBits+j, c) {
				return
			}
		}
	}
}

// at returns the value of rank r, counted from 1.
func (s *sketch) at(r int64) int64 {
	var seen, at int64
	s.each(func(v, n int64) bool {
		seen += n
		at = v
		return seen < r
	})
	if at >= 1<<denseBits {
		at = min(max(at, s.min), s.max)
	}
	return at
}

// moments returns Σv and Σv².
func (s *sketch) moments() (m moment) {
	s.each(func(v, n int64) bool {
		if v >= 1<<denseBits {
			return false
		}
		m.add(uint64(v), uint64(n))
		return true
	})
	m.merge(s.over)
	return m
}
