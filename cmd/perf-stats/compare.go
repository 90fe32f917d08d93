package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// compare sets two sides against each other: each is a file, or runs of the same load with commas between.
func compare(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) error {
	if len(f.Files) != 2 {
		return fault.Usage("perf-stats --compare base.jsonl new.jsonl; several runs of a side are written a.jsonl,b.jsonl",
			"--compare: wants two sides, not %d", len(f.Files))
	}
	limit, err := percentage(f.FailOnRegression)
	if err != nil {
		return err
	}
	opt.Intervals = true
	var sides [2][]*stats.Collector
	for i, side := range f.Files {
		for file := range strings.SplitSeq(side, ",") {
			stream, err := f.newStream(opt)
			if err != nil {
				return err
			}
			if err := read(ctx, env, stream, []string{file}); err != nil {
				return err
			}
			sides[i] = append(sides[i], stream.Collector())
		}
	}
	compared := stats.Compare(sides[0], sides[1])
	if len(compared.Changes) == 0 {
		return fault.Fail("a load point is compared with the one of the same name; --by another key may join them",
			"--compare: %s and %s have no load point in common: %s", f.Files[0], f.Files[1], firstOf(compared.Notes))
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := writeChanges(out, compared, f.Format); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if f.FailOnRegression == "" {
		return nil
	}
	return gate(env, compared, limit, f.CannotTell)
}

// firstOf joins reasons, but no more than are read.
func firstOf(reasons []string) string {
	if n := len(reasons); n > mostReasons {
		reasons = append(slices.Clone(reasons[:mostReasons]), fmt.Sprintf("%d more", n-mostReasons))
	}
	return strings.Join(reasons, "; ")
}

// percentage reads 5% as 0.05.
func percentage(text string) (float64, error) {
	if text == "" {
		return math.Inf(1), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(v >= 0) || !strings.HasSuffix(text, "%") {
		return 0, fault.Usage("", "--fail-on-regression: %q is not a percentage such as 5%%", text)
	}
	return v / 100, nil
}

// mostReasons is how many figures are named that cannot be judged.
const mostReasons = 8

// gate fails if a headline figure is worse by more than the limit, and with the code of its own if one cannot be judged.
func gate(env *cli.Env, c *stats.Comparison, limit float64, code int) error {
	if err := regression(c.Changes, limit); err != nil {
		return err
	}
	unjudged := c.Unjudged()
	if len(unjudged) == 0 {
		return nil
	}
	for i, why := range unjudged {
		if i == mostReasons && len(unjudged) > mostReasons+1 {
			env.Say("--fail-on-regression: cannot judge %d more", len(unjudged)-i)
			break
		}
		env.Say("--fail-on-regression: cannot judge %s", why)
	}
	const hint = "longer runs or several a side know more, --percentiles leaves figures out, --cannot-tell 0 lets the gate pass"
	if code == fault.CodeOK {
		env.Say("--fail-on-regression: passes, though it could not judge all (--cannot-tell 0)")
		return nil
	}
	return &fault.Error{Code: code, Err: fmt.Errorf("--fail-on-regression: cannot tell, for %d reasons", len(unjudged)), Hint: hint}
}

// regression fails if a headline figure is worse by more than the limit.
func regression(changes []stats.Change, limit float64) error {
	var worst *stats.Change
	n := 0
	for i, c := range changes {
		if c.Verdict == stats.IsWorse && math.Abs(float64(c.Delta)) > limit+1e-9 { // 210 ÷ 200 − 1 is a little more than 5 %
			if n++; worst == nil || math.Abs(float64(c.Delta)) > math.Abs(float64(worst.Delta)) {
				worst = &changes[i]
			}
		}
	}
	if worst == nil {
		return nil
	}
	return fault.Fail("", "--fail-on-regression: %d figures are worse by more than %s %%, the most %s %s by %s", n, human(stats.Num(100*limit)),
		worst.Block, worst.Figure, percent(worst.Delta))
}

func writeChanges(w io.Writer, compared *stats.Comparison, format string) error {
	switch format {
	case "json":
		return writeJSON(w, compared)
	case "csv":
		return changesCSV(compared.Changes).CSV(w)
	case "markdown":
		return writeAll(w, changeTables(compared), (*table.Table).Markdown)
	case "table":
		return writeAll(w, changeTables(compared), (*table.Table).Text)
	}
	return fault.Usage("", "--format: %s is not one of --compare's: table, json, csv, markdown", format)
}

// changeTables has two tables for each load point: what is judged, and the rest.
func changeTables(compared *stats.Comparison) (tables []*table.Table) {
	changes := compared.Changes
	for len(changes) > 0 {
		end := slices.IndexFunc(changes, func(c stats.Change) bool { return c.Block != changes[0].Block })
		if end < 0 {
			end = len(changes)
		}
		block := changes[:end]
		changes = changes[end:]
		judged := &table.Table{
			Title:  marked(block[0].Block, slices.ContainsFunc(block, func(c stats.Change) bool { return c.Simulated })),
			Header: []string{"", "old", "new", "delta", "95 % interval", "p", "verdict"},
		}
		rest := &table.Table{Header: []string{"not judged", "old", "new", "delta", "95 % interval", "p"}}
		for _, c := range block {
			row := []string{c.Figure, human(c.Old), human(c.New), percent(c.Delta), interval(c.CI), human(c.P)}
			switch {
			case c.Headline:
				judged.Rows = append(judged.Rows, append(row, finding(c)))
			case strings.HasPrefix(c.Figure, "content_ttft_ms:") && !slices.ContainsFunc(block, otherOutput): // it is the TTFT
			default:
				rest.Rows = append(rest.Rows, row)
			}
		}
		tables = append(tables, judged)
		if len(rest.Rows) > 0 {
			tables = append(tables, rest)
		}
	}
	last := tables[len(tables)-1]
	last.Notes = append(last.Notes, compared.Notes...)
	last.Notes = append(last.Notes, "p is the probability of so great a difference if there is none; over all verdicts the chance of any false alarm is 5 %")
	return tables
}

// otherOutput says whether answers had more than content.
func otherOutput(c stats.Change) bool {
	return strings.HasPrefix(c.Figure, "reasoning_ttft_ms:") || strings.HasPrefix(c.Figure, "tool_ttft_ms:")
}

func changesCSV(changes []stats.Change) *table.Table {
	t := &table.Table{Header: []string{
		"group", "figure", "old", "new", "delta", "delta_low", "delta_high", "p", "p_adjusted", "test", "shown", "better", "headline", "verdict", "why",
	}}
	for _, c := range changes {
		t.Rows = append(t.Rows, []string{
			c.Block, c.Figure, field(c.Old), field(c.New), field(c.Delta), field(c.CI[0]), field(c.CI[1]), field(c.P), field(c.Adjusted), c.Test,
			strconv.FormatBool(c.Shown), strconv.Itoa(c.Better), strconv.FormatBool(c.Headline), c.Verdict, c.Why,
		})
	}
	return t
}

func finding(c stats.Change) string {
	switch c.Verdict {
	case stats.IsWorse:
		return "WORSE"
	case stats.CannotTell:
		return c.Why
	}
	return c.Verdict
}

func percent(v stats.Num) string {
	if !v.Known() {
		return human(v)
	}
	return fmt.Sprintf("%+.2f %%", 100*float64(v))
}

func interval(ci stats.Interval) string {
	if math.IsNaN(float64(ci[0])) && math.IsNaN(float64(ci[1])) {
		return ""
	}
	return percent(ci[0]) + " to " + percent(ci[1])
}
