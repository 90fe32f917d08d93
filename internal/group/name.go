package group

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/record"
)

// Value is the value of one key of a group.
type Value struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Name holds the values of a group's keys in one string, so that it can be the key of a map.
type Name string

// separator separates the values of a Name. NameOf replaces it in the values.
const separator = "\x00"

// NameOf returns the name of the group of a record that was read from file.
func NameOf(by []Key, r *record.Record, file string) Name {
	value := func(k Key) string {
		if k.file {
			return file
		}
		return k.of(r)
	}
	if len(by) == 1 && !strings.Contains(value(by[0]), separator) {
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

// String returns the values, separated by commas.
func (n Name) String() string { return strings.ReplaceAll(string(n), separator, ", ") }

// Values returns the value of each key in by, by which the group was formed.
func (n Name) Values(by []Key) (out []Value) {
	for i, v := range strings.Split(string(n), separator) {
		if i < len(by) {
			out = append(out, Value{by[i].Name, v})
		}
	}
	return out
}

// Compare compares names value by value, for sorting. Values are compared as numbers if both are numbers.
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
	RunID string // the run_id of its records, if ByRun reports true; else empty
}

// IDOf returns the ID of the group of a record that was read from file.
func IDOf(by []Key, r *record.Record, file string) ID {
	id := ID{Name: NameOf(by, r, file)}
	if ByRun(by) {
		id.RunID = r.RunID
	}
	return id
}

// Clone returns a copy of id that shares no memory with a record, whose memory may be reused.
func (id ID) Clone() ID { return ID{Name(strings.Clone(string(id.Name))), strings.Clone(id.RunID)} }

// Compare compares by name, then by run_id, for sorting.
func (id ID) Compare(o ID) int {
	return cmp.Or(id.Name.Compare(o.Name), cmp.Compare(id.RunID, o.RunID))
}

// ByRun reports whether by is the key of load points alone. Load points with the same name but another run_id are then
// separate groups, and groups are ordered by time.
func ByRun(by []Key) bool { return len(by) == 1 && by[0].Name == "run" }
