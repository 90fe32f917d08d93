package stats

import (
	"iter"
	"slices"

	"perfpipe/internal/metric"
)

// Values gives the values of one metric, by its key, in a block of the Collector's Summary, each in the metric's unit and with how often it
// came, in no order. Values of +∞ are left out; those of a sketch are within SketchError.
func (c *Collector) Values(b *Block, key string) iter.Seq2[float64, int64] {
	return func(yield func(float64, int64) bool) {
		groups := c.sorted()
		i := slices.IndexFunc(groups, func(g *accumulator) bool { return g.ID == b.of })
		if i < 0 {
			return
		}
		g := groups[i]
		for i, m := range metric.All() {
			if m.Key == key {
				g.dist(i).Values()(func(v, n int64) bool { return yield(float64(v)/m.Scale, n) })
			}
		}
	}
}
