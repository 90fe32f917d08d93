package format

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// layout writes a table as text, Markdown or HTML. Its methods write figures as such tables.
type layout func(*table.Table, io.Writer) error

// write writes tables with an empty line between them.
func (l layout) write(w io.Writer, tables []*table.Table) error {
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := l(t, w); err != nil {
			return err
		}
	}
	return nil
}

// summary writes the facts of the run, an overview if there are several blocks, and the tables of each block.
func (l layout) summary(w io.Writer, s *stats.Summary, opt Options) error {
	var tables []*table.Table
	if opt.Facts != nil {
		tables = append(tables, opt.factsTable())
	}
	if len(s.Blocks) > 1 {
		tables = append(tables, overview(s, opt))
	}
	for i := range s.Blocks {
		tables = append(tables, blockTables(&s.Blocks[i], opt)...)
	}
	for _, t := range tables {
		t.Stress = opt.Stress
	}
	return l.write(w, tables)
}

// Progress writes, as text, the overview of all blocks and the tables of the one that ended last.
func Progress(w io.Writer, s *stats.Summary, opt Options) error {
	if len(s.Blocks) == 0 {
		return nil
	}
	latest := &s.Blocks[0]
	for i := range s.Blocks {
		if s.Blocks[i].LastEndUs >= latest.LastEndUs {
			latest = &s.Blocks[i]
		}
	}
	// A run that has not ended looks as if it was cut short.
	latest.Notes = slices.DeleteFunc(latest.Notes, func(n string) bool { return strings.HasPrefix(n, "cut short") })
	tables := blockTables(latest, Options{Words: opt.Words})
	if len(s.Blocks) > 1 {
		tables = append([]*table.Table{overview(s, opt)}, tables...)
	}
	return layout((*table.Table).Text).write(w, tables)
}

func blockTables(b *stats.Block, opt Options) []*table.Table {
	out := []*table.Table{counts(b, opt)}
	if b.DurationS.Known() {
		out = append(out, throughput(b))
	}
	if len(b.Metrics) > 0 {
		out = append(out, distributions(b, opt.Intervals))
	}
	last := out[len(out)-1]
	if last.Notes = b.Notes; len(b.Metrics) > 0 && !opt.Intervals {
		last.Notes = slices.Concat(b.Notes, fewNotes(b.Metrics))
	}
	if len(b.Depths) > 0 {
		out = append(out, depths(b))
	}
	if b.Why != nil {
		out = append(out, whyTable(b.Why, opt.Words))
	}
	if opt.Ledger && b.Ledger != nil {
		out = append(out, ledgerTables(b.Ledger)...)
	}
	if t := spendTable(b); t != nil {
		out = append(out, t)
	}
	if b.Server != nil {
		out = append(out, serverTables(b.Server)...)
	}
	opt.translate(out...)
	return out
}

func counts(b *stats.Block, opt Options) *table.Table {
	t := &table.Table{Title: title(b, opt.Words)}
	row := func(name, format string, args ...any) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprintf(format, args...)})
	}
	row("requests", "%s", requests(b))
	ofSessions(b, row)
	for _, e := range b.Errors {
		example := ""
		if e.Example != "" {
			example = ", such as: " + visible.Shorten(e.Example, 80)
		}
		row("failed: "+e.Kind, "%s%s", count(e.Count), example)
	}
	if len(b.FinishReasons) > 0 {
		row("finish reasons", "%s", frequencies(b.FinishReasons))
	}
	if b.OutputPerGPU.Known() && b.OutputTokens > 0 {
		speed := "–"
		if m := b.Metrics.Get("user_tokens_per_s"); m != nil {
			speed = number(m.Mean)
		}
		row("output tokens/s", "%s per GPU, at %s per user", number(b.OutputPerGPU), speed)
	}
	if b.CacheHit.Known() {
		row("prompt cache", "%s %% of input tokens hit", part(b.CacheHit))
	}
	if b.ChunkTokens.Known() && (b.ChunkTokens < 0.95 || b.ChunkTokens > 1.05) {
		row("tokens per chunk", "%s after the first", number(b.ChunkTokens))
	}
	if g := b.Goodput; g != nil {
		if len(g.Each) > 0 {
			row("goodput", "%s requests/s, %s %% meet %s", number(g.PerS), part(g.Share), strings.Join(g.Each, " "))
		}
		switch {
		case b.Sessions != nil:
			row("good sessions", "%s of %s (%s %%) meet %s, with all of their requests", count(g.Sessions),
				count(b.Sessions.Count-b.Sessions.Incomplete), part(g.SessionShare), strings.Join(g.Limits, " "))
		case len(g.Each) < len(g.Limits):
			row("good sessions", "no record is of a session")
		}
	}
	for _, g := range b.Gates {
		row("SLO "+g.Gate, "%s: %s", verdict(g.Pass), judged(g))
	}
	if b.Ledger != nil {
		if name, text := ledgerLine(b, opt.Words); text != "" {
			row(name, "%s", text)
		}
	}
	client := b.Client.Level
	if b.Client.Reason != "" {
		client += ": " + b.Client.Reason
	}
	row("load generator", "%s", client)
	return t
}

// ofSessions writes rows about the sessions.
func ofSessions(b *stats.Block, row func(name, format string, args ...any)) {
	s := b.Sessions
	if s == nil {
		return
	}
	if s.Incomplete > 0 {
		row("sessions", "%s: %s ok, %s incomplete, %s in flight, %s at most", count(s.Count), count(s.OK),
			count(s.Incomplete), number(s.InFlight), count(s.Peak))
	} else {
		row("sessions", "%s: %s ok, %s in flight, %s at most", count(s.Count), count(s.OK), number(s.InFlight),
			count(s.Peak))
	}
	if s.ServerShare.Known() && b.Depths != nil {
		row("time of sessions", "%s %% server, %s %% tools and users", part(s.ServerShare),
			part(1-s.ServerShare))
	}
	if s.Skipped > 0 {
		row("skipped", "%s (%s %% of requests), after failures or missing tool calls in their sessions", count(s.Skipped),
			part(s.SkippedRate))
	}
}

// depths returns a table of the requests of sessions by their depth.
func depths(b *stats.Block) *table.Table {
	t := &table.Table{Header: []string{"depth", "requests", "TTFT p50", "p99 (ms)", "latency p50", "p99 (ms)",
		"input tokens", "cache hit (%)"}}
	at := func(s *dist.Stat, p float64) string {
		if s.N == 0 {
			return number(dist.NaN())
		}
		return number(dist.Num(s.At(p)))
	}
	for i := range b.Depths {
		d := &b.Depths[i]
		name := count(int64(d.From))
		if d.To > d.From {
			name += " to " + count(int64(d.To))
		}
		t.Rows = append(t.Rows, []string{name, count(d.Requests), at(&d.TTFT, 50), at(&d.TTFT, 99), at(&d.Latency, 50),
			at(&d.Latency, 99), number(d.Input), part(d.CacheHit)})
	}
	return t
}

// throughput returns a table with the whole run beside its steady state.
func throughput(b *stats.Block) *table.Table {
	t := &table.Table{Header: []string{"", "whole run", "steady state", "peak"}}
	row := func(name string, whole, steady dist.Num, peak string) {
		t.Rows = append(t.Rows, []string{name, number(whole), number(steady), peak})
	}
	t.Rows = append(t.Rows, []string{"duration", seconds(b.DurationS), seconds(b.Steady.DurationS), ""})
	row("requests/s", b.RequestsPerS, b.Steady.RequestsPerS, "")
	if b.OutputTokens > 0 {
		row("output tokens/s", b.OutputPerS, b.Steady.OutputPerS, number(b.PeakOutput))
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
		t.Rows = append(t.Rows, []string{items, number(b.ItemsPerS), "", ""})
	}
	row("requests in flight", b.InFlight, b.Steady.InFlight, count(b.PeakInFlight))
	return t
}

func verdict(pass bool) string {
	if pass {
		return "pass"
	}
	return "FAIL"
}

func requests(b *stats.Block) string {
	s := fmt.Sprintf("%s: %s ok", count(b.Requests), count(b.OK))
	if b.Failed > 0 {
		s += fmt.Sprintf(", %s failed (%s %%)", count(b.Failed), part(1-b.SuccessRate))
	}
	if b.SentTwice > 0 {
		s += fmt.Sprintf("; sent twice: %s", count(b.SentTwice))
	}
	if b.Warmup > 0 {
		s += fmt.Sprintf("; %s of warm-up left out", count(b.Warmup))
	}
	return s
}

// frequencies lists counts, the greatest first.
func frequencies(m map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %s", k, count(m[k]))
	}
	return strings.Join(keys, ", ")
}
