package stats

import (
	"iter"

	"perfpipe/internal/metric"
)

// Values returns an iterator over the distinct values of a metric in a block of a Collector's Summary, with the number
// of occurrences of each. Values are in the unit of the metric and in no particular order. They do not include +∞.
// Values from a sketch have a relative error of at most dist.SketchError.
func (b *Block) Values(key string) iter.Seq2[float64, int64] {
	return func(yield func(float64, int64) bool) {
		if i := metric.Index(key); i >= 0 && b.of != nil {
			b.of.dist(i).Values()(func(v, n int64) bool { return yield(float64(v)/metric.All()[i].Scale, n) })
		}
	}
}
