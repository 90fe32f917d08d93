package format

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/compare"
	"perfpipe/internal/dist"
	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// comparison writes two tables for each load point, the judged figures and the others, and the notes.
func (l layout) comparison(w io.Writer, c *compare.Comparison, opt Options) error {
	var tables []*table.Table
	for changes := c.Changes; len(changes) > 0; {
		end := slices.IndexFunc(changes, func(c compare.Change) bool { return c.Block != changes[0].Block })
		if end < 0 {
			end = len(changes)
		}
		tables = append(tables, changeTables(changes[:end], opt)...)
		changes = changes[end:]
	}
	last := tables[len(tables)-1]
	last.Notes = append(last.Notes, c.Notes...)
	last.Notes = append(last.Notes, "p is the probability of a difference this large if there is none; "+
		"over all verdicts the chance of any false alarm is 5 %")
	opt.translate(tables...)
	return l.write(w, tables)
}

// changeTables returns the tables of one load point.
func changeTables(block []compare.Change, opt Options) []*table.Table {
	simulated := slices.ContainsFunc(block, func(c compare.Change) bool { return c.Simulated })
	judged := &table.Table{
		Title:  marked(block[0].Block, simulated, opt.Words),
		Header: []string{"", "old", "new", "delta", "95 % interval", "p", "verdict"},
	}
	rest := &table.Table{Header: []string{"not judged", "old", "new", "delta", "95 % interval", "p"}}
	for _, c := range block {
		row := []string{c.Figure, number(c.Old), number(c.New), percent(c.Delta), deltaInterval(c.CI), probability(c.P)}
		switch {
		case c.Headline:
			judged.Rows = append(judged.Rows, append(row, finding(c)))
		case strings.HasPrefix(c.Figure, "content_ttft_ms:") && !slices.ContainsFunc(block, otherOutput):
			// It equals the TTFT.
		default:
			rest.Rows = append(rest.Rows, row)
		}
	}
	if len(rest.Rows) == 0 {
		return []*table.Table{judged}
	}
	return []*table.Table{judged, rest}
}

// otherOutput reports whether a figure is of output other than content.
func otherOutput(c compare.Change) bool {
	return strings.HasPrefix(c.Figure, "reasoning_ttft_ms:") || strings.HasPrefix(c.Figure, "tool_ttft_ms:")
}

func csvComparison(w io.Writer, compared *compare.Comparison, _ Options) error {
	t := &table.Table{Header: []string{
		"group", "figure", "old", "new", "delta", "delta_low", "delta_high", "p", "p_adjusted", "test", "shown", "better",
		"headline", "verdict", "why", "possible",
	}}
	for _, c := range compared.Changes {
		t.Rows = append(t.Rows, []string{
			c.Block, c.Figure, plain(c.Old), plain(c.New), plain(c.Delta), plain(c.CI[0]), plain(c.CI[1]), plain(c.P),
			plain(c.Adjusted), c.Test, strconv.FormatBool(c.Shown), strconv.Itoa(c.Better), strconv.FormatBool(c.Headline),
			c.Verdict, c.Why, plain(c.Possible),
		})
	}
	for _, n := range compared.Notes {
		row := make([]string, len(t.Header))
		row[slices.Index(t.Header, "figure")], row[slices.Index(t.Header, "why")] = "note", n
		t.Rows = append(t.Rows, row)
	}
	return t.CSV(w)
}

func finding(c compare.Change) string {
	switch c.Verdict {
	case compare.Worse:
		return "WORSE"
	case compare.CannotTell:
		return c.Why
	case compare.NoDifference:
		switch {
		case !c.Possible.Known():
			return "no difference found, any is possible"
		case c.Possible > 0:
			return fmt.Sprintf("no difference found, up to %s possible", size(c.Possible))
		}
	}
	return c.Verdict
}

// size returns a share in percent, without a sign.
func size(share dist.Num) string { return strings.TrimPrefix(percent(share), "+") }

// MayBeWorse describes the headline figures that may be worse by more than share although no difference was found, or
// returns "".
func MayBeWorse(c *compare.Comparison, share float64) string {
	list, most := c.MayBeWorse(share)
	if len(list) == 0 {
		return ""
	}
	figures := "1 figure without a difference may be"
	if n := len(list); n > 1 {
		figures = fmt.Sprintf("%d figures without a difference may be", n)
	}
	by := "any amount"
	if !math.IsInf(most, 1) {
		by = "up to " + size(dist.Num(most))
	}
	return fmt.Sprintf("%s worse by more than %s %%, the most %s by %s",
		figures, number(dist.Num(100*share)), figureOf(&list[0]), by)
}

// probability returns a P value. Below a millionth it is a bound: zero would be certainty.
func probability(p dist.Num) string {
	if p < 1e-6 {
		return "< 0.000001"
	}
	return number(p)
}

func deltaInterval(ci dist.Interval) string {
	if math.IsNaN(float64(ci[0])) && math.IsNaN(float64(ci[1])) {
		return ""
	}
	return percent(ci[0]) + " to " + percent(ci[1])
}

// Regression describes the headline figures that are worse by more than share, such as 0.05, or returns "".
func Regression(c *compare.Comparison, share float64) string {
	worse := c.Worse(share)
	if len(worse) == 0 {
		return ""
	}
	figures := "1 figure is"
	if n := len(worse); n > 1 {
		figures = fmt.Sprintf("%d figures are", n)
	}
	return fmt.Sprintf("%s worse by more than %s %%, the most %s by %s",
		figures, number(dist.Num(100*share)), figureOf(&worse[0]), percent(worse[0].Delta))
}

// figureOf returns the name of a compared figure for a message, which is one line.
func figureOf(c *compare.Change) string {
	return visible.Line(strings.TrimSpace(c.Block + " " + c.Figure))
}
