package main

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// define shows the records under other tools' definitions.
func define(in *interrupt, env *cli.Env, f *flags, opt stats.Options) error {
	defs, err := stats.ParseDefinition(f.Define)
	if err != nil {
		return fault.Usage("", "--define: %w", err)
	}
	stream, err := f.newStream(opt)
	if err != nil {
		return err
	}
	var parts []*stats.Defined
	stream.Also(func() func(*record.Record) {
		d := stats.NewDefined(defs, opt)
		parts = append(parts, d)
		return d.Add
	})
	if err := read(in.ctx, env, stream, f.Files); err != nil && !errors.Is(err, fault.ErrInterrupted) {
		return err
	}
	all := stats.NewDefined(defs, opt)
	for _, d := range parts {
		all.Merge(d)
	}
	blocks := all.Blocks()
	if len(blocks) == 0 {
		return cmp.Or(in.err(), errNoRecords())
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := writeDefined(out, defs, blocks, f.Format); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return in.err()
}

func writeDefined(w io.Writer, defs []stats.Definition, blocks []stats.DefinedBlock, format string) error {
	switch format {
	case "json":
		return writeJSON(w, map[string]any{"format": "perfpipe-definitions/1", "blocks": blocks})
	case "table":
		return writeAll(w, definedTables(defs, blocks), (*table.Table).Text)
	case "markdown":
		return writeAll(w, definedTables(defs, blocks), (*table.Table).Markdown)
	}
	return fault.Usage("", "--format: %s is not one of --define's: table, json, markdown", format)
}

// definedTables has a table for each load point: a column for each tool, a row for each figure by the name that the tool
// gives it, and below why they differ.
func definedTables(defs []stats.Definition, blocks []stats.DefinedBlock) []*table.Table {
	var out []*table.Table
	for len(blocks) > 0 {
		point := blocks[:len(defs)]
		blocks = blocks[len(defs):]
		t := &table.Table{Title: marked(point[0].Group, point[0].Simulated), Header: []string{""}}
		for _, b := range point {
			t.Header = append(t.Header, b.Tool)
		}
		var keys []string
		for _, b := range point {
			for _, f := range b.Figures {
				if !slices.Contains(keys, f.Key) {
					keys = append(keys, f.Key)
				}
			}
		}
		for _, key := range keys {
			t.Rows = append(t.Rows, figureRows(key, point)...)
		}
		row := func(name string, of func(stats.DefinedBlock) stats.Num) {
			cells := []string{name}
			for _, b := range point {
				cells = append(cells, human(of(b)))
			}
			t.Rows = append(t.Rows, cells)
		}
		row("requests/s", func(b stats.DefinedBlock) stats.Num { return b.Requests })
		row("output tokens/s", func(b stats.DefinedBlock) stats.Num { return b.Output })
		for _, d := range defs {
			for _, why := range d.Why {
				t.Notes = append(t.Notes, d.Tool+": "+why)
			}
		}
		out = append(out, t)
	}
	return out
}

// figureRows gives the mean and the percentiles of one figure, tool by tool, in ms.
func figureRows(key string, point []stats.DefinedBlock) [][]string {
	name := strings.ToUpper(strings.TrimSuffix(key, "_ms")) + " "
	mean := []string{name + "mean (ms)"}
	var tails [][]string
	for _, b := range point {
		f := b.Figures.Get(key)
		if f == nil {
			mean = append(mean, "")
		} else {
			mean = append(mean, human(f.Mean))
		}
		for i, p := range percentilesOf(point) {
			if len(tails) == i {
				tails = append(tails, []string{name + stats.PercentileName(p) + " (ms)"})
			}
			cell := ""
			if f != nil {
				cell = human(stats.Num(f.At(p)))
			}
			tails[i] = append(tails[i], cell)
		}
	}
	return append([][]string{mean}, tails...)
}

func percentilesOf(point []stats.DefinedBlock) []float64 {
	var out []float64
	for _, b := range point {
		for _, f := range b.Figures {
			for _, p := range f.Percentiles {
				if !slices.Contains(out, p.P) {
					out = append(out, p.P)
				}
			}
		}
	}
	return out
}
