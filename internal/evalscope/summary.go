package evalscope

import (
	"fmt"
	"math"

	"perfpipe/internal/define"
	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
)

// ranks returns the rows of benchmark_percentile.json between min and max.
func ranks() []float64 { return []float64{1, 5, 10, 25, 50, 75, 90, 95, 99} }

// rounded returns v with the given number of decimals, or −1 if it does not exist, as evalscope writes it.
func rounded(v dist.Num, decimals int) dist.Num {
	if !v.Known() {
		return -1
	}
	scale := math.Pow10(decimals)
	return dist.Num(math.RoundToEven(float64(v)*scale) / scale)
}

// summary returns benchmark_summary.json. If nothing was streamed, the first chunk is the whole answer. Embeddings and
// rankings have only an input throughput.
func (p *loadPoint) summary(b *stats.Block, d *define.Block) object {
	mean := func(key string, scale dist.Num, decimals int) dist.Num {
		if m := d.Figures.Get(key); m != nil {
			return rounded(m.Mean/scale, decimals)
		}
		return -1
	}
	streamed := int64(0)
	if m := d.Figures.Get("ttft_ms"); m != nil {
		streamed = m.N
	}
	out := object{
		{"Test Duration (s)", rounded(d.Duration, 4)},
		{"Concurrency", concurrency(b)},
		{"Request Rate (req/s)", rate(b)},
		{"Total Requests", b.Requests},
		{"Success Requests", b.OK},
		{"Failed Requests", b.Failed},
		{"Stream Requests", streamed},
		{"Non-Stream Requests", b.Requests - streamed},
		{"Req Throughput (req/s)", rounded(d.Requests, 4)},
		{"Avg Latency (s)", mean("e2e_ms", 1000, 4)},
		{"Avg Input Tokens", mean("input_tokens", 1, 4)},
	}
	output, total := rounded(d.Output, 4), rounded(dist.Num(b.InputTokens+b.OutputTokens)/d.Duration, 4)
	ttft, tpot, itl := mean("ttft_ms", 1, 2), mean("tpot_ms", 1, 2), mean("itl_ms", 1, 2)
	tokens, input := mean("output_tokens", 1, 4), dist.Num(0)
	switch {
	case p.inputOnly:
		output, total, ttft, tpot, itl, tokens, input = 0, 0, 0, 0, 0, 0, p.inputRate()
	case !p.streamed && b.OK > 0:
		ttft, tpot, itl = mean("e2e_ms", 1, 2), 0, 0
	}
	out = append(out,
		member{"Output Throughput (tok/s)", output},
		member{"Total Throughput (tok/s)", total},
		member{"Avg TTFT (ms)", ttft},
		member{"Avg TPOT (ms)", tpot},
		member{"Avg ITL (ms)", itl},
		member{"Avg Output Tokens", tokens},
		member{"Input Throughput (tok/s)", input},
	)
	if len(p.sessions) > 0 {
		return append(out, p.turns(b.CacheHit)...)
	}
	if b.CacheHit.Known() {
		out = append(out, member{"KV Cache Hit Rate (%)", rounded(100*b.CacheHit, 4)})
	}
	return out
}

func concurrency(b *stats.Block) int {
	if b.Parallel > 0 {
		return b.Parallel
	}
	return -1
}

func rate(b *stats.Block) dist.Num {
	if b.Rate > 0 {
		return dist.Num(b.Rate)
	}
	return -1
}

// percentiles returns benchmark_percentile.json: a row for each rank and a member for each distribution, which is null
// if evalscope has NaN.
func (p *loadPoint) percentiles(d *define.Block) []object {
	ttft, tpot := "ttft_ms", "tpot_ms"
	if !p.streamed {
		ttft, tpot = "e2e_ms", ""
	}
	type column struct {
		name, key string
		scale     dist.Num
	}
	columns := []column{
		{"Latency (s)", "e2e_ms", 1000}, {"TTFT (ms)", ttft, 1}, {"ITL (ms)", "itl_ms", 1}, {"TPOT (ms)", tpot, 1},
		{"Input tokens", "input_tokens", 1}, {"Output tokens", "output_tokens", 1},
		{"Output (tok/s)", "output", 1}, {"Total (tok/s)", "total", 1}, {"Decode (tok/s)", "decode", 1},
	}
	if p.inputOnly {
		columns = []column{columns[0], columns[4], {"Input (tok/s)", "input", 1}}
	}
	row := func(label string, of func(*stats.Metric) dist.Num) object {
		out := object{{"Percentiles", label}}
		for _, c := range columns {
			v := dist.NaN()
			if m := d.Figures.Get(c.key); m != nil {
				v = rounded(of(m)/c.scale, 4)
			} else if c.key == "" && len(p.served) > 0 {
				v = 0 // evalscope's TPOT of answers that were not streamed
			}
			out = append(out, member{c.name, v})
		}
		return out
	}
	rows := []object{row("min", func(m *stats.Metric) dist.Num { return m.Min })}
	for _, p := range ranks() {
		rows = append(rows, row(fmt.Sprintf("%v%%", p), func(m *stats.Metric) dist.Num { return dist.Num(m.At(p)) }))
	}
	return append(rows, row("max", func(m *stats.Metric) dist.Num { return m.Max }))
}
