package chart

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/table"

	"perfpipe/internal/visible"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test -update writes it anew", path)
	}
}

// samples returns figures with every kind of series, axis and mark.
func samples() []Figure {
	lines := Figure{
		Name: "lines", Section: "A", Title: "Lines on nines", Note: "With a band.", Alt: "Two lines rise.",
		X: Axis{Label: "percentile", Scale: Nines}, Y: Axis{Label: "TTFT", Unit: "ms", Scale: Log}, Ordered: true,
		Series: []Series{
			{Name: "rate=1", Kind: Line, Color: 0, X: Column{50, 90, 99, 99.9}, Y: Column{10, 20, 80, 300},
				Lo: Column{9, 18, 60, 200}, Hi: Column{11, 22, 90, 400}},
			{Name: "rate=2", Kind: Line, Color: 1, X: Column{50, 90, 99}, Y: Column{12, math.NaN(), 200},
				Hollow: []bool{false, false, true}, Labels: []string{"first", "", "last"}},
		},
		Marks: []Mark{{At: 100, OnY: true, Label: "SLO 100 ms", Color: -1}},
	}
	bars := Figure{
		Name: "bars", Section: "B", Title: "Stacked bars", Alt: "Bars.", Stacked: true,
		X: Axis{Label: "time", Unit: "s"}, Y: Axis{Label: "errors", Unit: "1/s", Zero: true},
		Series: []Series{
			{Name: "http", Kind: Bars, Color: 0, X: Column{0, 1, 2}, X2: Column{1, 2, 3}, Y: Column{1, 0, 2}},
			{Name: "empty", Kind: Bars, Color: 1, X: Column{0, 1, 2}, X2: Column{1, 2, 3}, Y: Column{3, 1, 0}},
		},
		Marks: []Mark{{At: 1, Label: "p50 1 s", Color: -1}, {At: 1.1, Label: "p90 1.1 s", Color: -1}},
		Spans: []Span{{From: 0, To: 1, Label: "warm-up"}},
	}
	cells := Figure{
		Name: "cells", Section: "B", Title: "Cells", Alt: "A heatmap.", X: Axis{Label: "time", Unit: "s"},
		Y: Axis{Label: "latency", Unit: "ms", Scale: Log},
		Series: []Series{{Name: "requests", Kind: Cells, X: Column{0, 1}, X2: Column{1, 2}, Y: Column{10, 20},
			Y2: Column{20, 40}, V: Column{1, 9}}},
	}
	mixed := Figure{
		Name: "mixed", Section: "B", Title: "Dots, steps and rectangles", Alt: "Mixed.", X: Axis{Label: "time", Unit: "s"},
		Y: Axis{Label: "n"},
		Series: []Series{
			{Name: "dots", Kind: Dots, Color: 2, X: Column{1, 2}, Y: Column{1, 2}},
			{Name: "steps", Kind: Steps, Color: 3, Dash: 1, X: Column{0, 1, 2}, Y: Column{0, 2, 1}},
			{Name: "rects", Kind: Rects, Color: 4, X: Column{0.5}, X2: Column{1.5}, Y: Column{0}},
		},
	}
	return []Figure{lines, bars, cells, mixed}
}

func TestSVG(t *testing.T) {
	for _, f := range samples() {
		var b bytes.Buffer
		if err := SVG(&b, &f); err != nil {
			t.Fatal(err)
		}
		golden(t, f.Name+".svg", b.Bytes())
	}
}

func TestTerm(t *testing.T) {
	for _, f := range samples() {
		var b bytes.Buffer
		if err := Term(&b, &f, 72); err != nil {
			t.Fatal(err)
		}
		golden(t, f.Name+".txt", b.Bytes())
	}
}

func TestTermTakesNoStringForControl(t *testing.T) {
	f := samples()[0]
	f.Title, f.Y.Label, f.Series[0].Name = "\x1b[31mred\x07", "a\rb", "c\x9b2Jd"
	var b bytes.Buffer
	if err := Term(&b, &f, 72); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool {
		return r < ' ' && r != '\n' || r >= 0x7F &&
			r < 0xA0
	}); i >= 0 {
		t.Errorf("a control character at %d", i)
	}
}

func TestVegaIsOneLayerForEachKind(t *testing.T) {
	for i, want := range [][]string{{"area", "line", "rule"}, {"rect", "rule", "rule"}, {"rect"},
		{"rect", "line", "point"}} {
		var b bytes.Buffer
		f := samples()[i]
		if err := Vega(&b, &f); err != nil {
			t.Fatal(err)
		}
		var spec struct {
			Layer []struct {
				Mark any
				Data struct{ Values []map[string]any }
			}
		}
		if err := json.Unmarshal(b.Bytes(), &spec); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range spec.Layer {
			mark, ok := l.Mark.(string)
			if m, isMap := l.Mark.(map[string]any); isMap {
				mark, ok = m["type"].(string)
			}
			if !ok || len(l.Data.Values) == 0 {
				t.Errorf("%s: a layer %v of %d data", f.Name, l.Mark, len(l.Data.Values))
			}
			got = append(got, mark)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: layers %v, want %v", f.Name, got, want)
		}
	}
}

func TestThinKeepsExtremes(t *testing.T) {
	x, y := make(Column, 100_000), make(Column, 100_000)
	for i := range x {
		x[i], y[i] = float64(i), math.Sin(float64(i)/3000)
	}
	y[0], y[54_321], y[77_777], y[99_999] = 7, 50, -50, 9
	gotX, gotY := Thin(x, y, 300)
	if len(gotX) > 300 || len(gotX) != len(gotY) {
		t.Fatalf("%d and %d points", len(gotX), len(gotY))
	}
	if !slices.IsSorted(gotX) {
		t.Error("the points are out of order")
	}
	for _, want := range []int{0, 54_321, 77_777, 99_999} {
		if i := slices.Index(gotX, x[want]); i < 0 || gotY[i] != y[want] {
			t.Errorf("point %d was lost", want)
		}
	}
	if short, _ := Thin(x[:5], y[:5], 300); len(short) != 5 {
		t.Errorf("a short line became %d points", len(short))
	}
}

func TestPackedRectanglesAreExact(t *testing.T) {
	s := Series{Kind: Rects, X: Column{0.1, 12345.6789, 3}, X2: Column{0.2, 12346, 3.00004}, Y: Column{0, 5, 2}}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Step     float64
		X, X2, Y []int64
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	var x, y int64
	for i := range got.X {
		x, y = x+got.X[i], y+got.Y[i]
		if from, to := float64(x)*got.Step, float64(x+got.X2[i])*got.Step; math.Abs(from-s.X[i]) > got.Step/2 ||
			math.Abs(to-s.X2[i]) > got.Step || float64(y) != s.Y[i] {
			t.Errorf("rectangle %d is from %v to %v in row %d, want %v to %v in %v", i, from, to, y, s.X[i], s.X2[i], s.Y[i])
		}
	}
}

func TestPackedCellsAreExact(t *testing.T) {
	s := Series{Kind: Cells, X: Column{0, 0, 1}, X2: Column{1, 1, 2}, Y: Column{10, 20, 10}, Y2: Column{20, 40, 20},
		V: Column{1, 2, 3}}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"","kind":"cells","color":0,"v":[1,2,3],"xs":[[0,1],[1,2]],"ys":[[10,20],[20,40]],` +
		`"x":[0,0,1],"y":[0,1,-1]}`
	if string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

func TestPNGHasInk(t *testing.T) {
	for _, f := range samples() {
		var b bytes.Buffer
		if err := PNG(&b, &f); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		colors := map[[3]uint32]bool{}
		r := img.Bounds()
		for y := r.Min.Y; y < r.Max.Y; y += 3 {
			for x := r.Min.X; x < r.Max.X; x += 3 {
				r, g, b, _ := img.At(x, y).RGBA()
				colors[[3]uint32{r, g, b}] = true
			}
		}
		if r.Dx() != 1440 || r.Dy() != 800 || len(colors) < 8 {
			t.Errorf("%s: %d × %d pixels in %d colours", f.Name, r.Dx(), r.Dy(), len(colors))
		}
	}
}

// hostile returns strings that end a script, an attribute, a style or a comment if they are not escaped.
func hostile() []string {
	return []string{
		`</script><img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `<!--<script>`, `]]></script>`, "\u2028\u2029",
		`'; alert(1); '`,
		`{{.Title}}`, `javascript:alert(1)`, `</style><script>alert(1)</script>`, `\u003c/script>`, "a\x00b", "\xff\xfe",
		`${alert(1)}`, `%d%s`,
	}
}

func hostilePage() *Page {
	p := &Page{}
	for i, h := range hostile() {
		p.Title += h
		p.Notices = append(p.Notices, h)
		p.Facts = append(p.Facts, [2]string{h, h})
		p.Tables = append(p.Tables, table.Table{Title: h, Notes: []string{h}, Header: []string{h, h},
			Rows: [][]string{{h, h}}})
		f := samples()[i%4]
		f.Name = strings.Repeat("x", i+1)
		f.Section, f.Title, f.Note, f.Alt, f.X.Label, f.X.Unit = h, h, h, h, h, h
		for k := range f.Series {
			f.Series[k].Name, f.Series[k].VLabel = h, h
			f.Series[k].Text = make([]string, f.Series[k].Len())
			for j := range f.Series[k].Text {
				f.Series[k].Text[j] = h
			}
		}
		for k := range f.Marks {
			f.Marks[k].Label = h
		}
		f.Spans = []Span{{From: 0, To: 1, Label: h}}
		p.Figures = append(p.Figures, f)
	}
	p.Footer = p.Title
	return p
}

func TestHTMLTakesNoStringForMarkup(t *testing.T) {
	var plain, b bytes.Buffer
	if err := HTML(&plain, &Page{Title: "plain", Figures: samples()}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&b, hostilePage()); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"<script", "</script", "<style", "</style", "<img", "<!--"} {
		if got, want := strings.Count(b.String(), tag), strings.Count(plain.String(), tag); got != want {
			t.Errorf("%d times %q in the hostile page, %d in a plain one", got, tag, want)
		}
	}
	if strings.Contains(b.String(), "<svg onload") {
		t.Error("an attribute was left by its value")
	}
}

func TestSVGTakesNoStringForMarkup(t *testing.T) {
	for _, f := range hostilePage().Figures {
		var b bytes.Buffer
		if err := SVG(&b, &f); err != nil {
			t.Fatal(err)
		}
		for _, tag := range []string{"<script", "<img", "<svg onload", "]]>"} {
			if strings.Contains(b.String(), tag) {
				t.Errorf("%q stands in the SVG of %q", tag, f.Title)
			}
		}
		for d := xml.NewDecoder(&b); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("the SVG of %q: %v", f.Title, err)
			}
		}
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	var b bytes.Buffer
	if err := HTML(&b, &Page{Title: "t", Figures: samples()}); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(b.String(), "<script")
	for _, want := range []string{"default-src 'none'", "sha256-"} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %q", want)
		}
	}
	for _, bad := range []string{"<link", " src=", "@import", "url("} {
		if strings.Contains(head, bad) {
			t.Errorf("the head has %q", bad)
		}
	}
}

func TestEmptyFigures(t *testing.T) {
	f := Figure{Name: "none", Title: "Nothing"}
	if !f.Empty() {
		t.Error("a figure without series is empty")
	}
	if err := SVG(io.Discard, &f); err != nil {
		t.Error(err)
	}
}

func TestColumnJSON(t *testing.T) {
	got, _ := Column{0, 1, -2, 0.1, 123456.789, 1764000000, math.NaN(), math.Inf(1), 1e-9, 99.987654, -0.00001,
		1e20}.MarshalJSON()
	if want := `[0,1,-2,0.1,123456.8,1764000000,null,null,1e-09,99.988,-0.00001,100000000000000000000]`; string(
		got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 1234.6: "1,235", 1234567: "1,234,567", 0.01234: "0.0123",
		12.345: "12.3", 99.96: "100", -3: "−3"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		scale  Scale
		lo, hi float64
		want   string
		whole  bool
	}{
		{Linear, 0, 10, "0 2 4 6 8 10", false},
		{Linear, 0, 0.02, "0.000 0.005 0.010 0.015 0.020", false},
		{Linear, -5, 5, "−4 −2 0 2 4", false},
		{Linear, 0, 3e6, "0 500k 1M 1.5M 2M 2.5M 3M", false},
		{Linear, 1, 5, "1 2 3 4 5", true},
		{Linear, 0, 300, "0 50 100 150 200 250 300", true},
		{Log, 0, 0.6, "1 2 3", true},
		{Log, 0, 1, "1 1.5 2 3 5 7 10", false},
		{Log, 0, 2, "1 2 5 10 20 50 100", false},
		{Log, -2, 6, "0.01 1 100 10,000 1M", false},
		{Log, 2, 2.1, "100 105 110 115 120 125", false},
		{Nines, 0, 4, "p0 p50 p75 p90 p95 p99 p99.9 p99.99", false},
	} {
		var got []string
		axis := Axis{Scale: c.scale, Whole: c.whole}
		for _, tick := range axis.ticks(c.lo, c.hi, 6) {
			got = append(got, tick.label)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q from %v to %v: %s, want %s", c.scale, c.lo, c.hi, s, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	sty := textStyle(8, ink, 0, 0)
	for s, want := range map[string]string{
		"": "", "one": "one", "one two three": "one two |three", "one two": "one two", "fourteen-letters": "fourteen-letters",
		"a fourteen-letters b": "a |fourteen-letters |b", "一二三，四五六。七八九": "一二三，|四五六。|七八九",
	} {
		if got := strings.Join(wrap(sty, s, sty.Width("one two th")), "|"); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// TestTextIsPlain puts control characters and bidirectional overrides into every text of a page.
func TestTextIsPlain(t *testing.T) {
	bad := "a\x1b[2J\x07\u009b\u202e\u2066\r\nb"
	f := Figure{
		Name: "f", Section: bad, Title: bad, Note: bad, Alt: bad, X: Axis{Label: bad, Unit: bad},
		Y: Axis{Label: bad, Unit: bad}, RowLabel: bad,
		Series: []Series{{Name: bad, Kind: Line, VLabel: bad, X: Column{1, 2}, Y: Column{1, 2}, Text: []string{bad, bad},
			Labels: []string{bad, bad}}, {Name: bad + "2", Kind: Line, X: Column{1}, Y: Column{1}}},
		Marks: []Mark{{At: 1, Label: bad, Color: -1}, {At: 1, OnY: true, Label: bad, Color: 0}},
		Spans: []Span{{From: 1, To: 2, Label: bad}},
	}
	cells := table.Table{Title: bad, Notes: []string{bad}, Header: []string{bad}, Rows: [][]string{{bad}}}
	p := &Page{Title: bad, Notices: []string{bad}, Facts: [][2]string{{bad, bad}}, Tables: []table.Table{cells},
		Details: []table.Table{cells}, Figures: []Figure{f}, Footer: bad}
	for format, draw := range map[string]func(io.Writer) error{
		"html": func(w io.Writer) error { return HTML(w, p) }, "svg": func(w io.Writer) error { return SVG(w, &f) },
		"term": func(w io.Writer) error { return Term(w, &f, 80) }, "vega": func(w io.Writer) error { return Vega(w, &f) },
		"csv": func(w io.Writer) error { return CSV(w, p.Figures) },
	} {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		for _, c := range []string{"\x1b", "\x07", "\u009b", "\u202e", "\u2066", "\r", `\u001b`, `\u202e`, `\u009b`,
			`\u0007`} {
			if strings.Contains(b.String(), c) && !strings.Contains(library, c) {
				t.Errorf("%s: has %q", format, c)
			}
		}
	}
	if f.Title != bad || p.Tables[0].Rows[0][0] != bad {
		t.Error("drawing changed the figure")
	}
}

// TestPNGDropsNoLetters checks that letters which the font of PNG images lacks are replaced instead of vanishing.
func TestPNGDropsNoLetters(t *testing.T) {
	for in, want := range map[string]string{
		"TTFT (µs) ≤ 5 · a–b ∞ Ünïcode Ελλ Жук": "TTFT (µs) ≤ 5 · a–b ∞ Ünïcode Ελλ Жук",
		"负载 rate=5 日本語":                         "?? rate=5 ???",
		"a\x1bb":                                visible.Line("a\x1bb"),
	} {
		if got := drawable()(in); got != want {
			t.Errorf("%q is drawn as %q, want %q", in, got, want)
		}
	}
}
