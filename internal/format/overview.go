package format

import (
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// overview returns a table with a row for each block.
func overview(s *stats.Summary, opt Options) *table.Table {
	high := slices.Max(s.Percentiles)
	p := dist.PercentileName(high)
	t := &table.Table{
		Title: marked(opt.Words.Text("overview"),
			slices.ContainsFunc(s.Blocks, func(b stats.Block) bool { return b.Simulated }), opt.Words),
		Header: []string{"", "requests/s", "output tok/s", "TTFT mean", p, "TPOT mean", p, "latency mean", p, "ok %",
			"in flight", "client"},
	}
	more := spendColumns(s)
	for _, c := range more {
		t.Header = append(t.Header, c.name)
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		row := []string{name(b), number(b.RequestsPerS), number(b.OutputPerS)}
		if b.Best {
			row[0] += " ★"
			t.Notes = append(t.Notes, "★ the level with the most requests/s of those that meet every SLO")
		}
		for _, key := range []string{"ttft_ms", "tpot_ms", "latency_ms"} {
			mean, tail := "–", "–"
			if m := b.Metrics.Get(key); m != nil {
				mean, tail = number(m.Mean), number(dist.Num(m.At(high)))
			}
			row = append(row, mean, tail)
		}
		row = append(row, part(b.SuccessRate), number(b.InFlight), opt.Words.Text(b.Client.Level))
		for _, c := range more {
			row = append(row, number(c.of(b)))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append(t.Notes, "times in ms")
	if len(s.Blocks[0].Gates) > 0 && !slices.ContainsFunc(s.Blocks, func(b stats.Block) bool { return b.Best }) {
		t.Notes = append(t.Notes, "no level meets every SLO")
	}
	opt.translateHead(t)
	return t
}
