package chart

import (
	"encoding/json"
	"math"
)

// packStep is the resolution of packed columns.
const packStep = 1e-4

// MarshalJSON implements json.Marshaler. The columns of rectangles and cells are packed, since they may be tens of
// thousands.
func (s Series) MarshalJSON() ([]byte, error) {
	type plain Series
	switch s.Kind {
	case Rects:
		width := make([]int64, len(s.X))
		for i := range s.X {
			width[i] = steps(s.X2[i], packStep) - steps(s.X[i], packStep)
		}
		return json.Marshal(struct {
			plain
			Step float64 `json:"step"`
			X    []int64 `json:"x"`
			X2   []int64 `json:"x2"`
			Y    []int64 `json:"y"`
		}{plain(s), packStep, differences(s.X, packStep), width, differences(s.Y, 1)})
	case Cells:
		xs, atX := intervals(s.X, s.X2)
		ys, atY := intervals(s.Y, s.Y2)
		return json.Marshal(struct {
			plain
			Xs [2]Column `json:"xs"`
			Ys [2]Column `json:"ys"`
			X  []int64   `json:"x"`
			Y  []int64   `json:"y"`
			X2 *Column   `json:"x2,omitempty"`
			Y2 *Column   `json:"y2,omitempty"`
		}{plain: plain(s), Xs: xs, Ys: ys, X: atX, Y: atY})
	}
	return json.Marshal(plain(s))
}

func steps(v, step float64) int64 { return int64(math.Round(v / step)) }

// differences returns a column as whole steps, each from the value before. For a long column of times that takes a
// third of the bytes, with an error of at most half a step.
func differences(c Column, step float64) []int64 {
	out := make([]int64, len(c))
	var before int64
	for i, v := range c {
		out[i], before = steps(v, step)-before, steps(v, step)
	}
	return out
}

// intervals returns the distinct intervals of two columns, which are few on a grid, and for each datum the index of its
// interval relative to that of the datum before.
func intervals(from, to Column) (distinct [2]Column, at []int64) {
	seen := map[[2]float64]int64{}
	at = make([]int64, len(from))
	var before int64
	for i := range from {
		key := [2]float64{from[i], to[i]}
		n, ok := seen[key]
		if !ok {
			n = int64(len(seen))
			seen[key] = n
			distinct[0], distinct[1] = append(distinct[0], from[i]), append(distinct[1], to[i])
		}
		at[i], before = n-before, n
	}
	return distinct, at
}
