package main

import "testing"

func TestChooseFormat(t *testing.T) {
	for _, c := range []struct{ output, typed, want, err string }{
		{"", "", "table", ""},
		{"-", "", "table", ""},
		{"/dev/null", "", "table", ""},
		{"summary", "", "table", ""},
		{"x.json", "", "json", ""},
		{"x.CSV", "", "csv", ""},
		{"x.md", "", "markdown", ""},
		{"x.html", "", "html", ""},
		{"x.prom", "", "prometheus", ""},
		{"x.xml", "", "junit", ""},
		{"x.txt", "", "table", ""},
		{"x.json", "json", "json", ""},
		{"x.out", "json", "json", ""},
		{"run.d", "evalscope", "evalscope", ""},
		{"x.json", "csv", "", "--format csv: the name x.json is that of json"},
		{"x.pdf", "", "", "-o x.pdf: no format ends in .pdf"},
	} {
		f := flags{Output: c.output, Format: c.typed}
		err := f.chooseFormat()
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%+v: got %v", c, err)
			}
			continue
		}
		if err != nil || f.Format != c.want {
			t.Errorf("%+v: got %s, %v", c, f.Format, err)
		}
	}
}
