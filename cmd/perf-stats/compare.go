package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"llmperf/internal/cli"
	"llmperf/internal/jsonl"
	"llmperf/internal/stats"
	"llmperf/internal/table"
)

// compare sets two sides against each other: each is a file, or runs of the same load with commas between.
func compare(ctx context.Context, env *cli.Env, f *flags, opt stats.Options) error {
	if len(f.Files) != 2 {
		return cli.Usage("perf-stats --compare base.jsonl new.jsonl; several runs of a side are written a.jsonl,b.jsonl",
			"--compare: wants two sides, not %d", len(f.Files))
	}
	limit, err := percentage(f.FailOnRegression)
	if err != nil {
		return err
	}
	opt.ExactLimit = -1
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
	changes := compared.Changes
	if len(changes) == 0 {
		return cli.Fail("a load point is compared with the one of the same name; --by another key may join them",
			"--compare: %s and %s have no load point in common", f.Files[0], f.Files[1])
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := writeChanges(out, compared, f.Format); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return regression(changes, limit)
}

// percentage reads 5% as 0.05.
func percentage(text string) (float64, error) {
	if text == "" {
		return math.Inf(1), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(v >= 0) || !strings.HasSuffix(text, "%") {
		return 0, cli.Usage("", "--fail-on-regression: %q is not a percentage such as 5%%", text)
	}
	return v / 100, nil
}

// regression fails if a figure is shown to be worse by more than the limit.
func regression(changes []stats.Change, limit float64) error {
	var worst *stats.Change
	n := 0
	for i, c := range changes {
		if c.Shown && c.Better < 0 && math.Abs(float64(c.Delta)) > limit {
			if n++; worst == nil || math.Abs(float64(c.Delta)) > math.Abs(float64(worst.Delta)) {
				worst = &changes[i]
			}
		}
	}
	if worst == nil {
		return nil
	}
	return cli.Fail("", "--fail-on-regression: %d figures are worse by more than %s %%, the most %s %s by %s", n, human(stats.Num(100*limit)),
		worst.Block, worst.Figure, percent(worst.Delta))
}

func writeChanges(w io.Writer, compared *stats.Comparison, format string) error {
	changes := compared.Changes
	switch format {
	case "json":
		return jsonl.NewWriter(w).Write(compared)
	case "table", "markdown", "csv":
	default:
		return cli.Usage("", "--format: %s is not one of --compare's: table, json, csv, markdown", format)
	}
	var tables []*table.Table
	for i, c := range changes {
		if i == 0 || c.Block != changes[i-1].Block {
			tables = append(tables, &table.Table{
				Title:  marked(c.Block, c.Simulated),
				Header: []string{"", "old", "new", "delta", "95 % interval", "p", "test", ""},
			})
		}
		t := tables[len(tables)-1]
		if strings.HasPrefix(c.Figure, "content_ttft_ms:") && !slices.ContainsFunc(changes, otherOutput) {
			continue // it is the TTFT
		}
		t.Rows = append(t.Rows, []string{
			c.Figure, human(c.Old), human(c.New), percent(c.Delta), interval(c.CI), human(c.P), c.Test, finding(c),
		})
	}
	if format == "csv" {
		return changesCSV(changes).CSV(w)
	}
	last := tables[len(tables)-1]
	last.Notes = append(last.Notes,
		"not tested: one run says nothing of the chance in its throughput and in the gaps of its answers, few requests nothing of high percentiles",
		"p is the probability of so great a difference if there is none; of many figures one in twenty has p < 0.05 by chance")
	if format == "markdown" {
		return writeAll(w, tables, (*table.Table).Markdown)
	}
	return writeAll(w, tables, (*table.Table).Text)
}

// otherOutput says whether answers had more than content.
func otherOutput(c stats.Change) bool {
	return strings.HasPrefix(c.Figure, "reasoning_ttft_ms:") || strings.HasPrefix(c.Figure, "tool_ttft_ms:")
}

func changesCSV(changes []stats.Change) *table.Table {
	t := &table.Table{Header: []string{"group", "figure", "old", "new", "delta", "delta_low", "delta_high", "p", "test", "shown", "better"}}
	for _, c := range changes {
		t.Rows = append(t.Rows, []string{
			c.Block, c.Figure, field(c.Old), field(c.New), field(c.Delta), field(c.CI[0]), field(c.CI[1]), field(c.P), c.Test,
			strconv.FormatBool(c.Shown), strconv.Itoa(c.Better),
		})
	}
	return t
}

func finding(c stats.Change) string {
	switch {
	case c.Test == "":
		return "not tested"
	case !c.Shown:
		return "no difference shown"
	case c.Better > 0:
		return "better"
	case c.Better < 0:
		return "WORSE"
	}
	return "different"
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
