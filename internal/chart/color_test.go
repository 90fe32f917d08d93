package chart

import (
	"image/color"
	"testing"
)

// TestContrast checks a contrast of 3:1 for lines on light and dark pages, and of 4.5:1 for text in their colours.
func TestContrast(t *testing.T) {
	want := func(c, paper color.NRGBA, least float64, what string) {
		t.Helper()
		if got := contrast(c, paper); got < least {
			t.Errorf("%s %v on %v: %.2f:1, less than %v:1", what, c, paper, got, least)
		}
	}
	if got := contrast(papers[0], color.NRGBA{A: 0xFF}); got < 20.99 || got > 21.01 {
		t.Errorf("white and black have %v:1", got)
	}
	for _, c := range palette {
		want(c, papers[0], 3, "line")
		want(readable(c), papers[0], 4.5, "label")
	}
	for _, c := range darkPalette {
		want(c, papers[1], 4.5, "line and label")
	}
	f := &Figure{Ordered: true}
	for i := range 12 {
		f.Series = append(f.Series, Series{Color: i})
	}
	for i := range f.Series {
		want(f.seriesColor(i), papers[0], 3, "ordered line")
		want(readable(f.seriesColor(i)), papers[0], 4.5, "ordered label")
		want(ramp(darkLeast+(1-darkLeast)*float64(i)/11), papers[1], 3, "ordered line")
	}
}

// TestScaleIsThatOfTheCells checks that the legend of cells names values that occur, in the colours of those cells.
func TestScaleIsThatOfTheCells(t *testing.T) {
	for _, c := range []struct{ v, want Column }{
		{Column{1, 3, 2, 1}, Column{1, 2, 3}},
		{Column{100, 1}, Column{1, 8, 21, 41, 67, 100}},
		{Column{4}, Column{4}},
	} {
		s := Series{Kind: Cells, V: c.v}
		got := s.scale()
		if len(got) != len(c.want) {
			t.Fatalf("%v: %v, want %v", c.v, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v: %v, want %v", c.v, got, c.want)
			}
		}
	}
}

func TestAxisTo(t *testing.T) {
	f := Figure{X: Axis{To: 100}, Series: []Series{{Kind: Line, X: Column{5, 40}, Y: Column{1, 2}}}}
	if lo, hi := f.extent(false); lo != 0 || hi != 100 {
		t.Errorf("from %v to %v", lo, hi)
	}
}
