package chattemplate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ardanlabs/jinja"
)

// parseValue converts JSON to a template's value. Objects keep the order of their keys, as in Python.
func parseValue(raw []byte) (jinja.Value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := decodeValue(d, 0)
	if err != nil {
		return v, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("more than one JSON value")
	}
	return v, nil
}

// maxDepth is the maximum depth of nested values.
const maxDepth = 200

func decodeValue(d *json.Decoder, depth int) (v jinja.Value, err error) {
	token, err := d.Token()
	if err != nil {
		return v, err
	}
	if depth > maxDepth {
		return v, fmt.Errorf("values are nested more than %d deep", maxDepth)
	}
	switch token {
	case json.Delim('['):
		v = jinja.NewList(nil)
		for d.More() {
			item, err := decodeValue(d, depth+1)
			if err != nil {
				return v, err
			}
			v.AsList().Append(item)
		}
	case json.Delim('{'):
		v = jinja.NewDict()
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return v, err
			}
			item, err := decodeValue(d, depth+1)
			if err != nil {
				return v, err
			}
			v.AsDict().Set(key.(string), item)
		}
	default:
		return jinja.FromGoValue(token), nil
	}
	_, err = d.Token()
	return v, err
}

// functions are the functions that rewritten templates call.
var functions = map[string]callable{
	"tojson_": toJSON,
	"map_":    mapFilter,
	"trim_": func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
		switch {
		case len(args) == 1:
			return jinja.NewString(strings.TrimFunc(show(args[0]), unicode.IsSpace)), nil
		case len(args) == 2 && args[1].IsString():
			return jinja.NewString(strings.Trim(show(args[0]), args[1].AsString())), nil
		}
		return jinja.Undefined(), errors.New("trim takes a text and characters")
	},
}

// mapFilter is x|map("upper"), for filters of one text or value.
func mapFilter(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) != 2 || !args[0].IsList() || !args[1].IsString() {
		return jinja.Undefined(), errors.New("map takes a list and a filter")
	}
	filters := map[string]func(s string) string{"upper": strings.ToUpper, "lower": strings.ToLower,
		"trim":   func(s string) string { return strings.TrimFunc(s, unicode.IsSpace) },
		"string": func(s string) string { return s }}
	filter, ok := filters[args[1].AsString()]
	if !ok && args[1].AsString() != "tojson" {
		return jinja.Undefined(), fmt.Errorf("map(%q) is not understood", args[1].AsString())
	}
	out := jinja.NewList(nil)
	for _, item := range args[0].AsList().Items {
		if filter != nil {
			out.AsList().Append(jinja.NewString(filter(show(item))))
			continue
		}
		text, err := toJSON([]jinja.Value{item}, nil)
		if err != nil {
			return text, err
		}
		out.AsList().Append(text)
	}
	return out, nil
}

func showValue(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) != 1 {
		return jinja.Undefined(), errors.New("an expression is empty")
	}
	return jinja.NewString(show(args[0])), nil
}

// show returns what {{ v }} prints: Python's str.
func show(v jinja.Value) string {
	switch {
	case v.IsUndefined():
		return ""
	case v.IsString():
		return v.AsString()
	}
	return repr(v)
}

// repr is Python's repr. It panics, which Render converts to an error, if a value contains itself.
func repr(v jinja.Value) string {
	var b strings.Builder
	appendRepr(&b, v, 0)
	return b.String()
}

func appendRepr(b *strings.Builder, v jinja.Value, depth int) {
	if depth > maxDepth || b.Len() > maxRepr {
		panic(errNested)
	}
	switch {
	case v.IsFloat():
		b.WriteString(pythonFloat(v.AsFloat()))
	case v.IsString():
		s := v.AsString()
		quote := "'"
		if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
			quote = `"`
		}
		b.WriteString(quote + strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote,
			`\`+quote).Replace(s) + quote)
	case v.IsList():
		b.WriteByte('[')
		for i, item := range v.AsList().Items {
			if i > 0 {
				b.WriteString(", ")
			}
			appendRepr(b, item, depth+1)
		}
		b.WriteByte(']')
	case v.IsDict():
		b.WriteByte('{')
		for i, key := range v.AsDict().Keys {
			if i > 0 {
				b.WriteString(", ")
			}
			appendRepr(b, jinja.NewString(key), depth+1)
			b.WriteString(": ")
			appendRepr(b, v.AsDict().Data[key], depth+1)
		}
		b.WriteByte('}')
	default:
		b.WriteString(v.String())
	}
}

// maxRepr is the maximum size of a printed list or object, in bytes.
const maxRepr = 64 << 20

// toJSON is Python's json.dumps as Hugging Face's libraries configure it: non-ASCII characters are not escaped.
func toJSON(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	w := jsonWriter{indent: -1, comma: ", ", colon: ": "}
	if len(args) == 0 {
		return jinja.Undefined(), errors.New("tojson of nothing")
	}
	if v := options["indent"]; v.IsInt() {
		w.indent, w.comma = int(min(max(v.AsInt(), 0), 20)), ","
	}
	if v := options["separators"]; v.IsList() && v.AsList().Len() == 2 {
		w.comma, w.colon = show(v.AsList().Get(0)), show(v.AsList().Get(1))
	}
	w.ascii = options["ensure_ascii"].IsTruthy()
	if options["sort_keys"].IsTruthy() || len(args) > 1 {
		return jinja.Undefined(), errors.New("these arguments of tojson are not understood")
	}
	err := w.value(args[0], 0)
	return jinja.NewString(w.String()), err
}

type jsonWriter struct {
	strings.Builder
	indent       int // -1: on one line
	comma, colon string
	ascii        bool
}

func (w *jsonWriter) line(depth int) {
	if w.indent >= 0 {
		w.WriteString("\n" + strings.Repeat(" ", w.indent*depth))
	}
}

func (w *jsonWriter) value(v jinja.Value, depth int) error {
	switch {
	case depth > maxDepth || w.Len() > maxRepr:
		return fmt.Errorf("tojson: %w", errNested)
	case v.IsNone():
		w.WriteString("null")
	case v.IsBool():
		w.WriteString(strconv.FormatBool(v.AsBool()))
	case v.IsInt():
		w.WriteString(strconv.FormatInt(v.AsInt(), 10))
	case v.IsFloat():
		w.WriteString(pythonFloat(v.AsFloat()))
	case v.IsString():
		w.text(v.AsString())
	case v.IsDict():
		dict := v.AsDict()
		return w.sequence("{}", dict.Len(), depth, func(i int) error {
			w.text(dict.Keys[i])
			w.WriteString(w.colon)
			return w.value(dict.Data[dict.Keys[i]], depth+1)
		})
	case v.IsList():
		return w.sequence("[]", v.AsList().Len(), depth, func(i int) error { return w.value(v.AsList().Get(i), depth+1) })
	default:
		return errors.New("tojson: what is not there is no JSON")
	}
	return nil
}

func (w *jsonWriter) sequence(brackets string, n, depth int, item func(i int) error) error {
	w.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			w.WriteString(w.comma)
		}
		w.line(depth + 1)
		if err := item(i); err != nil {
			return err
		}
	}
	if n > 0 {
		w.line(depth)
	}
	w.WriteByte(brackets[1])
	return nil
}

func (w *jsonWriter) text(s string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}
	w.WriteByte('"')
	for _, r := range s {
		escape, ok := short[r]
		switch {
		case ok:
			w.WriteString(escape)
		case r < ' ', w.ascii && r >= 0x7F && r < 0x10000:
			fmt.Fprintf(w, `\u%04x`, r)
		case w.ascii && r >= 0x10000:
			fmt.Fprintf(w, `\u%04x\u%04x`, 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		default:
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}

// pythonFloat is Python's repr of a float.
func pythonFloat(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// strftime is Python's, for the directives that templates use.
func strftime(layout string, t time.Time) string {
	names := map[byte]string{'Y': "2006", 'y': "06", 'm': "01", 'B': "January", 'b': "Jan", 'd': "02", 'e': "_2",
		'A': "Monday", 'a': "Mon",
		'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'Z': "MST", 'z': "-0700", 'j': "002", 'F': "2006-01-02",
		'T': "15:04:05", '%': "%"}
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		at := i
		if layout[i] == '%' && i+1 < len(layout) {
			bare := layout[i+1] == '-' && i+2 < len(layout) // without leading zero
			if bare {
				i++
			}
			if name, ok := names[layout[i+1]]; ok {
				i++
				text := t.Format(name)
				if bare {
					text = strings.TrimLeft(text, "0")
				}
				b.WriteString(text)
				continue
			}
		}
		b.WriteString(layout[at : i+1])
	}
	return b.String()
}
