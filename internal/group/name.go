package group

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/record"
)

// Value is one key's value of a group.
type Value struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Name is the values of a group's keys in a form that a map can have as its key.
type Name string

const separator = "\x00"

// NameOf returns the name of the group of a record, from a file.
func NameOf(by []Key, r *record.Record, file string) Name {
	value := func(k Key) string {
		if k.file {
			return file
		}
		return k.of(r)
	}
	if len(by) == 1 {
		return Name(value(by[0]))
	}
	var b strings.Builder
	for i, k := range by {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(strings.ReplaceAll(value(k), separator, "\ufffd"))
	}
	return Name(b.String())
}

// String returns the values for people.
func (n Name) String() string { return strings.ReplaceAll(string(n), separator, ", ") }

// Values returns the value of each key.
func (n Name) Values(by []Key) (out []Value) {
	for i, v := range strings.Split(string(n), separator) {
		if i < len(by) {
			out = append(out, Value{by[i].Name, v})
		}
	}
	return out
}

// Compare orders names by their values, which are compared as numbers if they are numbers.
func (n Name) Compare(o Name) int {
	return slices.CompareFunc(strings.Split(string(n), separator), strings.Split(string(o), separator), compareValues)
}

func compareValues(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil && x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// ID identifies a group.
type ID struct {
	Name  Name
	RunID string // of its records, if groups of one name are told apart by it
}

// Clone returns a copy that shares no memory with a record.
func (id ID) Clone() ID { return ID{Name(strings.Clone(string(id.Name))), strings.Clone(id.RunID)} }

// Compare orders by name, then by run.
func (id ID) Compare(o ID) int {
	return cmp.Or(id.Name.Compare(o.Name), cmp.Compare(id.RunID, o.RunID))
}

// ByRun reports whether the keys are those of load points, which are told apart by their runs and ordered by time.
func ByRun(by []Key) bool { return len(by) == 1 && by[0].Name == "run" }
