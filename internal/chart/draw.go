package chart

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rowHeight is the height of a rectangle, as a share of its row.
const rowHeight = 0.85

// leastBold is the least width of a bold rectangle. Its least height is half of that.
const leastBold vg.Length = 5

// drawing is the state of drawing a figure: x and y map values to places in the area.
type drawing struct {
	f    *Figure
	c    draw.Canvas
	edge vg.Length // right edge of the picture
	x, y func(float64) vg.Length
}

func (d *drawing) grid(ticks []tick, lo, hi float64) {
	for _, t := range ticks {
		y := d.c.Min.Y + vg.Length((t.place-lo)/(hi-lo))*(d.c.Max.Y-d.c.Min.Y)
		d.c.StrokeLine2(draw.LineStyle{Color: rule, Width: 0.5}, d.c.Min.X, y, d.c.Max.X, y)
	}
}

func (d *drawing) spans() {
	for _, s := range d.f.Spans {
		x0, x1 := max(d.x(s.From), d.c.Min.X), min(d.x(s.To), d.c.Max.X)
		if !(x0 < x1) {
			continue
		}
		d.rect(x0, x1, d.c.Min.Y, d.c.Max.Y, veil)
		sty := textStyle(7.5, soft, 0, -1)
		if sty.Width(s.Label) < x1-x0 {
			d.c.FillText(sty, vg.Point{X: x0 + 2, Y: d.c.Max.Y - 1}, s.Label)
		}
	}
}

// series draws s. In a stacked figure, base is the height of the stack so far at each x.
func (d *drawing) series(s *Series, base map[float64]float64) {
	col := d.f.seriesColor(s.Color)
	switch s.Kind {
	case Line, Steps:
		d.band(s, col)
		d.line(s, col)
	case Dots:
		for i := range s.X {
			d.dot(s, i, col, 2.2)
		}
	case Bars:
		for i := range s.X {
			bottom := 0.0
			if d.f.Stacked {
				bottom = base[s.X[i]]
				base[s.X[i]] += s.Y[i]
			}
			x0, x1 := d.x(s.X[i]), d.x(s.X2[i])
			if x1-x0 > 3 {
				x1 -= 0.5
			}
			d.rect(x0, x1, d.y(bottom), d.y(bottom+s.Y[i]), col)
		}
	case Cells:
		top := s.most()
		for i := range s.X {
			d.rect(d.x(s.X[i]), d.x(s.X2[i]), d.y(s.Y[i]), d.y(s.Y2[i]), ramp(heat(s.V[i], top)))
		}
	case Rects:
		for i := range s.X {
			x0, x1, y0, y1 := d.x(s.X[i]), d.x(s.X2[i]), d.y(s.Y[i]), d.y(s.Y[i]+rowHeight)
			if s.Bold {
				x1, y1 = max(x1, x0+leastBold), max(y1, y0+leastBold/2)
			}
			d.rect(x0, x1, y0, y1, col)
		}
	}
}

// rect fills a rectangle, which is clipped to the area and has a least size.
func (d *drawing) rect(x0, x1, y0, y1 vg.Length, col color.Color) {
	if !finite(x0) || !finite(x1) || !finite(y0) || !finite(y1) {
		return
	}
	x1, y1 = max(x1, x0+0.3), max(y1, y0+0.15)
	x0, x1 = max(x0, d.c.Min.X), min(x1, d.c.Max.X)
	y0, y1 = max(y0, d.c.Min.Y), min(y1, d.c.Max.Y)
	if x0 >= x1 || y0 >= y1 {
		return
	}
	d.c.FillPolygon(col, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

func (d *drawing) band(s *Series, col color.NRGBA) {
	if len(s.Lo) != s.Len() || len(s.Hi) != s.Len() {
		return
	}
	var over, under []vg.Point
	for i := range s.X {
		hi, lo := vg.Point{X: d.x(s.X[i]), Y: d.y(s.Hi[i])}, vg.Point{X: d.x(s.X[i]), Y: d.y(s.Lo[i])}
		if finite(hi.X) && finite(hi.Y) && finite(lo.Y) {
			over, under = append(over, hi), append(under, lo)
		}
	}
	slices.Reverse(under)
	points := append(over, under...)
	if len(points) > 2 {
		col.A = 0x28
		d.c.FillPolygon(col, d.c.ClipPolygonXY(points))
	}
}

func (d *drawing) line(s *Series, col color.NRGBA) {
	sty := draw.LineStyle{Color: col, Width: 1.4, Dashes: s.dashes()}
	if s.Faint {
		sty = draw.LineStyle{Color: col, Width: 0.6, Dashes: s.dashes()}
	}
	var run []vg.Point
	flush := func() {
		if len(run) > 1 {
			d.c.StrokeLines(sty, d.c.ClipLinesXY(run)...)
		}
		run = nil
	}
	for i := range s.X {
		p := vg.Point{X: d.x(s.X[i]), Y: d.y(s.Y[i])}
		if !finite(p.X) || !finite(p.Y) {
			flush()
			continue
		}
		if s.Kind == Steps && len(run) > 0 {
			run = append(run, vg.Point{X: p.X, Y: run[len(run)-1].Y})
		}
		run = append(run, p)
	}
	flush()
	for i, label := range s.Labels {
		if p := (vg.Point{X: d.x(s.X[i]), Y: d.y(s.Y[i])}); finite(p.X) && finite(p.Y) {
			side, away := 0.0, vg.Length(5)
			if p.X > d.c.Center().X {
				side, away = -1, -5
			}
			d.c.FillText(textStyle(8, soft, side, -0.5), vg.Point{X: p.X + away, Y: p.Y}, label)
		}
	}
	if s.Kind == Line && s.Len() <= 24 && !s.Faint {
		for i := range s.X {
			d.dot(s, i, col, 2.2)
		}
	}
}

func (d *drawing) dot(s *Series, i int, col color.NRGBA, radius vg.Length) {
	p := vg.Point{X: d.x(s.X[i]), Y: d.y(s.Y[i])}
	if !finite(p.X) || !finite(p.Y) {
		return
	}
	d.c.DrawGlyph(draw.GlyphStyle{Color: col, Radius: radius, Shape: draw.CircleGlyph{}}, p)
	if i < len(s.Hollow) && s.Hollow[i] {
		d.c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: radius * 0.6, Shape: draw.CircleGlyph{}}, p)
	}
}

func (d *drawing) marks() {
	var rows markRows
	var labels []func() // on top of all lines
	for _, m := range d.f.Marks {
		col := soft
		if m.Color >= 0 {
			col = d.f.seriesColor(m.Color)
		}
		sty := draw.LineStyle{Color: col, Width: 0.8, Dashes: []vg.Length{3, 2}}
		if m.OnY {
			if y := d.y(m.At); finite(y) && d.c.ContainsY(y) {
				d.c.StrokeLine2(sty, d.c.Min.X, y, d.c.Max.X, y)
				labels = append(labels, func() { d.label(textStyle(8, readable(col), 0, 0), d.c.Min.X+3, y+1, m.Label) })
			}
			continue
		}
		x := d.x(m.At)
		if !finite(x) || !d.c.ContainsX(x) {
			continue
		}
		label := textStyle(8, readable(col), -0.5, 0)
		half := label.Width(m.Label) / 2
		at := min(max(x, d.c.Min.X+half), max(d.edge-half, d.c.Min.X+half)) // not over the edge of the picture
		top := d.c.Max.Y + markRow*rows.place(at, 2*half)
		d.c.StrokeLine2(sty, x, d.c.Min.Y, x, d.c.Max.Y)
		labels = append(labels, func() { d.label(label, at, top+1, m.Label) })
	}
	for _, draw := range labels {
		draw()
	}
}

// label writes text on a patch of the background, so that no line strikes it through.
func (d *drawing) label(sty draw.TextStyle, x, y vg.Length, text string) {
	width := sty.Width(text)
	left := x + vg.Length(sty.XAlign)*width
	d.c.SetColor(papers[0])
	d.c.Fill(vg.Rectangle{Min: vg.Point{X: left - 1, Y: y}, Max: vg.Point{X: left + width + 1, Y: y + 8}}.Path())
	d.c.FillText(sty, vg.Point{X: x, Y: y}, text)
}

// markRow is the height of one row of labels above the area, and mostMarkRows the most rows.
const (
	markRow      vg.Length = 11
	mostMarkRows int       = 3
)

// markRows has the end, so far, of each row of labels above the area.
type markRows []vg.Length

// place returns the lowest row in which a label centred at x covers no other label.
func (r *markRows) place(x, width vg.Length) vg.Length {
	for i, end := range *r {
		if end < x-width/2 {
			(*r)[i] = x + width/2 + 4
			return vg.Length(i)
		}
	}
	if len(*r) < mostMarkRows {
		*r = append(*r, 0)
	}
	(*r)[len(*r)-1] = x + width/2 + 4
	return vg.Length(len(*r) - 1)
}

// ends writes the name of each line beside its last point, and moves names apart that would overlap.
func (d *drawing) ends() {
	type end struct {
		x, y vg.Length
		s    *Series
	}
	var ends []end
	for i := range d.f.Series {
		s := &d.f.Series[i]
		if !d.f.named(s) {
			continue
		}
		for k := s.Len() - 1; k >= 0; k-- {
			if x, y := d.x(s.X[k]), d.y(s.Y[k]); finite(x) && finite(y) {
				ends = append(ends, end{x, y, s})
				break
			}
		}
	}
	slices.SortFunc(ends, func(a, b end) int {
		if a.y < b.y {
			return -1
		}
		return 1
	})
	const least = 9.5
	for i := 1; i < len(ends); i++ {
		ends[i].y = max(ends[i].y, ends[i-1].y+least)
	}
	if n := len(ends); n > 0 && ends[n-1].y > d.c.Max.Y {
		ends[n-1].y = d.c.Max.Y
		for i := n - 2; i >= 0; i-- {
			ends[i].y = min(ends[i].y, ends[i+1].y-least)
		}
	}
	for _, e := range ends {
		sty := textStyle(8.5, readable(d.f.seriesColor(e.s.Color)), 0, -0.5)
		d.c.FillText(sty, vg.Point{X: e.x + 4, Y: e.y}, fit(sty, e.s.Name, 110))
	}
}
