package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// write renders a summary in one of the formats.
func write(w io.Writer, s *stats.Summary, f *flags) error {
	switch f.Format {
	case "json":
		return writeJSON(w, s)
	case "csv":
		return csvTable(s).CSV(w)
	case "html":
		return writeAll(w, f.tables(s), (*table.Table).HTML)
	case "prometheus":
		return prometheus(w, s)
	case "junit":
		return junit(w, s)
	case "markdown":
		return writeAll(w, f.tables(s), (*table.Table).Markdown)
	}
	return writeAll(w, f.stressed(f.tables(s)), (*table.Table).Text)
}

// writeJSON writes v as one line, which a terminal may show.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := jsonl.NewWriter(&b).Write(v); err != nil {
		return err
	}
	_, err := w.Write(visible.JSON(b.Bytes()))
	return err
}

// stressed lets tables of text have colors, if they are wanted.
func (f *flags) stressed(tables []*table.Table) []*table.Table {
	if f.colors {
		for _, t := range tables {
			t.Stress = cli.Stress
		}
	}
	return tables
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

// factsTable shows what is known of the run as a whole.
func factsTable(f *facts.Facts) *table.Table {
	t := &table.Table{Title: "run"}
	for _, row := range f.Rows() {
		t.Rows = append(t.Rows, row[:])
	}
	return t
}

// tables lays a summary out for people: of several blocks an overview, then for each what happened and its
// distributions. Before them stands what is known of the run as a whole.
func (f *flags) tables(s *stats.Summary) []*table.Table {
	var out []*table.Table
	if f.run != nil {
		out = append(out, factsTable(f.run))
	}
	if len(s.Blocks) > 1 {
		out = append(out, overview(s))
	}
	for i := range s.Blocks {
		out = append(out, blockTables(&s.Blocks[i], f.CI)...)
	}
	return out
}

func blockTables(b *stats.Block, ci bool) []*table.Table {
	out := []*table.Table{counts(b)}
	if b.DurationS.Known() {
		out = append(out, throughput(b))
	}
	if len(b.Metrics) > 0 {
		out = append(out, distributions(b, ci))
	}
	if b.Server != nil {
		out = append(out, serverTable(b.Server))
	}
	return out
}

// simulatedTitle stands over everything made of the simulator's records.
const simulatedTitle = "SIMULATED: records of the built-in simulator, no server was measured"

func title(b *stats.Block) string {
	parts := []string{}
	for _, part := range []string{name(b), load(b), some(b.Op, "operations"), some(b.Model, "models")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return marked(strings.Join(parts, " · "), b.Simulated)
}

// marked is a title that says so where the simulator made the records.
func marked(title string, simulated bool) string {
	if title == "" {
		title = "all records"
	}
	if simulated {
		title += " · " + simulatedTitle
	}
	return title
}

// name is what tells a block from the others.
func name(b *stats.Block) string {
	var parts []string
	for _, v := range b.Group {
		switch {
		case v.Key != "run":
			parts = append(parts, v.Key+" "+cmp.Or(v.Value, "–"))
		case v.Value != "":
			parts = append(parts, v.Value)
		}
	}
	return strings.Join(parts, ", ")
}

// load says how requests were started.
func load(b *stats.Block) string {
	rate, slots := human(stats.Num(b.Rate)), strconv.Itoa(b.Parallel)
	if b.Rate == 0 && b.Parallel == 0 { // several loads, or another maker's records
		return map[string]string{"open": "open loop", "closed": "closed loop", "capped": "capped"}[b.Mode]
	}
	switch b.Mode {
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
		example := ""
		if e.Example != "" {
			example = ", such as: " + ellipsis(e.Example, 80)
		}
		row("failed: "+e.Kind, "%s%s", humanInt(e.Count), example)
	}
	if len(b.FinishReasons) > 0 {
		row("finish reasons", "%s", frequencies(b.FinishReasons))
	}
	if b.OutputPerGPU.Known() && b.OutputTokens > 0 {
		speed := "–"
		if m := b.Metrics.Get("user_tokens_per_s"); m != nil {
			speed = human(m.Mean)
		}
		row("output tokens/s", "%s per GPU, at %s per user", human(b.OutputPerGPU), speed)
	}
	if b.CacheHit.Known() {
		row("prompt cache", "%s %% of input tokens hit", human(100*b.CacheHit))
	}
	if b.ChunkTokens.Known() && (b.ChunkTokens < 0.95 || b.ChunkTokens > 1.05) {
		row("tokens per chunk", "%s after the first", human(b.ChunkTokens))
	}
	if g := b.Goodput; g != nil {
		row("goodput", "%s requests/s, %s %% meet %s", human(g.PerS), human(100*g.Share), strings.Join(g.Limits, " "))
	}
	for _, g := range b.Gates {
		row("SLO "+g.Gate, "%s: %s", verdict(g.Pass), human(g.Value))
	}
	client := b.Client.Level
	if b.Client.Reason != "" {
		client += ": " + b.Client.Reason
	}
	row("load generator", "%s", client)
	return t
}

// throughput puts the steady state, in which the load was at its level, beside the whole run.
func throughput(b *stats.Block) *table.Table {
	t := &table.Table{Header: []string{"", "whole run", "steady state", "peak"}}
	row := func(name string, whole, steady stats.Num, peak string) {
		t.Rows = append(t.Rows, []string{name, human(whole), human(steady), peak})
	}
	t.Rows = append(t.Rows, []string{"duration", seconds(b.DurationS), seconds(b.Steady.DurationS), ""})
	row("requests/s", b.RequestsPerS, b.Steady.RequestsPerS, "")
	if b.OutputTokens > 0 {
		row("output tokens/s", b.OutputPerS, b.Steady.OutputPerS, human(b.PeakOutput))
	}
	if b.InputTokens > 0 {
		row("input tokens/s", b.InputPerS, b.Steady.InputPerS, "")
		row("total tokens/s", b.TotalPerS, b.Steady.TotalPerS, "")
	}
	if b.ItemsPerS.Known() {
		items := "embeddings/s"
		if slices.Contains(b.Op, "rerank") {
			items = "documents/s"
		}
		t.Rows = append(t.Rows, []string{items, human(b.ItemsPerS), "", ""})
	}
	row("requests in flight", b.InFlight, b.Steady.InFlight, humanInt(b.PeakInFlight))
	return t
}

func verdict(pass bool) string {
	if pass {
		return "pass"
	}
	return "FAIL"
}

func requests(b *stats.Block) string {
	s := fmt.Sprintf("%s: %s ok", humanInt(b.Requests), humanInt(b.OK))
	if b.Failed > 0 {
		s += fmt.Sprintf(", %s failed (%s %%)", humanInt(b.Failed), human(100-100*b.SuccessRate))
	}
	if b.SentTwice > 0 {
		s += fmt.Sprintf("; sent twice: %s", humanInt(b.SentTwice))
	}
	if b.Warmup > 0 {
		s += fmt.Sprintf("; %s of warm-up left out", humanInt(b.Warmup))
	}
	return s
}

// frequencies writes counts, the most frequent first.
func frequencies(m map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %s", k, humanInt(m[k]))
	}
	return strings.Join(keys, ", ")
}

func ellipsis(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
