package record

import (
	"math"
	"slices"
	"strconv"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
)

// Encoder writes records as encoding/json would, at a small part of the cost, because perf-send writes one for every
// request. It caches the text of the fields that the records of a load point have in common.
type Encoder struct {
	point loadPoint
	text  []byte // of point; nil: none is cached
}

// AppendJSON implements jsonl.Appender.
func (r *Record) AppendJSON(b []byte) ([]byte, error) { return new(Encoder).Append(b, r) }

// Append appends the line of r, without a line feed.
func (e *Encoder) Append(b []byte, r *Record) ([]byte, error) {
	start := len(b)
	w := writer{b: b}
	w.record(e, r)
	w.b[start] = '{' // replaces the first comma
	return append(w.b, '}'), w.err
}

// writer appends the members of an object, each with a comma before it. The methods for values that may be absent leave
// out zeros.
type writer struct {
	b   []byte
	err error
}

// cached appends the fields of a load point.
func (w *writer) cached(e *Encoder, p loadPoint) {
	if e.point != p || e.text == nil {
		one := writer{b: make([]byte, 0, 256)}
		one.loadPoint(&p)
		e.point, e.text = p, one.b
		if one.err != nil {
			w.err, e.text = one.err, nil
		}
	}
	w.b = append(w.b, e.text...)
}

func (w *writer) text(key, v string) {
	if v == "" {
		return
	}
	w.b = append(w.b, key...)
	if fastjson.UnescapedASCII(v) == len(v) {
		w.b = append(w.b, '"')
		w.b = append(w.b, v...)
		w.b = append(w.b, '"')
		return
	}
	w.encode(v)
}

func (w *writer) encode(v any) {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil && w.err == nil {
		w.err = err
	}
	w.b = append(w.b, b...)
}

func (w *writer) any(key string, v any, there bool) {
	if there {
		w.b = append(w.b, key...)
		w.encode(v)
	}
}

func (w *writer) integer(key string, v int64) {
	w.b = fastjson.AppendInt(append(w.b, key...), v)
}

func (w *writer) count(key string, v int) {
	if v != 0 {
		w.integer(key, int64(v))
	}
}

func (w *writer) boolean(key string, v bool) {
	w.b = strconv.AppendBool(append(w.b, key...), v)
}

func (w *writer) measure(key string, v float64) {
	if v != 0 {
		w.float(key, v)
	}
}

func (w *writer) float(key string, v float64) {
	w.b = append(w.b, key...)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.encode(v) // sets the error of the encoder
		return
	}
	w.b = fastjson.AppendFloat(w.b, v)
}

func integers[T int | int64](w *writer, key string, list []T) {
	if len(list) == 0 {
		return
	}
	w.b = append(w.b, key...)
	w.b = slices.Grow(w.b, 8*len(list))
	for i, v := range list {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		w.b = fastjson.AppendInt(append(w.b, sep), int64(v))
	}
	w.b = append(w.b, ']')
}
