package chart

import (
	"encoding/json"
	"image/color"
	"io"
	"maps"
	"math"
)

// vegaSchema is the schema of the specification.
const vegaSchema = "https://vega.github.io/schema/vega-lite/v6.json"

type object = map[string]any

// Vega writes one figure as a Vega-Lite specification that holds its data, with a layer for each kind of series.
func Vega(w io.Writer, f *Figure) error {
	f = f.shown()
	layers := []any{}
	for _, kind := range []Kind{Cells, Rects, Bars, Steps, Line, Dots} {
		layers = append(layers, f.vegaLayers(kind)...)
	}
	for _, m := range f.Marks {
		if f.X.Scale != Nines || m.OnY { // no percentage is marked on an axis of nines
			layers = append(layers, m.vega())
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(object{
		"$schema": vegaSchema, "title": object{"text": f.Title, "subtitle": f.Note}, "description": f.Alt,
		"width": 640, "height": 320, "layer": layers, "resolve": object{"scale": object{"color": "independent"}},
	})
}

// vega returns the layer of a mark.
func (m Mark) vega() object {
	axis := "x"
	if m.OnY {
		axis = "y"
	}
	return object{
		"mark": object{"type": "rule", "strokeDash": []int{4, 3}, "color": "#57606a"},
		"data": object{"values": []any{object{"at": m.At, "label": m.Label}}},
		"encoding": object{
			axis:      object{"field": "at", "type": "quantitative"},
			"tooltip": object{"field": "label", "type": "nominal"},
		},
	}
}

// vegaData is the data of the series of one kind.
type vegaData struct {
	rows, bands   []any    // bands are the rows that have an interval
	names, colors []string // of the series
	dashes        []any
}

func (f *Figure) vegaData(kind Kind) vegaData {
	d := vegaData{rows: []any{}, bands: []any{}, dashes: []any{}}
	patterns := dashPatterns()
	for i := range f.Series {
		s := &f.Series[i]
		if s.Kind != kind || s.Len() == 0 {
			continue
		}
		hue := hexes(palette[:])[max(s.Color, 0)%numColors]
		if f.Ordered {
			hue = hexes([]color.NRGBA{f.seriesColor(s.Color)})[0]
		}
		dash := patterns[max(s.Dash, 0)%len(patterns)]
		if dash == nil {
			dash = []float64{1, 0}
		}
		d.names, d.colors, d.dashes = append(d.names, s.Name), append(d.colors, hue), append(d.dashes, dash)
		for k := range s.X {
			row := f.vegaRow(s, k)
			d.rows = append(d.rows, row)
			if _, ok := row["lo"]; ok {
				d.bands = append(d.bands, row)
			}
		}
	}
	return d
}

func vegaLayer(mark any, data []any, encoding object) object {
	return object{"mark": mark, "data": object{"values": data}, "encoding": encoding}
}

// vegaLayers returns the layers of one kind of series. Lines are above their bands.
func (f *Figure) vegaLayers(kind Kind) []any {
	d := f.vegaData(kind)
	if len(d.rows) == 0 {
		return nil
	}
	x, y := f.X.vega("x"), f.Y.vega("y")
	x2, y2 := object{"field": "x2"}, object{"field": "y2"}
	hue := object{
		"field": "series", "type": "nominal", "title": nil, "scale": object{"domain": d.names, "range": d.colors},
	}
	switch kind {
	case Cells:
		scale := object{"scheme": "viridis", "type": "sqrt"}
		heat := object{"field": "v", "type": "quantitative", "title": f.firstVLabel(), "scale": scale}
		return []any{vegaLayer("rect", d.rows, object{"x": x, "x2": x2, "y": y, "y2": y2, "color": heat})}
	case Rects, Bars:
		return []any{vegaLayer("rect", d.rows, object{"x": x, "x2": x2, "y": y, "y2": y2, "color": hue})}
	case Dots:
		mark := object{"type": "point", "filled": true, "tooltip": true}
		return []any{vegaLayer(mark, d.rows, object{"x": x, "y": y, "color": hue})}
	}
	var out []any
	if len(d.bands) > 0 {
		lo := maps.Clone(y)
		lo["field"] = "lo"
		area := object{"type": "area", "opacity": 0.16}
		out = append(out, vegaLayer(area, d.bands, object{"x": x, "y": lo, "y2": object{"field": "hi"}, "color": hue}))
	}
	strokes := object{
		"field": "series", "type": "nominal", "legend": nil, "scale": object{"domain": d.names, "range": d.dashes},
	}
	mark := object{"type": "line", "tooltip": true}
	if kind == Steps {
		mark["interpolate"] = "step-after"
	}
	// Without an order of its own the line would be sorted by x, and a curve could not turn back.
	order := object{"value": nil}
	return append(out, vegaLayer(mark, d.rows, object{
		"x": x, "y": y, "color": hue, "strokeDash": strokes, "order": order,
	}))
}

func (f *Figure) firstVLabel() string {
	for _, s := range f.Series {
		if s.VLabel != "" {
			return s.VLabel
		}
	}
	return ""
}

// vegaRow returns one datum. On an axis of nines it has places, since Vega-Lite has no such scale.
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

// vega returns the encoding of an axis.
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
