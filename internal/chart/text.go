package chart

import (
	"slices"

	"perfpipe/internal/table"
	"perfpipe/internal/visible"
)

// shown returns f with all text made safe to show: no control characters, no bidirectional overrides.
func (f *Figure) shown() *Figure {
	out := *f
	for _, s := range []*string{
		&out.Section, &out.Title, &out.Note, &out.Alt, &out.X.Label, &out.X.Unit, &out.Y.Label, &out.Y.Unit, &out.RowLabel,
	} {
		*s = visible.Line(*s)
	}
	out.Series = slices.Clone(f.Series)
	for i := range out.Series {
		s := &out.Series[i]
		s.Name, s.VLabel = visible.Line(s.Name), visible.Line(s.VLabel)
		s.Text, s.Labels = cleanAll(s.Text), cleanAll(s.Labels)
	}
	out.Marks = slices.Clone(f.Marks)
	for i := range out.Marks {
		out.Marks[i].Label = visible.Line(out.Marks[i].Label)
	}
	out.Spans = slices.Clone(f.Spans)
	for i := range out.Spans {
		out.Spans[i].Label = visible.Line(out.Spans[i].Label)
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

func cleanAll(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = visible.Line(out[i])
	}
	return out
}
