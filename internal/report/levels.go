package report

import (
	"iter"
	"math"
)

// levels counts values in bins of equal ratio, 32 to the octave: 2 % wide.
type levels struct {
	first int
	count []uint32
	n     int64
}

const perOctave = 32

// add counts v, n times over.
func (l *levels) add(v float64, n uint32) {
	l.addN(levelOf(v), n)
}

// levelOf is the number of the bin of v.
func levelOf(v float64) int { return int(math.Floor(math.Log2(max(v, 0.001)) * perOctave)) }

// from is l with what lies below bin lo counted in bin lo.
func (l *levels) from(lo int) *levels {
	out := &levels{}
	for i, c := range l.count {
		if c > 0 {
			out.addN(max(l.first+i, lo), c)
		}
	}
	return out
}

func (l *levels) addN(i int, n uint32) {
	switch {
	case l.count == nil:
		l.first = i
		l.count = make([]uint32, 1, 8)
	case i < l.first:
		l.count = append(make([]uint32, l.first-i, l.first-i+len(l.count)), l.count...)
		l.first = i
	}
	for i >= l.first+len(l.count) {
		l.count = append(l.count, 0)
	}
	l.count[i-l.first] += n
	l.n += int64(n)
}

// rows gives, in order, the counts of each k bins together from bin lo on, where they are not 0.
func (l *levels) rows(lo, k int) iter.Seq2[int, uint32] {
	return func(yield func(int, uint32) bool) {
		row, sum := 0, uint32(0)
		for i, c := range l.count {
			if at := (l.first + i - lo) / k; at != row {
				if sum > 0 && !yield(row, sum) {
					return
				}
				row, sum = at, 0
			}
			sum += c
		}
		if sum > 0 {
			yield(row, sum)
		}
	}
}

func (l *levels) merge(o *levels) {
	for i, c := range o.count {
		if c > 0 {
			l.addN(o.first+i, c)
		}
	}
}

// at reads the percentile p off the bins: the middle of the bin that holds the value of its rank, within 1.1 %.
func (l *levels) at(p float64) float64 {
	if l.n == 0 {
		return math.NaN()
	}
	rank := max(1, int64(math.Ceil(float64(l.n)*p/100)))
	for i, c := range l.count {
		if rank -= int64(c); rank <= 0 {
			return math.Exp2((float64(l.first+i) + 0.5) / perOctave)
		}
	}
	return math.NaN()
}

// levelEdge is the lower edge of bin i of levels.
func levelEdge(i int) float64 { return math.Exp2(float64(i) / perOctave) }
