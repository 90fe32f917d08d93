package format

import (
	"slices"

	"perfpipe/internal/table"
)

// translate translates tables in place. Titles with names of load points are translated already.
func (opt *Options) translate(tables ...*table.Table) {
	for _, t := range tables {
		opt.translateHead(t)
		for _, row := range t.Rows {
			for i, cell := range row {
				row[i] = opt.Words.Sentence(cell)
			}
		}
	}
}

// translateHead translates the header and the notes of a table, whose first column has names of load points.
func (opt *Options) translateHead(t *table.Table) {
	t.Header, t.Notes = slices.Clone(t.Header), slices.Clone(t.Notes)
	for _, texts := range [][]string{t.Header, t.Notes} {
		for i, text := range texts {
			texts[i] = opt.Words.Sentence(text)
		}
	}
}

// factsTable returns the facts of the run, translated unless they are the user's.
func (opt *Options) factsTable() *table.Table {
	t := &table.Table{Title: opt.Words.Text("run")}
	for _, fact := range opt.Facts {
		name, value := fact[0], fact[1]
		if name == "requests" || name == "load generator" || name == "end" { // the others are the user's
			value = opt.Words.Sentence(value)
		}
		t.Rows = append(t.Rows, []string{opt.Words.Text(name), value})
	}
	return t
}
