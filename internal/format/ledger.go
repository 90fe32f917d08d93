package format

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/lang"
	"perfpipe/internal/ledger"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// HasLedger reports whether a block has the parts of its times.
func HasLedger(s *stats.Summary) bool {
	return slices.ContainsFunc(s.Blocks, func(b stats.Block) bool { return b.Ledger != nil && b.Ledger.Requests > 0 })
}

// account is one of the accounts of a ledger.
type account struct {
	key, name string
	figures   *ledger.Figures
}

// accounts returns those that have figures.
func accounts(l *ledger.Summary) []account {
	all := []account{
		{"ttft_ms", "TTFT", l.TTFT}, {"latency_ms", "latency", l.Latency}, {"response_ms", "response time", l.Response},
	}
	return slices.DeleteFunc(all, func(a account) bool { return a.figures == nil })
}

// columns returns the compositions of an account with their names.
func columns(f *ledger.Figures) ([]string, []*ledger.Composition) {
	return []string{"mean", "p50", "p90", "p99"}, []*ledger.Composition{&f.Mean, &f.P50, &f.P90, &f.P99}
}

// ledgerTables returns a table for each account, with a row for each part that takes time.
func ledgerTables(l *ledger.Summary) []*table.Table {
	var out []*table.Table
	for _, a := range accounts(l) {
		names, list := columns(a.figures)
		t := &table.Table{Header: []string{a.name + " (ms)", names[0], "share %"}}
		for _, name := range names[1:] {
			t.Header = append(t.Header, "around "+name)
		}
		row := func(name string, value func(*ledger.Composition) dist.Num) {
			share := 100 * value(list[0]) / list[0].Total
			cells := []string{name, number(value(list[0])), number(share)}
			for _, c := range list[1:] {
				cells = append(cells, number(value(c)))
			}
			t.Rows = append(t.Rows, cells)
		}
		for i, name := range ledger.Names() {
			part := ledger.Part(i)
			takes := func(c *ledger.Composition) bool { return c.Part(part) != 0 }
			if part == ledger.Unexplained || slices.ContainsFunc(list, takes) {
				row(name, func(c *ledger.Composition) dist.Num { return c.Part(part) })
			}
		}
		row("sum", func(c *ledger.Composition) dist.Num { return c.Total })
		out = append(out, t)
	}
	if len(out) > 0 {
		last := out[len(out)-1]
		last.Notes = ledgerNotes(l)
	}
	return out
}

func ledgerNotes(l *ledger.Summary) []string {
	from := ""
	if len(l.From) > 0 {
		from = " (" + strings.Join(l.From, "; ") + ")"
	}
	notes := []string{fmt.Sprintf("of %s successful requests whose server%s reports its times", count(l.Requests), from)}
	if l.Sample < l.Requests {
		notes = append(notes, fmt.Sprintf("computed from a sample of %s", count(l.Sample)))
	}
	if l.Doubtful > 0 {
		notes = append(notes, fmt.Sprintf("left out: %s whose server's times contradict the client's (server_doubt)",
			count(l.Doubtful)))
	}
	for _, a := range accounts(l) {
		_, list := columns(a.figures)
		if slices.ContainsFunc(list, func(c *ledger.Composition) bool { return c.Unexplained < 0 }) {
			return append(notes, "an unexplained time below zero is noise of the clocks and of rounded times")
		}
	}
	return notes
}

// ledgerLine returns the composition of the mean TTFT, or else of the latency, in a line. It is empty without an
// account.
func ledgerLine(b *stats.Block, w lang.Words) (name, text string) {
	all := accounts(b.Ledger)
	if len(all) == 0 {
		return "", ""
	}
	c := &all[0].figures.Mean
	type share struct {
		name  string
		share dist.Num
	}
	var shares []share
	names := ledger.Names()
	for i, name := range names[:ledger.Unexplained] {
		if s := 100 * c.Part(ledger.Part(i)) / c.Total; s >= 1 {
			shares = append(shares, share{name, s})
		}
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.share, a.share) })
	shares = append(shares, share{names[ledger.Unexplained], 100 * c.Unexplained / c.Total})
	var parts []string
	for _, s := range shares {
		parts = append(parts, fmt.Sprintf("%s %s %%", w.Text(s.name), table.Decimal(float64(s.share), 1)))
	}
	some := ""
	if b.Ledger.Requests < b.OK {
		some = " (of " + count(b.Ledger.Requests) + " requests)"
	}
	return "mean " + all[0].name, number(c.Total) + " ms" + some + ": " + strings.Join(parts, ", ")
}

// ledgerRows returns a table with a row for each composition of each block, for programs.
func ledgerRows(s *stats.Summary) *table.Table {
	t := &table.Table{Header: []string{"group", "account", "at", "requests", "total_ms"}}
	for _, name := range ledger.Names() {
		t.Header = append(t.Header, strings.NewReplacer(", ", "_", " ", "_").Replace(name)+"_ms")
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Ledger == nil {
			continue
		}
		for _, a := range accounts(b.Ledger) {
			names, list := columns(a.figures)
			for j, c := range list {
				row := []string{name(b), a.key, names[j], strconv.Itoa(c.N), plain(c.Total)}
				for p := range ledger.Parts {
					row = append(row, plain(c.Part(p)))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}
