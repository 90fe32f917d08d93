package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"llmperf/internal/jsonl"
	"llmperf/internal/stats"
	"llmperf/internal/table"
)

// write renders a summary in one of the formats.
func write(w io.Writer, s *stats.Summary, format string) error {
	switch format {
	case "json":
		return jsonl.NewWriter(w).Write(s)
	case "csv":
		return csvTable(s).CSV(w)
	case "markdown":
		return writeAll(w, tables(s), (*table.Table).Markdown)
	}
	return writeAll(w, tables(s), (*table.Table).Text)
}

func writeAll(w io.Writer, tables []*table.Table, render func(*table.Table, io.Writer) error) error {
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := render(t, w); err != nil {
			return err
		}
	}
	return nil
}

// tables lays a summary out for people: for each block what happened, then the distributions.
func tables(s *stats.Summary) []*table.Table {
	var out []*table.Table
	for i := range s.Blocks {
		b := &s.Blocks[i]
		out = append(out, counts(b))
		if len(b.Metrics) > 0 {
			out = append(out, distributions(b))
		}
	}
	if out == nil {
		out = append(out, &table.Table{Rows: [][]string{{"requests", "0: there are no records"}}})
	}
	return out
}

// simulatedTitle stands over everything made of the simulator's records.
const simulatedTitle = "SIMULATED: records of the built-in simulator, no server was measured"

func title(b *stats.Block) string {
	parts := []string{}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(b.Run)
	add(load(b))
	add(some(b.Op, "operations"))
	add(some(b.Model, "models"))
	if b.Simulated {
		add(simulatedTitle)
	}
	if len(parts) == 0 {
		return "all records"
	}
	return strings.Join(parts, " · ")
}

// load says how requests were started.
func load(b *stats.Block) string {
	switch rate, slots := human(stats.Num(b.Rate)), strconv.Itoa(b.Parallel); b.Mode {
	case "open":
		return "open loop, " + rate + " requests/s"
	case "closed":
		return "closed loop, " + slots + " in flight"
	case "capped":
		return "capped, " + rate + " requests/s and at most " + slots + " in flight"
	}
	return b.Mode
}

// some is the one value, or a few, or their number.
func some(values []string, noun string) string {
	if len(values) > 3 {
		return fmt.Sprintf("%d %s", len(values), noun)
	}
	return strings.Join(values, ", ")
}

func counts(b *stats.Block) *table.Table {
	t := &table.Table{Title: title(b)}
	row := func(name, format string, args ...any) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprintf(format, args...)})
	}
	row("requests", "%s", requests(b))
	for _, e := range b.Errors {
		row("failed: "+e.Kind, "%s, such as: %s", humanInt(e.Count), ellipsis(e.Example, 80))
	}
	row("duration", "%s", seconds(b.DurationS))
	row("requests/s", "%s", human(b.RequestsPerS))
	if b.OutputTokens > 0 {
		row("output tokens/s", "%s", human(b.OutputPerS))
	}
	if b.InputTokens > 0 {
		row("input tokens/s", "%s", human(b.InputPerS))
		row("total tokens/s", "%s", human(b.TotalPerS))
	}
	client := b.Client.Level
	if b.Client.Reason != "" {
		client += ": " + b.Client.Reason
	}
	row("load generator", "%s", client)
	return t
}

func requests(b *stats.Block) string {
	s := fmt.Sprintf("%s: %s ok", humanInt(b.Requests), humanInt(b.OK))
	if b.Failed > 0 {
		s += fmt.Sprintf(", %s failed (%s %%)", humanInt(b.Failed), human(100-100*b.SuccessRate))
	}
	if b.Warmup > 0 {
		s += fmt.Sprintf("; %s of warm-up left out", humanInt(b.Warmup))
	}
	return s
}

func ellipsis(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func distributions(b *stats.Block) *table.Table {
	t := &table.Table{Header: []string{"", "mean"}, Notes: b.Notes}
	for _, p := range b.Metrics[0].Percentiles {
		t.Header = append(t.Header, stats.PercentileName(p.P))
	}
	t.Header = append(t.Header, "max")
	for _, m := range b.Metrics {
		if m.Key == "content_ttft_ms" && b.Metrics.Get("reasoning_ttft_ms") == nil && b.Metrics.Get("tool_ttft_ms") == nil {
			continue // it is the TTFT
		}
		name, scale := m.Name, stats.Num(1)
		if strings.HasSuffix(m.Key, "_ms") {
			ms, unit := durationUnit(typical(&m))
			name, scale = name+" ("+unit+")", stats.Num(ms)
		}
		row := []string{name, human(m.Mean / scale)}
		for _, p := range m.Percentiles {
			row = append(row, human(p.Value/scale))
		}
		t.Rows = append(t.Rows, append(row, human(m.Max/scale)))
	}
	return t
}

// typical is the value by which a row's unit is chosen.
func typical(m *stats.Metric) float64 {
	for _, v := range []stats.Num{m.Mean, m.Min} {
		if v.Known() {
			return float64(v)
		}
	}
	return 0
}
