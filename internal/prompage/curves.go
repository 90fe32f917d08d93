package prompage

import "math"

// Curve is a series over time. NaN stands for an unknown value.
type Curve struct {
	*Series
	AtUs []int64 // begin of each step, and the end of the last one unless it is a gauge, µs since the epoch
	// Values are those of a gauge on each page, the growth of a counter per second, or the mean of what a histogram
	// counted. P50 and P99 are of a histogram, by the difference of its buckets.
	Values, P50, P99 []float64
}

// maxSteps limits the steps of a Curve, so that each has enough values of a histogram.
const maxSteps = 200

// Curves returns the series that accept accepts over time.
func (l *Log) Curves(accept func(*Series) bool) []Curve {
	var out []Curve
	for _, t := range l.tracks {
		if !accept(&t.Series) {
			continue
		}
		c := Curve{Series: &t.Series}
		if t.Type == Gauge {
			for page, at := range l.atUs {
				c.AtUs, c.Values = append(c.AtUs, at), append(c.Values, t.at(page).num)
			}
		} else {
			l.steps(&c, t)
		}
		out = append(out, c)
	}
	return out
}

// steps sets the values of a counter or histogram.
func (l *Log) steps(c *Curve, t *track) {
	last := len(l.atUs) - 1
	size := last/maxSteps + 1
	number := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	for from := 0; from < last; from += size {
		to := min(last, from+size)
		var f Figures
		if finite(t.at(to).num) && l.atUs[to] > l.atUs[from] {
			f.growth(t, t.growth(from, to), float64(l.atUs[to]-l.atUs[from])/1e6)
		}
		c.AtUs = append(c.AtUs, l.atUs[from])
		if t.Type == Counter {
			c.Values = append(c.Values, number(f.PerS))
			continue
		}
		c.Values, c.P50, c.P99 = append(c.Values, number(f.Mean)), append(c.P50, number(f.P50)), append(c.P99, number(f.P99))
	}
	if last >= 0 {
		c.AtUs = append(c.AtUs, l.atUs[last])
	}
}
