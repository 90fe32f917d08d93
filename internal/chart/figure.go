// Package chart draws figures, which are plain data, as one HTML page, SVG, PNG, terminal text, Vega-Lite or CSV.
//
// It knows nothing about load tests: series, axes, units and words come from the caller, and none of the caller's
// strings is ever taken for markup. It exports many names because they are the vocabulary of
// figures: scales, and kinds of series.
package chart

import (
	"math"

	"perfpipe/internal/table"
)

// Page is a self-contained document.
type Page struct {
	Title   string
	Lang    string   // of the words that the page itself adds: en or zh
	Notices []string // warnings, such as that the data is simulated
	Facts   [][2]string
	Tables  []table.Table
	Figures []Figure
	Details []table.Table // below the figures, folded
	Footer  string
}

// Figure is one chart.
type Figure struct {
	Name    string `json:"name"`    // lower-case words and hyphens; unique on a page
	Section string `json:"section"` // figures of one section follow one another
	Title   string `json:"title"`
	Note    string `json:"note,omitempty"` // how to read it, a sentence or two
	Alt     string `json:"alt"`            // a description for readers who cannot see it

	X      Axis     `json:"x"`
	Y      Axis     `json:"y"`
	Series []Series `json:"series"`
	Marks  []Mark   `json:"marks,omitempty"`
	Spans  []Span   `json:"spans,omitempty"`

	Rows     []int64 `json:"rows,omitempty"`     // names of the rows of rectangles, shown on hover
	RowLabel string  `json:"rowLabel,omitempty"` // before the name of a row

	NoEnds  bool   `json:"noEnds,omitempty"`  // lines have no names at their ends
	Ordered bool   `json:"ordered,omitempty"` // the series are steps of one quantity: colours go from light to dark
	Stacked bool   `json:"stacked,omitempty"` // bars are stacked
	Wide    bool   `json:"wide,omitempty"`    // takes the whole width of a page
	Height  int    `json:"height,omitempty"`  // of the plot on a page, in CSS pixels; 0 is 330
	Link    string `json:"link,omitempty"`    // figures of the same link share their zoom along x
}

// Scale is the mapping of values to places on an axis.
type Scale string

// The scales.
const (
	Linear Scale = ""
	Log    Scale = "log"   // positive values only
	Nines  Scale = "nines" // a percentage p lies at −log₁₀(1 − p/100): 90, 99 and 99.9 are equally far apart
)

// Axis is the horizontal or the vertical axis of a figure.
type Axis struct {
	Label string  `json:"label"`
	Unit  string  `json:"unit,omitempty"`
	Scale Scale   `json:"scale,omitempty"`
	Zero  bool    `json:"zero,omitempty"` // begins at 0
	Whole bool    `json:"whole,omitempty"`
	Least float64 `json:"least,omitempty"` // the range is at least this wide; of a log axis, in decades
	To    float64 `json:"to,omitempty"`    // of a linear axis: it shows at least from 0 to here; 0 is unset
}

// Kind is the way a series is drawn.
type Kind string

// The kinds of series and the columns that each reads.
const (
	Line  Kind = "line"  // X, Y; Lo and Hi, if present, as a band
	Steps Kind = "steps" // X, Y: a value holds from its X to the next
	Dots  Kind = "dots"  // X, Y; Hollow
	Bars  Kind = "bars"  // from X to X2, of height Y
	Cells Kind = "cells" // from X to X2 and Y to Y2, coloured by V
	Rects Kind = "rects" // from X to X2, in the row of Y, in the series' colour
)

// Series is one set of data: columns of equal length. NaN and ±Inf are gaps.
type Series struct {
	Name   string   `json:"name"`
	Kind   Kind     `json:"kind"`
	Color  int      `json:"color"`           // index in the palette; of an ordered figure, the step
	Dash   int      `json:"dash,omitempty"`  // pattern of strokes; 0 is a solid line
	Faint  bool     `json:"faint,omitempty"` // in the background
	Bold   bool     `json:"bold,omitempty"`  // small rectangles are enlarged so that they are visible
	X      Column   `json:"x,omitempty"`
	X2     Column   `json:"x2,omitempty"`
	Y      Column   `json:"y,omitempty"`
	Y2     Column   `json:"y2,omitempty"`
	Lo     Column   `json:"lo,omitempty"`
	Hi     Column   `json:"hi,omitempty"`
	V      Column   `json:"v,omitempty"`
	Hollow []bool   `json:"hollow,omitempty"`
	Text   []string `json:"text,omitempty"` // of each datum, shown on hover
	VLabel string   `json:"vlabel,omitempty"`
	Labels []string `json:"labels,omitempty"` // beside the points of a line
}

// Mark is a line across the figure at one value of x or y.
type Mark struct {
	At    float64 `json:"at"`
	OnY   bool    `json:"on_y,omitempty"`
	Label string  `json:"label"`
	Color int     `json:"color"` // of the series it belongs to; −1 for none
}

// Span is a shaded stretch of x.
type Span struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Label string  `json:"label,omitempty"`
}

// Len returns the number of data of s.
func (s *Series) Len() int { return len(s.X) }

// place returns the place of v on an axis of this scale, in arbitrary units, or NaN if v cannot be shown.
func (s Scale) place(v float64) float64 {
	switch s {
	case Log:
		if v <= 0 {
			return math.NaN()
		}
		return math.Log10(v)
	case Nines:
		if v >= 100 {
			return math.NaN()
		}
		return -math.Log10(1 - v/100)
	}
	return v
}

// extent returns the range of places of a figure's data along one axis, from 0 to 1 if there are none.
func (f *Figure) extent(y bool) (lo, hi float64) {
	axis := f.X
	if y {
		axis = f.Y
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if p := axis.Scale.place(v); !math.IsNaN(p) && !math.IsInf(p, 0) {
			lo, hi = min(lo, p), max(hi, p)
		}
	}
	for i := range f.Series {
		s := &f.Series[i]
		columns := []Column{s.X, s.X2}
		if y {
			columns = []Column{s.Y, s.Y2, s.Lo, s.Hi}
			if s.Kind == Bars {
				see(0)
			}
		}
		for _, c := range columns {
			for _, v := range c {
				see(v)
				if y && s.Kind == Rects {
					see(v + 1)
				}
			}
		}
	}
	if y && f.Stacked {
		hi = max(hi, f.stackTop())
	}
	for _, m := range f.Marks {
		if m.OnY == y && y {
			see(m.At)
		}
	}
	if lo > hi {
		return 0, 1
	}
	return axis.widen(lo, hi)
}

// widen returns a range that is as large as the axis demands, and never empty.
func (a *Axis) widen(lo, hi float64) (float64, float64) {
	if a.Zero && a.Scale == Linear {
		lo = min(lo, 0)
	}
	if a.To > 0 && a.Scale == Linear {
		lo, hi = min(lo, 0), max(hi, a.To)
	}
	if more := a.Least - (hi - lo); more > 0 {
		if !a.Zero {
			lo, more = lo-more/2, more/2
		}
		hi += more
	}
	if lo == hi {
		pad := math.Abs(lo) / 10
		if a.Scale != Linear || pad == 0 {
			pad = 0.5
		}
		if !a.Zero || lo < 0 {
			lo -= pad
		}
		hi += pad
	}
	return lo, hi
}

// stackTop returns the height of the highest stack of bars.
func (f *Figure) stackTop() float64 {
	sum, top := map[float64]float64{}, 0.0
	for _, s := range f.Series {
		if s.Kind != Bars {
			continue
		}
		for i, x := range s.X {
			sum[x] += s.Y[i]
			top = max(top, sum[x])
		}
	}
	return top
}

// Empty reports whether there is nothing to draw.
func (f *Figure) Empty() bool {
	for _, s := range f.Series {
		if s.Len() > 0 {
			return false
		}
	}
	return true
}

// most returns the greatest value of cells, or 0 if there are none.
func (s *Series) most() float64 {
	most := 0.0
	for _, v := range s.V {
		most = max(most, v)
	}
	return most
}
