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

// Stat returns the statistics of the distribution, each value divided by unit (1000 makes ms of µs). Its mean and
// deviation are computed from exact sums.
func (d *Dist) Stat(percentiles []float64, unit float64) Stat {
	t := d.totals()
	s := Stat{N: t.n, Failed: d.inf, Mean: t.mean(unit), SD: t.deviation(unit), Min: NaN(), Max: NaN(), Approx: !d.Exact()}
	if t.n > 0 {
		s.Min, s.Max = Num(float64(t.least)/unit), Num(float64(t.most)/unit)
	}
	if d.inf > 0 {
		s.Mean, s.SD, s.Max = Num(math.Inf(1)), NaN(), Num(math.Inf(1))
		if t.n == 0 {
			s.Min = s.Max
		}
	}
	ranks := make([]int64, len(percentiles))
	for i, p := range percentiles {
		ranks[i] = Rank(t.n+d.inf, p)
	}
	for i, v := range d.ranked(ranks, &t) {
		q := Percentile{P: percentiles[i], Value: NaN()}
		switch {
		case t.n+d.inf == 0:
		case ranks[i] > t.n:
			q.Value = Num(math.Inf(1))
		default:
			q.Value = Num(float64(v) / unit)
		}
		s.Percentiles = append(s.Percentiles, q)
	}
	return s
}
