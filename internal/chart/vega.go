package chart

import (
	"encoding/json"
	"image/color"
	"io"
	"math"
)

// vegaSchema is the version of Vega-Lite that the specification is written in.
const vegaSchema = "https://vega.github.io/schema/vega-lite/v6.json"

type object = map[string]any

// Vega writes one figure as a Vega-Lite specification with its data inside: one layer for each kind of series.
func Vega(w io.Writer, f *Figure) error {
	f = f.shown()
	layers := []any{}
	for _, kind := range []Kind{Cells, Rects, Bars, Steps, Line, Dots} {
		layers = append(layers, f.vegaLayers(kind)...)
	}
	for _, m := range f.Marks {
		axis := "x"
		if m.OnY {
			axis = "y"
		}
		rule := object{"mark": object{"type": "rule", "strokeDash": []int{4, 3}, "color": "#57606a"}, "data": object{"values": []any{object{"at": m.At, "label": m.Label}}},
			"encoding": object{axis: object{"field": "at", "type": "quantitative"}, "tooltip": object{"field": "label", "type": "nominal"}}}
		if f.X.Scale == Nines && !m.OnY {
			continue // no percentage is marked on an axis of nines
		}
		layers = append(layers, rule)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(object{
		"$schema": vegaSchema, "title": object{"text": f.Title, "subtitle": f.Note}, "description": f.Alt, "width": 640, "height": 320,
		"layer": layers, "resolve": object{"scale": object{"color": "independent"}},
	})
}

// vegaLayers are the layers of one kind of series: of lines, the bands below and then the lines.
func (f *Figure) vegaLayers(kind Kind) []any {
	rows, bands := []any{}, []any{}
	names, colors := []string{}, []string{}
	for i := range f.Series {
		s := &f.Series[i]
		if s.Kind != kind || s.Len() == 0 {
			continue
		}
		names, colors = append(names, s.Name), append(colors, hexes(palette[:])[max(s.Color, 0)%Colors])
		if f.Ordered {
			c := f.seriesColor(s.Color)
			colors[len(colors)-1] = hexes([]color.NRGBA{c})[0]
		}
		for k := range s.X {
			row := f.vegaRow(s, k)
			rows = append(rows, row)
			if _, ok := row["lo"]; ok {
				bands = append(bands, row)
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	x, y := f.X.vega("x"), f.Y.vega("y")
	hue := object{"field": "series", "type": "nominal", "title": nil, "scale": object{"domain": names, "range": colors}}
	layer := func(mark any, data []any, encoding object) object {
		return object{"mark": mark, "data": object{"values": data}, "encoding": encoding}
	}
	x2, y2 := object{"field": "x2"}, object{"field": "y2"}
	switch kind {
	case Cells:
		heat := object{"field": "v", "type": "quantitative", "title": f.firstVLabel(), "scale": object{"scheme": "viridis", "type": "sqrt"}}
		return []any{layer("rect", rows, object{"x": x, "x2": x2, "y": y, "y2": y2, "color": heat})}
	case Rects, Bars:
		return []any{layer("rect", rows, object{"x": x, "x2": x2, "y": y, "y2": y2, "color": hue})}
	case Dots:
		return []any{layer(object{"type": "point", "filled": true, "tooltip": true}, rows, object{"x": x, "y": y, "color": hue})}
	}
	var out []any
	if len(bands) > 0 {
		lo := object{}
		for k, v := range y {
			lo[k] = v
		}
		lo["field"] = "lo"
		out = append(out, layer(object{"type": "area", "opacity": 0.16}, bands, object{"x": x, "y": lo, "y2": object{"field": "hi"}, "color": hue}))
	}
	dashes := []any{}
	patterns := dashPatterns()
	for i := range f.Series {
		if s := &f.Series[i]; s.Kind == kind && s.Len() > 0 {
			if p := patterns[max(s.Dash, 0)%len(patterns)]; p != nil {
				dashes = append(dashes, p)
			} else {
				dashes = append(dashes, []float64{1, 0})
			}
		}
	}
	strokes := object{"field": "series", "type": "nominal", "legend": nil, "scale": object{"domain": names, "range": dashes}}
	mark := object{"type": "line", "tooltip": true}
	if kind == Steps {
		mark["interpolate"] = "step-after"
	}
	// Without an order of its own the line would be sorted by x, and a curve could not turn back.
	return append(out, layer(mark, rows, object{"x": x, "y": y, "color": hue, "strokeDash": strokes, "order": object{"value": nil}}))
}

func (f *Figure) firstVLabel() string {
	for _, s := range f.Series {
		if s.VLabel != "" {
			return s.VLabel
		}
	}
	return ""
}

// vegaRow is one datum. An axis of nines has places, since Vega-Lite has no such scale.
func (f *Figure) vegaRow(s *Series, k int) object {
	row := object{"series": s.Name}
	put := func(name string, c Column, scale Scale) {
		if k >= len(c) {
			return
		}
		v := c[k]
		if scale == Nines {
			row["percentile"] = vegaNumber(v)
			v = scale.place(v)
		}
		row[name] = vegaNumber(v)
	}
	put("x", s.X, f.X.Scale)
	put("x2", s.X2, f.X.Scale)
	put("y", s.Y, f.Y.Scale)
	put("y2", s.Y2, f.Y.Scale)
	put("lo", s.Lo, f.Y.Scale)
	put("hi", s.Hi, f.Y.Scale)
	put("v", s.V, Linear)
	switch s.Kind {
	case Bars:
		row["y2"] = 0
	case Rects:
		row["y2"] = vegaNumber(s.Y[k] + rowHeight)
	}
	return row
}

func vegaNumber(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return json.Number(appendNumber(nil, v))
}

// vega is the encoding of an axis.
func (a Axis) vega(field string) object {
	scale := object{"zero": a.Zero}
	axis := object{}
	switch a.Scale {
	case Log:
		scale = object{"type": "log"}
	case Nines:
		axis["labelExpr"] = "'p' + format(100 * (1 - pow(10, -datum.value)), '.4~f')"
		axis["values"] = []float64{Nines.place(50), 1, 2, 3, 4}
	}
	return object{"field": field, "type": "quantitative", "title": a.title(), "scale": scale, "axis": axis}
}
