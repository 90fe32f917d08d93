package format

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

func csvSummary(w io.Writer, s *stats.Summary, opt Options) error {
	if opt.Ledger {
		return ledgerRows(s).CSV(w)
	}
	if slices.ContainsFunc(s.Blocks, func(b stats.Block) bool { return b.Why != nil }) {
		return whyRows(s).CSV(w)
	}
	t := flat(s, opt.Intervals)
	t.Header = append(t.Header, "notes")
	for i := range t.Rows {
		t.Rows[i] = append(t.Rows[i], strings.Join(s.Blocks[i].Notes, "; "))
	}
	return t.CSV(w)
}

// Figure is one number of a summary under its name in the CSV.
type Figure struct {
	Group, Name string
	Value       string // in base units; "" if it does not exist
}

// Figures returns all numbers of a summary.
func Figures(s *stats.Summary) []Figure {
	var out []Figure
	t := flat(s, false)
	for _, row := range t.Rows {
		for i, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); err == nil || cell == "" {
				out = append(out, Figure{row[0], t.Header[i], cell})
			}
		}
	}
	return out
}

// flat returns one row for each block, under the names that the JSON has, with the ends of confidence intervals if
// intervals is set. The columns do not depend on the records.
func flat(s *stats.Summary, intervals bool) *table.Table {
	t := &table.Table{}
	t.Header, _ = flatRow(&stats.Block{}, s.Percentiles, intervals)
	for i := range s.Blocks {
		_, row := flatRow(&s.Blocks[i], s.Percentiles, intervals)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// plain returns a number in base units, or "" if it does not exist.
func plain(v dist.Num) string {
	if !v.Known() {
		return ""
	}
	text, _ := v.MarshalJSON() // never fails
	return string(text)
}

// cells is a row under construction, with its header.
type cells struct{ header, row []string }

func (c *cells) add(name, value string) {
	c.header, c.row = append(c.header, name), append(c.row, value)
}
func (c *cells) num(name string, v dist.Num)     { c.add(name, plain(v)) }
func (c *cells) integer(name string, v int64)    { c.add(name, strconv.FormatInt(v, 10)) }
func (c *cells) boolean(name string, v bool)     { c.add(name, strconv.FormatBool(v)) }
func (c *cells) list(name string, list []string) { c.add(name, strings.Join(list, " ")) }

// asked adds a part of the load that was asked for, which has none if it is zero.
func (c *cells) asked(name string, v float64) {
	if v == 0 {
		v = math.NaN()
	}
	c.num(name, dist.Num(v))
}

func flatRow(b *stats.Block, percentiles []float64, intervals bool) (header, row []string) {
	var c cells
	c.add("group", name(b))
	c.add("run", b.Run)
	c.boolean("simulated", b.Simulated)
	c.add("mode", b.Mode)
	c.asked("rate", b.Rate)
	c.asked("parallel", float64(b.Parallel))
	c.list("op", b.Op)
	c.list("model", b.Model)
	c.integer("requests", b.Requests)
	c.integer("ok", b.OK)
	c.integer("failed", b.Failed)
	c.integer("sent_twice", b.SentTwice)
	c.num("success_rate", b.SuccessRate)
	c.num("duration_s", b.DurationS)
	c.num("requests_per_s", b.RequestsPerS)
	c.num("output_tokens_per_s", b.OutputPerS)
	c.num("input_tokens_per_s", b.InputPerS)
	c.num("total_tokens_per_s", b.TotalPerS)
	c.num("items_per_s", b.ItemsPerS)
	c.num("in_flight", b.InFlight)
	c.integer("peak_in_flight", b.PeakInFlight)
	c.num("peak_output_tokens_per_s", b.PeakOutput)
	c.num("output_tokens_per_s_per_gpu", b.OutputPerGPU)
	c.num("cache_hit", b.CacheHit)
	c.num("tokens_per_chunk", b.ChunkTokens)
	c.num("steady_duration_s", b.Steady.DurationS)
	c.num("steady_requests_per_s", b.Steady.RequestsPerS)
	c.num("steady_output_tokens_per_s", b.Steady.OutputPerS)
	c.num("steady_input_tokens_per_s", b.Steady.InputPerS)
	c.num("steady_total_tokens_per_s", b.Steady.TotalPerS)
	c.num("steady_in_flight", b.Steady.InFlight)
	good := goodput(b)
	c.num("goodput_share", good.Share)
	c.num("goodput_per_s", good.PerS)
	c.spendCells(b)
	for _, key := range metric.Keys() {
		c.metric(key, b.Metrics.Get(key), percentiles, intervals)
	}
	c.add("client", b.Client.Level)
	return c.header, c.row
}

// goodput returns the goodput of a block, whose figures do not exist without limits.
func goodput(b *stats.Block) stats.Good {
	if b.Goodput == nil {
		return stats.Good{Share: dist.NaN(), PerS: dist.NaN()}
	}
	return *b.Goodput
}

// metric adds the statistics of a distribution, which no record has if m is nil.
func (c *cells) metric(key string, m *stats.Metric, percentiles []float64, intervals bool) {
	if m == nil {
		none := dist.NaN()
		m = &stats.Metric{Stat: dist.Stat{Mean: none, SD: none, Min: none, Max: none}}
	}
	interval := func(name string, ci *dist.Interval) {
		if ci == nil {
			ci = &dist.Interval{dist.NaN(), dist.NaN()}
		}
		if intervals {
			c.num(name+"_ci_low", ci[0])
			c.num(name+"_ci_high", ci[1])
		}
	}
	c.num(key+"_mean", m.Mean)
	interval(key+"_mean", m.MeanCI)
	c.num(key+"_sd", m.SD)
	c.num(key+"_min", m.Min)
	for _, p := range percentiles {
		at := dist.Percentile{Value: dist.NaN()}
		if i := slices.IndexFunc(m.Percentiles, func(q dist.Percentile) bool { return q.P == p }); i >= 0 {
			at = m.Percentiles[i]
		}
		name := key + "_" + dist.PercentileName(p)
		c.num(name, at.Value)
		interval(name, at.CI)
	}
	c.num(key+"_max", m.Max)
}
