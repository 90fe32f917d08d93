package dist

import (
	"iter"
	"math"
)

// Levels counts values in bins of equal ratio, 32 to the octave, each 2 % wide. It is much smaller than a Dist, since a
// time series has one for each of its many intervals. The zero value is empty.
type Levels struct {
	first int      // number of the bin of count[0]
	count []uint32 // values in each bin
	n     int64    // values
}

// LevelsPerOctave is the number of bins in an octave.
const LevelsPerOctave = 32

// Add adds a value n times.
func (l *Levels) Add(v float64, n uint32) {
	l.addN(LevelOf(v), n)
}

// N returns the number of values.
func (l *Levels) N() int64 { return l.n }

// Range returns the numbers of the lowest and the highest bin in use. There must be at least one value.
func (l *Levels) Range() (lo, hi int) { return l.first, l.first + len(l.count) - 1 }

// LevelOf returns the number of the bin of v.
func LevelOf(v float64) int { return int(math.Floor(math.Log2(max(v, 0.001)) * LevelsPerOctave)) }

// From returns a copy of l in which the values below bin lo are counted in bin lo.
func (l *Levels) From(lo int) *Levels {
	out := &Levels{}
	for i, c := range l.count {
		if c > 0 {
			out.addN(max(l.first+i, lo), c)
		}
	}
	return out
}

// addN adds n values to bin i.
func (l *Levels) addN(i int, n uint32) {
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

// Rows yields rows of k bins, from bin lo upwards, with the number of values in each. It omits empty rows.
func (l *Levels) Rows(lo, k int) iter.Seq2[int, uint32] {
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

// Merge adds the values of o.
func (l *Levels) Merge(o *Levels) {
	for i, c := range o.count {
		if c > 0 {
			l.addN(o.first+i, c)
		}
	}
}

// At returns the percentile p: the middle of the bin with the value of that rank, within 1.1 %. It returns NaN if there
// are no values.
func (l *Levels) At(p float64) float64 {
	if l.n == 0 {
		return math.NaN()
	}
	rank := max(1, int64(math.Ceil(float64(l.n)*p/100)))
	for i, c := range l.count {
		if rank -= int64(c); rank <= 0 {
			return math.Exp2((float64(l.first+i) + 0.5) / LevelsPerOctave)
		}
	}
	return math.NaN()
}

// LevelEdge returns the lower edge of bin i.
func LevelEdge(i int) float64 { return math.Exp2(float64(i) / LevelsPerOctave) }
