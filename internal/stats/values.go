package stats

import "iter"

// Values gives the values of one metric, by its key, in one load point, each in the metric's unit and with how often it
// came, in no order. Values of +∞ are left out; those of a sketch are within SketchError.
func (c *Collector) Values(run, key string) iter.Seq2[float64, int64] {
	return func(yield func(float64, int64) bool) {
		g := c.groups[run]
		if g == nil {
			return
		}
		for i, m := range metrics {
			if m.key == key {
				g.dist(i).values()(func(v, n int64) bool { return yield(float64(v)/m.unit, n) })
			}
		}
	}
}
