package chart

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"perfpipe/internal/visible"
)

// The size of a figure in SVG and PNG.
const (
	figureWidth  vg.Length = 576 // points
	figureHeight vg.Length = 320
	dotsPerInch            = 180
)

var (
	ink  = color.NRGBA{0x1B, 0x1F, 0x24, 0xFF}
	soft = color.NRGBA{0x57, 0x60, 0x6A, 0xFF}
	rule = color.NRGBA{0xE3, 0xE7, 0xEB, 0xFF}
	veil = color.NRGBA{0x57, 0x60, 0x6A, 0x22}
)

// SVG writes one figure as an SVG document. Its text can be searched and needs no font file.
func SVG(w io.Writer, f *Figure) error {
	f = f.shown()
	c := vgsvg.New(figureWidth, figureHeight)
	drawFigure(draw.New(c), f)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	head, body, _ := strings.Cut(b.String(), "<g")
	body = strings.ReplaceAll(body, "font-family:Liberation Sans;",
		"font-family:Liberation Sans,Arial,Helvetica,sans-serif;")
	doc := fmt.Sprintf("%s<title>%s</title>\n<desc>%s</desc>\n<g%s", head, html.EscapeString(f.Title),
		html.EscapeString(f.Alt), body)
	_, err := io.WriteString(w, strings.Map(xmlRune, strings.ToValidUTF8(doc, "�")))
	return err
}

// xmlRune drops characters that XML 1.0 does not allow even when escaped.
func xmlRune(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
		return -1
	}
	return r
}

// PNG writes one figure as a PNG image, 1,440 by 800 pixels. Its font has Latin, Greek and Cyrillic letters; others are
// shown as question marks.
func PNG(w io.Writer, f *Figure) error {
	f = f.with(drawable())
	c := vgimg.NewWith(vgimg.UseWH(figureWidth, figureHeight), vgimg.UseDPI(dotsPerInch))
	drawFigure(draw.New(c), f)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// drawable returns a function that makes text safe to show, and replaces the characters that the font lacks, which
// would vanish.
func drawable() func(string) string {
	face := font.DefaultCache.Lookup(textStyle(1, ink, 0, 0).Font, 1).Face
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if i, err := face.GlyphIndex(nil, r); err != nil || i == 0 {
				return '?'
			}
			return r
		}, visible.Line(s))
	}
}

func textStyle(size float64, c color.Color, x, y float64) draw.TextStyle {
	return draw.TextStyle{
		Color: c, Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(size)),
		XAlign: draw.XAlignment(x), YAlign: draw.YAlignment(y), Handler: plot.DefaultTextHandler,
	}
}

// drawFigure draws, from the top: title, note, legend, and the axes with the data and the names of the series.
func drawFigure(c draw.Canvas, f *Figure) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, 10, -10, 8, -8)
	y := c.Max.Y
	text := func(size float64, col color.Color, s string) {
		sty := textStyle(size, col, 0, -1)
		for _, line := range wrap(sty, s, c.Max.X-c.Min.X) {
			c.FillText(sty, vg.Point{X: c.Min.X, Y: y}, fit(sty, line, c.Max.X-c.Min.X))
			y -= vg.Points(size * 1.35)
		}
	}
	text(12, ink, f.Title)
	text(8, soft, f.Note)
	y -= drawLegend(c, f, y) + 4
	p, xlo, xhi, ylo, yhi := axes(f)
	right := endWidth(f)
	area := vg.Rectangle{Min: c.Min, Max: vg.Point{X: c.Max.X - right, Y: y - marksHeight(f)}}
	body := draw.Canvas{Canvas: c.Canvas, Rectangle: area}
	p.Draw(body)
	plane := p.DataCanvas(body)
	d := &drawing{f: f, c: plane, edge: c.Max.X, x: func(v float64) vg.Length {
		return plane.Min.X + vg.Length((f.X.Scale.place(v)-xlo)/(xhi-xlo))*(plane.Max.X-plane.Min.X)
	}, y: func(v float64) vg.Length {
		return plane.Min.Y + vg.Length((f.Y.Scale.place(v)-ylo)/(yhi-ylo))*(plane.Max.Y-plane.Min.Y)
	}}
	d.grid(f.Y.ticks(ylo, yhi, 6), ylo, yhi)
	d.spans()
	base := map[float64]float64{}
	for i := range f.Series {
		d.series(&f.Series[i], base)
	}
	d.marks()
	d.ends()
}

// axes returns an empty plot with the axes of f, and the range of places that it shows.
func axes(f *Figure) (p *plot.Plot, xlo, xhi, ylo, yhi float64) {
	p = plot.New()
	xlo, xhi = f.extent(false)
	ylo, yhi = f.extent(true)
	if !f.filled() {
		pad := (yhi - ylo) * 0.04
		yhi += pad
		if !f.Y.Zero || ylo != 0 {
			ylo -= pad
		}
	}
	set := func(a *plot.Axis, of Axis, lo, hi float64, n int) {
		a.Min, a.Max, a.Padding = lo, hi, 2
		a.Label.Text = of.title()
		a.Label.TextStyle = textStyle(9, soft, -0.5, 0)
		a.LineStyle.Color, a.Tick.LineStyle.Color = soft, soft
		a.LineStyle.Width, a.Tick.LineStyle.Width, a.Tick.Length = 0.5, 0.5, 3
		a.Tick.Label.Font = textStyle(8.5, ink, 0, 0).Font
		a.Tick.Label.Color = ink
		var ticks []plot.Tick
		for _, t := range of.ticks(lo, hi, n) {
			ticks = append(ticks, plot.Tick{Value: t.place, Label: t.label})
		}
		a.Tick.Marker = plot.ConstantTicks(ticks)
	}
	set(&p.X, f.X, xlo, xhi, 8)
	set(&p.Y, f.Y, ylo, yhi, 6)
	p.BackgroundColor = nil
	return p, xlo, xhi, ylo, yhi
}

// title returns the label of an axis with its unit and, if it is logarithmic, a note.
func (a Axis) title() string {
	var notes []string
	if a.Unit != "" {
		notes = append(notes, a.Unit)
	}
	if a.Scale == Log {
		notes = append(notes, "log")
	}
	if notes == nil {
		return a.Label
	}
	return fmt.Sprintf("%s (%s)", a.Label, strings.Join(notes, ", "))
}

// filled reports whether the data fill the plane, so that they need no padding.
func (f *Figure) filled() bool {
	for _, s := range f.Series {
		if s.Kind == Cells || s.Kind == Rects {
			return true
		}
	}
	return false
}

// wrap breaks s into lines of at most the width, after spaces and Chinese punctuation.
func wrap(sty draw.TextStyle, s string, width vg.Length) (lines []string) {
	from, last := 0, 0 // the begin of the line, and its last break
	for end := 0; end < len(s); {
		r, n := utf8.DecodeRuneInString(s[end:])
		end += n
		if last > from && sty.Width(strings.TrimRight(s[from:end], " ")) > width {
			lines, from = append(lines, s[from:last]), last
		}
		if strings.ContainsRune(" ，。；：、", r) {
			last = end
		}
	}
	if from < len(s) {
		lines = append(lines, s[from:])
	}
	return lines
}

// fit truncates s to the width.
func fit(sty draw.TextStyle, s string, width vg.Length) string {
	if sty.Width(s) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && sty.Width(string(r)+"…") > width {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

// drawLegend writes the names of the series with their colours in rows from y down, and returns its height.
func drawLegend(c draw.Canvas, f *Figure, y vg.Length) vg.Length {
	if len(f.Series) < 2 && !f.Stacked && !(len(f.Series) == 1 && f.Series[0].Kind == Cells) {
		return 0
	}
	const row = 12
	sty := textStyle(8.5, ink, 0, -0.5)
	x, used := c.Min.X, vg.Length(row)
	for i := range f.Series {
		s := &f.Series[i]
		name := fit(sty, s.Name, 180)
		if s.Kind == Cells {
			x += drawStrip(c, s, x, y-used+row/2)
			continue
		}
		if need := 18 + sty.Width(name); x+need > c.Max.X && x > c.Min.X {
			if used >= 3*row {
				c.FillText(sty, vg.Point{X: x, Y: y - used + row/2}, "…")
				break
			}
			x, used = c.Min.X, used+row
		}
		at := y - used + row/2
		c.StrokeLine2(draw.LineStyle{Color: f.seriesColor(s.Color), Width: 2.5, Dashes: s.dashes()}, x, at, x+11, at)
		c.FillText(sty, vg.Point{X: x + 14, Y: at}, name)
		x += 24 + sty.Width(name)
	}
	return used
}

// drawStrip draws the colours of some values of cells, each beside its number, and returns its width.
func drawStrip(c draw.Canvas, s *Series, x, y vg.Length) vg.Length {
	sty := textStyle(8.5, ink, 0, -0.5)
	at, values := x, s.scale()
	for i, v := range values {
		c.SetColor(ramp(heat(v, values[len(values)-1])))
		c.Fill(vg.Rectangle{Min: vg.Point{X: at, Y: y - 3}, Max: vg.Point{X: at + 11, Y: y + 3}}.Path())
		label := Number(v)
		if i == len(values)-1 {
			label = fit(sty, label+" "+s.VLabel, 180)
		}
		c.FillText(sty, vg.Point{X: at + 14, Y: y}, label)
		at += 24 + sty.Width(label)
	}
	return at - x
}

// scale returns up to six values of cells, from the least to the greatest, whose colours are about equally far apart.
func (s *Series) scale() []float64 {
	least, most := math.Inf(1), s.most()
	for _, v := range s.V {
		least = min(least, v)
	}
	var out []float64
	for i := range 6 {
		root := math.Sqrt(least) + (math.Sqrt(most)-math.Sqrt(least))*float64(i)/5
		v := root * root
		if least == math.Trunc(least) && most == math.Trunc(most) {
			v = math.Round(v)
		}
		if len(out) == 0 || v > out[len(out)-1] {
			out = append(out, v)
		}
	}
	return out
}

// dashPatterns returns the lengths of strokes and gaps in CSS pixels. The first pattern is a solid line.
func dashPatterns() [][]float64 {
	return [][]float64{nil, {7, 4}, {2, 3}, {10, 3, 2, 3}, {14, 4}, {2, 7}, {10, 3, 2, 3, 2, 3}}
}

func (s *Series) dashes() []vg.Length {
	patterns := dashPatterns()
	var out []vg.Length
	for _, v := range patterns[max(s.Dash, 0)%len(patterns)] {
		out = append(out, vg.Length(v)*0.6)
	}
	return out
}

// endWidth returns the width of the names at the ends of the lines.
func endWidth(f *Figure) vg.Length {
	width := vg.Length(8)
	for i := range f.Series {
		if s := &f.Series[i]; f.named(s) {
			sty := textStyle(8.5, ink, 0, 0)
			width = max(width, sty.Width(fit(sty, s.Name, 110))+8)
		}
	}
	return width
}

// named reports whether s has its name at its end.
func (f *Figure) named(s *Series) bool {
	return !f.NoEnds && len(f.Series) > 1 && len(f.Series) <= 24 && (s.Kind == Line || s.Kind == Steps) && !s.Faint &&
		s.Len() > 0
}

// marksHeight returns the height of the labels of marks on x.
func marksHeight(f *Figure) vg.Length {
	n := 0
	for _, m := range f.Marks {
		if !m.OnY {
			n++
		}
	}
	return markRow * vg.Length(min(n, mostMarkRows))
}

func finite(v vg.Length) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
