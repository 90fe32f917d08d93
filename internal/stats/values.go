package stats

import (
	"iter"
	"slices"

	"perfpipe/internal/metric"
)

// Values returns an iterator over the distinct values of a metric in a block of the Collector's Summary, with the
// number of occurrences of each. Values are in the unit of the metric and in no particular order. They do not include
// +∞. Values from a sketch have a relative error of at most dist.SketchError.
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
