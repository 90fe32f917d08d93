package chart

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/mattn/go-runewidth"
)

// termHeight is the height of the plane of a figure in a terminal, in lines.
const termHeight = 14

// LeastWidth is the width of the narrowest supported terminal, in columns.
const LeastWidth = 40

// Term draws one figure for a terminal with the given number of columns, without colours. Each character is two by four
// dots of braille; letters at the points of a series distinguish it from the others, and cells have shades.
func Term(w io.Writer, f *Figure, columns int) error {
	if columns <= 0 {
		columns = 100
	}
	columns = max(columns, LeastWidth)
	f = f.shown()
	xlo, xhi := f.extent(false)
	ylo, yhi := f.extent(true)
	yTicks := f.Y.ticks(ylo, yhi, 4)
	label := 0
	for _, t := range yTicks {
		label = max(label, runewidth.StringWidth(t.label))
	}
	g := &grid{f: f, width: columns - label - 2, xlo: xlo, xhi: xhi, ylo: ylo, yhi: yhi}
	g.cells = make([][]cell, termHeight)
	for i := range g.cells {
		g.cells[i] = make([]cell, g.width)
	}
	g.draw()
	var b strings.Builder
	b.WriteString(f.Title + "\n")
	if key := g.key(); key != "" {
		b.WriteString(key + "\n")
	}
	b.WriteString(f.Y.title() + "\n")
	for row := range g.cells {
		name, edge := "", "│"
		for _, t := range yTicks {
			if g.row(t.place) == row {
				name, edge = t.label, "┤"
			}
		}
		b.WriteString(runewidth.FillLeft(name, label) + edge + strings.TrimRight(g.line(row), " ") + "\n")
	}
	b.WriteString(g.axis(label))
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// cell is one character of the plane: a letter, else dots of braille, else a shade.
type cell struct {
	dots   rune
	shade  float64
	letter rune
}

type grid struct {
	f                  *Figure
	width              int
	xlo, xhi, ylo, yhi float64
	cells              [][]cell
}

// row returns the line of a place of y. The topmost is 0.
func (g *grid) row(place float64) int {
	return min(int((g.yhi-place)/(g.yhi-g.ylo)*termHeight), termHeight-1)
}

// at returns the dot of a datum, in half columns and quarter lines, and reports whether the datum can be shown.
func (g *grid) at(x, y float64) (col, row int, ok bool) {
	px, py := g.f.X.Scale.place(x), g.f.Y.Scale.place(y)
	if math.IsNaN(px) || math.IsNaN(py) || math.IsInf(px, 0) || math.IsInf(py, 0) {
		return 0, 0, false
	}
	col = int((px - g.xlo) / (g.xhi - g.xlo) * float64(2*g.width-1))
	row = int((g.yhi - py) / (g.yhi - g.ylo) * float64(4*termHeight-1))
	return col, row, true
}

func (g *grid) dot(col, row int) {
	if col < 0 || row < 0 || col >= 2*g.width || row >= 4*termHeight {
		return
	}
	// The order of the bits of a braille pattern in Unicode: down the left column, down the right, then the fourth row.
	bit := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}[row%4][col%2]
	g.cells[row/4][col/2].dots |= bit
}

func (g *grid) draw() {
	for i := range g.f.Series {
		s := &g.f.Series[i]
		if s.Faint && len(g.f.Series) > 1 {
			continue // no space for the background
		}
		switch s.Kind {
		case Line, Steps:
			g.path(s, letter(i))
		case Dots:
			for k := range s.X {
				if col, row, ok := g.at(s.X[k], s.Y[k]); ok {
					g.dot(col, row)
				}
			}
		case Bars:
			g.bars(s)
		case Cells:
			top := s.most()
			for k := range s.X {
				g.block(s.X[k], s.X2[k], s.Y[k], s.Y2[k], heat(s.V[k], top))
			}
		case Rects:
			for k := range s.X {
				g.block(s.X[k], s.X2[k], s.Y[k], s.Y[k]+rowHeight, 1)
			}
		}
	}
}

// letter returns the name of a series in the key and at its points.
func letter(i int) rune {
	if i < 26 {
		return 'a' + rune(i)
	}
	return '*'
}

// path draws a line of dots, with the letter of the series if there are several.
func (g *grid) path(s *Series, name rune) {
	var fromCol, fromRow int
	pen := false
	every := max(1, s.Len()/6)
	for k := range s.X {
		col, row, ok := g.at(s.X[k], s.Y[k])
		if !ok {
			pen = false
			continue
		}
		switch {
		case pen && s.Kind == Steps:
			g.stroke(fromCol, fromRow, col, fromRow)
			g.stroke(col, fromRow, col, row)
		case pen:
			g.stroke(fromCol, fromRow, col, row)
		default:
			g.dot(col, row)
		}
		if len(g.f.Series) > 1 && k%every == every/2 && col/2 < g.width && row/4 < termHeight && col >= 0 && row >= 0 {
			g.cells[row/4][col/2].letter = name
		}
		fromCol, fromRow, pen = col, row, true
	}
}

// stroke sets the dots of a straight line.
func (g *grid) stroke(x0, y0, x1, y1 int) {
	n := max(abs(x1-x0), abs(y1-y0), 1)
	for i := range n + 1 {
		g.dot(x0+(x1-x0)*i/n, y0+(y1-y0)*i/n)
	}
}

func abs(v int) int { return max(v, -v) }

func (g *grid) bars(s *Series) {
	for k := range s.X {
		c0, top, ok := g.at(s.X[k], s.Y[k])
		c1, bottom, ok1 := g.at(s.X2[k], 0)
		if !ok || !ok1 || s.Y[k] == 0 {
			continue
		}
		for col := c0; col < max(c1, c0+1); col++ {
			for row := top; row <= bottom; row++ {
				g.dot(col, row)
			}
		}
	}
}

// block shades the characters that a rectangle touches.
func (g *grid) block(x0, x1, y0, y1, shade float64) {
	c0, r1, ok := g.at(x0, y0)
	c1, r0, ok1 := g.at(x1, y1)
	if !ok || !ok1 {
		return
	}
	for row := max(r0/4, 0); row <= min(max(r1-1, r0)/4, termHeight-1); row++ {
		for col := max(c0/2, 0); col <= min(max(c1-1, c0)/2, g.width-1); col++ {
			g.cells[row][col].shade = max(g.cells[row][col].shade, shade)
		}
	}
}

// line returns the text of a row.
func (g *grid) line(row int) string {
	var b strings.Builder
	for _, c := range g.cells[row] {
		switch {
		case c.letter != 0:
			b.WriteRune(c.letter)
		case c.dots != 0:
			b.WriteRune(0x2800 + c.dots)
		case c.shade > 0:
			b.WriteRune([]rune("░▒▓█")[min(int(c.shade*4), 3)])
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// key returns the names of the series with their letters, and those of the marks.
func (g *grid) key() string {
	var words []string
	if len(g.f.Series) > 1 {
		for i, s := range g.f.Series {
			if (s.Kind == Line || s.Kind == Steps) && !s.Faint {
				words = append(words, fmt.Sprintf("%c %s", letter(i), s.Name))
			}
		}
	}
	for _, m := range g.f.Marks {
		words = append(words, m.Label)
	}
	return strings.Join(words, "   ")
}

// axis returns the line below the plane, with the labels and the title of the axis.
func (g *grid) axis(indent int) string {
	line, labels := []rune(strings.Repeat("─", g.width)), strings.Repeat(" ", indent+1)
	for _, t := range g.f.X.ticks(g.xlo, g.xhi, g.width/14) {
		col := min(int((t.place-g.xlo)/(g.xhi-g.xlo)*float64(g.width-1)), g.width-1)
		line[col] = '┬'
		at := indent + 1 + col - runewidth.StringWidth(t.label)/2
		if used := runewidth.StringWidth(labels); at > used || used == indent+1 && at >= 0 {
			labels = strings.TrimRight(labels, " ")
			labels += strings.Repeat(" ", max(at-runewidth.StringWidth(labels), 0)) + t.label + " "
		}
	}
	return strings.Repeat(" ", indent) + "└" + string(line) + "\n" + strings.TrimRight(labels, " ") + "  " +
		g.f.X.title() + "\n"
}
