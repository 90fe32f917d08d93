package store

import (
	"reflect"
	"strings"

	"perfpipe/internal/record"
)

// column is one column of stored records: a member of the record line, or of its error.
type column struct {
	name     string
	index    []int // of the field in record.Record
	optional bool  // a zero was not measured, unless the line has the member
	key      record.Keys
}

// columns returns a column for each member of the record line, in its order.
func columns() []column {
	var out []column
	t := reflect.TypeFor[record.Record]()
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || name == "":
		case f.Type == reflect.TypeFor[*record.Error]():
			for j := range f.Type.Elem().NumField() {
				sub, _, _ := strings.Cut(f.Type.Elem().Field(j).Tag.Get("json"), ",")
				out = append(out, column{name + "_" + sub, []int{i, j}, true, 0})
			}
		default:
			out = append(out, column{name, []int{i}, options == "omitempty", record.KeyNamed(name)})
		}
	}
	return out
}

// of returns the value that a record has in the column. It reports false if there is none.
func (c *column) of(r *record.Record) (v reflect.Value, ok bool) {
	if c.name == "tpot_ms" { // a Decoder leaves it out if it follows from the gaps
		ms, ok := r.TPOT()
		return reflect.ValueOf(ms), ok
	}
	v = reflect.ValueOf(r).Elem().Field(c.index[0])
	if len(c.index) > 1 {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem().Field(c.index[1])
	}
	if c.key != 0 && r.Lacks(c.key) && c.key != record.KeyOK { // the decoder derives ok
		return v, false
	}
	return v, !c.optional || r.Says(c.key) || !v.IsZero() && !(several(v.Type()) && v.Len() == 0)
}

// several reports whether a type holds several values.
func several(t reflect.Type) bool { return t.Kind() == reflect.Slice || t.Kind() == reflect.Map }
