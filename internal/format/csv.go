package main

import (
	"math"
	"strconv"
	"strings"

	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// csvTable has one line for each block, with the names that the JSON has. Its columns do not depend on the records.
func csvTable(s *stats.Summary) *table.Table {
	t := &table.Table{}
	t.Header, _ = csvRow(&stats.Block{}, s.Percentiles)
	for i := range s.Blocks {
		_, row := csvRow(&s.Blocks[i], s.Percentiles)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// field is a number in base units, empty where it does not exist.
func field(v stats.Num) string {
	if !v.Known() {
		return ""
	}
	text, _ := v.MarshalJSON() // never fails
	return string(text)
}

func csvRow(b *stats.Block, percentiles []float64) (header, row []string) {
	add := func(name, value string) { header, row = append(header, name), append(row, value) }
	num := func(name string, v stats.Num) { add(name, field(v)) }
	integer := func(name string, v int64) { add(name, strconv.FormatInt(v, 10)) }

	add("group", name(b))
	add("run", b.Run)
	add("simulated", strconv.FormatBool(b.Simulated))
	add("mode", b.Mode)
	num("rate", stats.Num(b.Rate))
	integer("parallel", int64(b.Parallel))
	add("op", strings.Join(b.Op, " "))
	add("model", strings.Join(b.Model, " "))
	integer("requests", b.Requests)
	integer("ok", b.OK)
	integer("failed", b.Failed)
	integer("sent_twice", b.SentTwice)
	num("success_rate", b.SuccessRate)
	num("duration_s", b.DurationS)
	num("requests_per_s", b.RequestsPerS)
	num("output_tokens_per_s", b.OutputPerS)
	num("input_tokens_per_s", b.InputPerS)
	num("total_tokens_per_s", b.TotalPerS)
	num("items_per_s", b.ItemsPerS)
	num("in_flight", b.InFlight)
	integer("peak_in_flight", b.PeakInFlight)
	num("peak_output_tokens_per_s", b.PeakOutput)
	num("output_tokens_per_s_per_gpu", b.OutputPerGPU)
	num("cache_hit", b.CacheHit)
	num("tokens_per_chunk", b.ChunkTokens)
	num("steady_duration_s", b.Steady.DurationS)
	num("steady_requests_per_s", b.Steady.RequestsPerS)
	num("steady_output_tokens_per_s", b.Steady.OutputPerS)
	num("steady_input_tokens_per_s", b.Steady.InputPerS)
	num("steady_total_tokens_per_s", b.Steady.TotalPerS)
	num("steady_in_flight", b.Steady.InFlight)
	good := stats.Good{Share: stats.Num(math.NaN()), PerS: stats.Num(math.NaN())}
	if b.Goodput != nil {
		good = *b.Goodput
	}
	num("goodput_share", good.Share)
	num("goodput_per_s", good.PerS)
	for _, key := range stats.MetricKeys() {
		m := b.Metrics.Get(key)
		if m == nil {
			none := stats.Num(math.NaN())
			m = &stats.Metric{Stat: stats.Stat{Mean: none, SD: none, Min: none, Max: none}}
		}
		num(key+"_mean", m.Mean)
		num(key+"_sd", m.SD)
		num(key+"_min", m.Min)
		for _, p := range percentiles {
			num(key+"_"+stats.PercentileName(p), stats.Num(m.At(p)))
		}
		num(key+"_max", m.Max)
	}
	add("client", b.Client.Level)
	return header, row
}
