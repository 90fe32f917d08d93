package evalscope

import (
	"fmt"
	"math"
	"slices"

	"perfpipe/internal/dist"
)

// column is a distribution of benchmark_percentile.json.
type column struct {
	name   string
	values []float64 // ascending
}

// columns returns the distributions that a load point has, in evalscope's order.
func (p *loadPoint) columns() []column {
	of := func(name string, value func(s *served) float64) column {
		return columnOf(name, p.served, value)
	}
	latency := of("Latency (s)", func(s *served) float64 { return s.latency })
	input := of("Input tokens", func(s *served) float64 { return float64(s.prompt) })
	if p.inputOnly {
		return []column{latency, input, of("Input (tok/s)", perS(func(s *served) int { return s.prompt }))}
	}
	streams := slices.DeleteFunc(slices.Clone(p.served), func(s served) bool { return !s.streamed })
	whole := len(streams) == 0
	if whole {
		streams = p.served
	}
	out := []column{
		latency,
		columnOf("TTFT (ms)", streams, func(s *served) float64 { return s.first * 1000 }),
		{"ITL (ms)", p.gaps.Sorted(1000)},
	}
	if p.steady.N() > 0 {
		out = append(out, column{"Steady ITL (ms)", p.steady.Sorted(1000)})
	}
	for _, c := range []column{
		of("PD Handoff Latency (ms)", func(s *served) float64 { return s.handoff * 1000 }),
		of("PD Handoff Overhead (ms)", func(s *served) float64 { return s.overhead * 1000 }),
	} {
		if len(c.values) > 0 {
			out = append(out, c)
		}
	}
	return append(out,
		columnOf("TPOT (ms)", streams, func(s *served) float64 {
			if s.perToken > 0 || whole {
				return s.perToken * 1000
			}
			return math.NaN()
		}),
		input,
		of("Output tokens", func(s *served) float64 { return float64(s.completion) }),
		of("Output (tok/s)", perS(func(s *served) int { return s.completion })),
		of("Total (tok/s)", perS(func(s *served) int { return s.prompt + s.completion })),
		columnOf("Decode (tok/s)", streams, func(s *served) float64 {
			if s.perToken > 0 {
				return 1 / s.perToken
			}
			return math.NaN()
		}),
	)
}

// columnOf returns the distribution of a value, without those that are NaN.
func columnOf(name string, of []served, value func(s *served) float64) column {
	var values []float64
	for i := range of {
		if v := value(&of[i]); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return column{name, values}
}

// perS returns a function that returns tokens per second of latency.
func perS(tokens func(s *served) int) func(s *served) float64 {
	return func(s *served) float64 {
		if s.latency <= 0 {
			return math.NaN()
		}
		return float64(tokens(s)) / s.latency
	}
}

// percentiles returns benchmark_percentile.json: a row for each rank and a member for each distribution.
func (p *loadPoint) percentiles() []object {
	columns := p.columns()
	row := func(label string, of func(values []float64) float64) object {
		out := object{{"Percentiles", label}}
		for _, c := range columns {
			v := Float(math.NaN())
			if len(c.values) > 0 {
				v = rounded(of(c.values), 4)
			}
			out = append(out, member{c.name, v})
		}
		return out
	}
	rows := []object{row("min", func(v []float64) float64 { return v[0] })}
	for _, rank := range []float64{1, 5, 10, 25, 50, 75, 90, 95, 99} {
		rows = append(rows, row(fmt.Sprintf("%v%%", rank), func(v []float64) float64 {
			return v[dist.Rank(int64(len(v)), rank)-1]
		}))
	}
	return append(rows, row("max", func(v []float64) float64 { return v[len(v)-1] }))
}
