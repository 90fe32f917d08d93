package chart

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"perfpipe/internal/visible"
)

// CSV writes the data of figures, one line for each datum. NaN and ±Inf, such as a gap in a line, are empty cells.
func CSV(w io.Writer, figures []Figure) error {
	out := csv.NewWriter(w)
	header := []string{"figure", "series", "kind", "x", "x2", "y", "y2", "low", "high", "value", "text"}
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range figures {
		f := figures[i].shown()
		for k := range f.Series {
			s := &f.Series[k]
			for j := range s.X {
				row := []string{f.Name, visible.Cell(s.Name), string(s.Kind)}
				for _, c := range []Column{s.X, s.X2, s.Y, s.Y2, s.Lo, s.Hi, s.V} {
					row = append(row, c.cell(j))
				}
				text := ""
				if j < len(s.Text) {
					text = visible.Cell(s.Text[j])
				}
				if err := out.Write(append(row, text)); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cell returns datum i with full precision.
func (c Column) cell(i int) string {
	if i >= len(c) || math.IsNaN(c[i]) || math.IsInf(c[i], 0) {
		return ""
	}
	return strconv.FormatFloat(c[i], 'g', -1, 64)
}
