package format

import (
	"io"
	"slices"
	"strings"

	"perfpipe/internal/define"
	"perfpipe/internal/dist"
	"perfpipe/internal/table"
)

// definitions writes a table for each load point, with a column for each tool, a row for each figure under the tool's
// name for it, and notes on why the tools differ. The blocks are those of define.Records: len(defs) for each load
// point.
func (l layout) definitions(w io.Writer, defs []define.Definition, blocks []define.Block, opt Options) error {
	var tables []*table.Table
	for point := range slices.Chunk(blocks, len(defs)) {
		tables = append(tables, definedTable(defs, point, opt))
	}
	opt.translate(tables...)
	return l.write(w, tables)
}

func definedTable(defs []define.Definition, point []define.Block, opt Options) *table.Table {
	t := &table.Table{Title: marked(point[0].Group, point[0].Simulated, opt.Words), Header: []string{""}}
	var keys []string
	for _, b := range point {
		t.Header = append(t.Header, b.Tool)
		for _, f := range b.Figures {
			if !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	for _, key := range keys {
		t.Rows = append(t.Rows, figureRows(key, point)...)
	}
	// row adds a figure, unless no tool has it.
	row := func(name string, of func(define.Block) dist.Num) {
		cells, any := []string{name}, false
		for _, b := range point {
			cell := ""
			if v := of(b); v.Known() {
				cell, any = number(v), true
			}
			cells = append(cells, cell)
		}
		if any {
			t.Rows = append(t.Rows, cells)
		}
	}
	row("requests/s", func(b define.Block) dist.Num { return b.Requests })
	row("good requests/s", func(b define.Block) dist.Num { return b.Goodput })
	row("output tokens/s", func(b define.Block) dist.Num { return b.Output })
	row("total tokens/s", func(b define.Block) dist.Num { return b.Total })
	peak := func(of func(*define.Peaks) dist.Num) func(define.Block) dist.Num {
		return func(b define.Block) dist.Num {
			if b.Peaks == nil {
				return dist.NaN()
			}
			return of(b.Peaks)
		}
	}
	row("peak output tokens/s", peak(func(p *define.Peaks) dist.Num { return p.Chunks }))
	row("peak concurrent requests", peak(func(p *define.Peaks) dist.Num { return dist.Num(p.Requests) }))
	for _, d := range defs {
		for _, why := range d.Why {
			t.Notes = append(t.Notes, d.Tool+": "+opt.Words.Sentence(why))
		}
	}
	return t
}

// figureRows returns the rows of one figure in ms: its mean and its percentiles, tool by tool.
func figureRows(key string, point []define.Block) [][]string {
	name := strings.ToUpper(strings.TrimSuffix(key, "_ms")) + " "
	percentiles := percentilesOf(point)
	rows := [][]string{{name + "mean (ms)"}}
	for _, p := range percentiles {
		rows = append(rows, []string{name + dist.PercentileName(p) + " (ms)"})
	}
	for _, b := range point {
		f := b.Figures.Get(key)
		if f == nil {
			for i := range rows {
				rows[i] = append(rows[i], "")
			}
			continue
		}
		rows[0] = append(rows[0], number(f.Mean))
		for i, p := range percentiles {
			rows[i+1] = append(rows[i+1], number(dist.Num(f.At(p))))
		}
	}
	return rows
}

func percentilesOf(point []define.Block) []float64 {
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
