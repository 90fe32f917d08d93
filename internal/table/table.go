// Package table lays out cells as text, Markdown, HTML and CSV, and writes numbers for people.
package table

import (
	"encoding/csv"
	"html"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"perfpipe/internal/visible"
)

// Table is a title, cells and footnotes. The first column is aligned left, the others right. Without a Header, or if
// Words is set, all are aligned left.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
	Notes  []string

	Words  bool                     // the cells are words rather than numbers
	Tones  []Tone                   // of the last cell of each row; nil: all are neutral
	Stress func(cell string) string // colors cells of Text that must not be missed; nil: none
}

// Tone is the judgement that a cell expresses.
type Tone string

// The tones.
const (
	Neutral Tone = ""
	Good    Tone = "good"
	Bad     Tone = "bad"
)

// Text writes the table in box-drawing characters.
func (t *Table) Text(w io.Writer) error {
	if t.Title != "" {
		if err := writeLines(w, "", visible.Line(t.Title)); err != nil {
			return err
		}
	}
	box := renderer.NewBlueprint(tw.Rendition{Symbols: tw.NewSymbols(tw.StyleLight)})
	if err := t.render(w, box, t.Header, t.Stress); err != nil {
		return err
	}
	return writeLines(w, "", each(t.Notes, visible.Line)...)
}

// Markdown writes the table as GitHub's pipe table.
func (t *Table) Markdown(w io.Writer) error {
	if t.Title != "" {
		if err := writeLines(w, "", "### "+escapeMarkdown(t.Title), ""); err != nil {
			return err
		}
	}
	header := t.Header
	if len(header) == 0 && len(t.Rows) > 0 {
		header = make([]string, len(t.Rows[0])) // Markdown has no table without one
	}
	if err := t.render(w, renderer.NewMarkdown(), header, escapeMarkdown); err != nil {
		return err
	}
	if len(t.Notes) > 0 {
		if err := writeLines(w, "", ""); err != nil {
			return err
		}
	}
	return writeLines(w, "* ", each(t.Notes, escapeMarkdown)...)
}

// HTML writes the table as a fragment for a page.
func (t *Table) HTML(w io.Writer) error {
	if t.Title != "" {
		if err := writeLines(w, "", "<h3>"+html.EscapeString(visible.Line(t.Title))+"</h3>"); err != nil {
			return err
		}
	}
	if err := t.render(w, renderer.NewHTML(renderer.HTMLConfig{EscapeContent: true}), t.Header, nil); err != nil {
		return err
	}
	for _, n := range t.Notes {
		if err := writeLines(w, "", "<p>"+html.EscapeString(visible.Line(n))+"</p>"); err != nil {
			return err
		}
	}
	return nil
}

// CSV writes only header and rows. Text that a spreadsheet would take for a formula is quoted.
func (t *Table) CSV(w io.Writer) error {
	cw := csv.NewWriter(w)
	if len(t.Header) > 0 {
		if err := cw.Write(each(t.Header, visible.Cell)); err != nil {
			return err
		}
	}
	for _, row := range t.Rows {
		if err := cw.Write(each(row, visible.Cell)); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func each(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

func writeLines(w io.Writer, prefix string, lines ...string) error {
	for _, line := range lines {
		if _, err := io.WriteString(w, prefix+line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// escapeMarkdown escapes what would end a cell, or begin HTML, a link or code.
func escapeMarkdown(s string) string {
	escape := strings.NewReplacer(
		"\\", `\\`, "|", `\|`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "[", `\[`, "`", "\\`",
	)
	return escape.Replace(visible.Line(s))
}

func (t *Table) render(w io.Writer, r tw.Renderer, header []string, escape func(string) string) error {
	cells := func(row []string) []string {
		out := make([]string, len(row))
		for i, c := range row {
			if out[i] = visible.Line(c); escape != nil {
				out[i] = escape(out[i])
			}
		}
		return out
	}
	columns := len(header)
	for _, row := range t.Rows {
		columns = max(columns, len(row))
	}
	align := make([]tw.Align, columns)
	for i := range align {
		if align[i] = tw.AlignRight; i == 0 || len(t.Header) == 0 || t.Words {
			align[i] = tw.AlignLeft
		}
	}
	table := tablewriter.NewTable(w,
		tablewriter.WithRenderer(r),
		tablewriter.WithEastAsian(tw.Off),        // else µ, – and others are two columns wide in some locales
		tablewriter.WithHeaderAutoFormat(tw.Off), // it makes "P 99 . 9" of p99.9
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	if len(header) > 0 {
		table.Header(cells(header))
	}
	for _, row := range t.Rows {
		if err := table.Append(cells(row)); err != nil {
			return err
		}
	}
	return table.Render()
}
