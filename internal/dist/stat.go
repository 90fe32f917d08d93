package dist

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Stat holds the statistics of a distribution, in its unit. A figure of no values is NaN, and one that a failure makes
// infinite is +Inf; both are null in JSON.
type Stat struct {
	N           int64        `json:"n"`      // number of finite values
	Failed      int64        `json:"failed"` // number of values of +∞
	Mean        Num          `json:"mean"`
	SD          Num          `json:"sd"` // population standard deviation
	Min         Num          `json:"min"`
	Max         Num          `json:"max"`
	Percentiles []Percentile `json:"percentiles"`
	Approx      bool         `json:"approx,omitempty"` // percentiles are within SketchError
	MeanCI      *Interval    `json:"mean_ci"`          // nil if not requested, or if there is none
}

// Percentile is a nearest-rank percentile: the observed value of rank ⌈nP/100⌉.
type Percentile struct {
	P     float64   `json:"p"`
	Value Num       `json:"value"`
	CI    *Interval `json:"ci"` // nil if not requested
}

// PercentileName returns the name of a percentile: p99.9 for 99.9.
func PercentileName(p float64) string { return "p" + strconv.FormatFloat(p, 'f', -1, 64) }

// At returns the percentile p, or NaN if s does not have it.
func (s *Stat) At(p float64) float64 {
	for _, q := range s.Percentiles {
		if q.P == p {
			return float64(q.Value)
		}
	}
	return math.NaN()
}

// MarshalJSON implements json.Marshaler. Each percentile is a key of its own, such as p50.
func (s Stat) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"n":%d,"failed":%d`, s.N, s.Failed)
	field := func(key string, v Num) {
		num, _ := v.MarshalJSON() // never fails
		fmt.Fprintf(&b, ",%q:%s", key, num)
	}
	interval := func(key string, ci *Interval) {
		if ci != nil {
			low, _ := ci[0].MarshalJSON()
			high, _ := ci[1].MarshalJSON()
			fmt.Fprintf(&b, `,"%s_ci":[%s,%s]`, key, low, high)
		}
	}
	field("mean", s.Mean)
	interval("mean", s.MeanCI)
	field("sd", s.SD)
	field("min", s.Min)
	for _, p := range s.Percentiles {
		field(PercentileName(p.P), p.Value)
		interval(PercentileName(p.P), p.CI)
	}
	field("max", s.Max)
	if s.Approx {
		b.WriteString(`,"approx":true`)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Stat returns the statistics of the distribution, each value divided by unit (1000 makes ms of µs).
func (d *Dist) Stat(percentiles []float64, unit float64) Stat {
	s := Stat{N: d.N(), Failed: d.inf, Mean: NaN(), SD: NaN(), Min: NaN(), Max: NaN(), Approx: !d.Exact()}
	if d.sketch != nil {
		d.sketchStat(&s, percentiles, unit)
		return s
	}
	data := d.Sorted(unit)
	if n := len(data); n > 0 {
		s.Mean, s.SD = meanAndDeviation(data)
		s.Min, s.Max = Num(data[0]), Num(data[n-1])
	}
	for _, p := range percentiles {
		v := NaN()
		if n := int64(len(data)); n > 0 {
			v = Num(data[Rank(n, p)-1])
		}
		s.Percentiles = append(s.Percentiles, Percentile{P: p, Value: v})
	}
	return s
}

// meanAndDeviation returns the mean and the population standard deviation. Those of montanaflynn/stats return the same
// bits but scan the values four more times.
func meanAndDeviation(data []float64) (mean, deviation Num) {
	sum, square, n := 0.0, 0.0, float64(len(data))
	for _, v := range data {
		sum += v
	}
	for _, v := range data {
		d := v - sum/n
		square += d * d
	}
	return Num(sum / n), Num(math.Sqrt(square / n))
}

// sketchStat is Stat of a sketch.
func (d *Dist) sketchStat(s *Stat, percentiles []float64, unit float64) {
	sum, square := d.sketch.moments()
	n := float64(d.N())
	s.Mean, s.SD = Num(sum/n/unit), Num(math.Sqrt(max(0, square/n-sum/n*(sum/n)))/unit)
	least, most := d.sketch.extremes()
	s.Min, s.Max = Num(float64(least)/unit), Num(float64(most)/unit)
	if d.inf > 0 {
		s.Mean, s.SD, s.Max = Num(math.Inf(1)), NaN(), Num(math.Inf(1))
	}
	for _, p := range percentiles {
		v := math.Inf(1)
		switch r := Rank(d.N()+d.inf, p); {
		case r == d.N():
			v = float64(most) / unit
		case r < d.N():
			v = float64(d.sketch.at(r)) / unit
		}
		s.Percentiles = append(s.Percentiles, Percentile{P: p, Value: Num(v)})
	}
}
