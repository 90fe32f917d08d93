package report

import (
	"math"

	"perfpipe/internal/chart"
)

// inSeconds changes the axes of long durations from ms to seconds.
func inSeconds(f *chart.Figure) {
	if f.X.Unit == "ms" && longest(f, false) >= longMs {
		f.X.Unit = "s"
		shorten(f, false)
	}
	if f.Y.Unit == "ms" && longest(f, true) >= longMs {
		f.Y.Unit = "s"
		shorten(f, true)
	}
}

// along returns the columns of a series along one axis.
func along(s *chart.Series, y bool) []chart.Column {
	if y {
		return []chart.Column{s.Y, s.Y2, s.Lo, s.Hi}
	}
	return []chart.Column{s.X, s.X2}
}

// longest returns the greatest finite value of the series along one axis.
func longest(f *chart.Figure, y bool) float64 {
	most := 0.0
	for i := range f.Series {
		for _, c := range along(&f.Series[i], y) {
			for _, v := range c {
				if v > most && !math.IsInf(v, 0) {
					most = v
				}
			}
		}
	}
	return most
}

// shorten converts milliseconds to seconds along one axis. It copies columns, since series may share them.
func shorten(f *chart.Figure, y bool) {
	scaled := func(c chart.Column) chart.Column {
		if c == nil {
			return nil
		}
		out := make(chart.Column, len(c))
		for i, v := range c {
			out[i] = v / 1000
		}
		return out
	}
	for i := range f.Series {
		s := &f.Series[i]
		if y {
			s.Y, s.Y2, s.Lo, s.Hi = scaled(s.Y), scaled(s.Y2), scaled(s.Lo), scaled(s.Hi)
		} else {
			s.X, s.X2 = scaled(s.X), scaled(s.X2)
		}
	}
	axis := &f.X
	if y {
		axis = &f.Y
	}
	if axis.Scale == chart.Linear {
		axis.Least /= 1000
		axis.To /= 1000
	}
	for i := range f.Marks {
		if f.Marks[i].OnY == y {
			f.Marks[i].At /= 1000
		}
	}
}
