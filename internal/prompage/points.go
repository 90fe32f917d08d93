package prompage

import "iter"

// Point is the value of a series on a page.
type Point struct {
	AtUs    int64 // µs since the epoch
	Value   float64
	Buckets []float64 // of a histogram: cumulative counts, the last of all values; Value is their sum
}

// Points returns the values of each series on each page that has it, series by series in order of time. A Point is
// valid until the next.
func (l *Log) Points() iter.Seq2[*Series, *Point] {
	return func(yield func(*Series, *Point) bool) {
		for _, t := range l.tracks {
			var p Point
			next := 0
			for page, at := range l.atUs {
				if next < len(t.page) && t.page[next] == page {
					p.set(t.values[next])
					next++
				}
				if p.AtUs = at; next == 0 || !finite(p.Value) {
					continue
				}
				if !yield(&t.Series, &p) {
					return
				}
			}
		}
	}
}

func (p *Point) set(v value) {
	p.Value, p.Buckets = v.num, p.Buckets[:0]
	sum := 0.
	for _, n := range v.counts {
		sum += n
		p.Buckets = append(p.Buckets, sum)
	}
}
