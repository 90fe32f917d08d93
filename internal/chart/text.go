package chart

import (
	"slices"

	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// shown returns f with all text made safe to show: no control characters, no bidirectional overrides.
func (f *Figure) shown() *Figure { return f.with(visible.Line) }

// with returns f with all text passed through clean.
func (f *Figure) with(clean func(string) string) *Figure {
	out := *f
	for _, s := range []*string{
		&out.Section, &out.Title, &out.Note, &out.Alt, &out.X.Label, &out.X.Unit, &out.Y.Label, &out.Y.Unit, &out.RowLabel,
	} {
		*s = clean(*s)
	}
	out.Series = slices.Clone(f.Series)
	for i := range out.Series {
		s := &out.Series[i]
		s.Name, s.VLabel = clean(s.Name), clean(s.VLabel)
		s.Text, s.Labels = mapped(s.Text, clean), mapped(s.Labels, clean)
	}
	out.Marks = slices.Clone(f.Marks)
	for i := range out.Marks {
		out.Marks[i].Label = clean(out.Marks[i].Label)
	}
	out.Spans = slices.Clone(f.Spans)
	for i := range out.Spans {
		out.Spans[i].Label = clean(out.Spans[i].Label)
	}
	return &out
}

// shown returns p with all text made safe to show.
func (p *Page) shown() *Page {
	out := *p
	out.Title, out.Footer, out.Notices = visible.Line(p.Title), visible.Line(p.Footer), cleanAll(p.Notices)
	out.Facts = slices.Clone(p.Facts)
	for i, f := range out.Facts {
		out.Facts[i] = [2]string{visible.Line(f[0]), visible.Line(f[1])}
	}
	out.Tables, out.Details = cleanTables(p.Tables), cleanTables(p.Details)
	out.Figures = slices.Clone(p.Figures)
	for i := range out.Figures {
		out.Figures[i] = *p.Figures[i].shown()
	}
	return &out
}

func cleanTables(tables []table.Table) []table.Table {
	out := slices.Clone(tables)
	for i := range out {
		t := &out[i]
		t.Title, t.Notes, t.Header = visible.Line(t.Title), cleanAll(t.Notes), cleanAll(t.Header)
		t.Rows = slices.Clone(t.Rows)
		for k := range t.Rows {
			t.Rows[k] = cleanAll(t.Rows[k])
		}
	}
	return out
}

func cleanAll(list []string) []string { return mapped(list, visible.Line) }

func mapped(list []string, clean func(string) string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = clean(out[i])
	}
	return out
}
