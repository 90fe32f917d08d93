package stats

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/record"
)

// Key is what records are grouped by: a key of the record line, a label, or the file they are from.
type Key struct {
	Name string // as on the record line; labels.NAME for a label
	of   func(*record.Record) string
	file bool // it is the file's name, of which a record does not know
}

// Of is the key's value of a record.
func (k Key) Of(r *record.Record) string { return k.of(r) }

func keys() []Key {
	type field struct {
		name string
		of   func(*record.Record) string
	}
	integer := func(of func(*record.Record) int) func(*record.Record) string { // zero is absent
		return func(r *record.Record) string {
			if of(r) == 0 {
				return ""
			}
			return strconv.Itoa(of(r))
		}
	}
	all := []field{
		{"run", func(r *record.Record) string { return r.Run }},
		{"run_id", func(r *record.Record) string { return r.RunID }},
		{"mode", func(r *record.Record) string { return r.Mode }},
		{"rate", func(r *record.Record) string {
			if r.Rate == 0 {
				return ""
			}
			return strconv.FormatFloat(r.Rate, 'g', -1, 64)
		}},
		{"parallel", integer(func(r *record.Record) int { return r.Parallel })},
		{"phase", func(r *record.Record) string { return r.Phase }},
		{"api", func(r *record.Record) string { return r.API }},
		{"op", func(r *record.Record) string { return r.Op }},
		{"model", func(r *record.Record) string { return r.Model }},
		{"url", func(r *record.Record) string { return r.URL }},
		{"session", func(r *record.Record) string { return r.Session }},
		{"turn", integer(func(r *record.Record) int { return r.Turn })},
		{"shard", func(r *record.Record) string { return r.Shard }},
		{"reused", func(r *record.Record) string { return strconv.FormatBool(r.Reused) }},
		{"status", integer(func(r *record.Record) int { return r.Status })},
		{"ok", func(r *record.Record) string { return strconv.FormatBool(r.OK) }},
		{"finish_reason", func(r *record.Record) string { return r.FinishReason }},
		{"tokens_from", func(r *record.Record) string { return r.TokensFrom }},
		{"prompt_tokens", func(r *record.Record) string { return strconv.Itoa(r.PromptTokens) }},
		{"completion_tokens", func(r *record.Record) string { return strconv.Itoa(r.CompletionTokens) }},
		{"error.kind", func(r *record.Record) string {
			if r.Error == nil {
				return ""
			}
			return r.Error.Kind
		}},
	}
	out := []Key{}
	for _, f := range all {
		out = append(out, Key{Name: f.name, of: f.of})
	}
	return append(out, Key{Name: "file", of: func(*record.Record) string { return "" }, file: true})
}

// RunKey groups by load point.
func RunKey() Key { return keys()[0] }

// RunIDKey groups by run.
func RunIDKey() Key { return keys()[1] }

// ParseKey finds a key by its name on the record line.
func ParseKey(name string) (Key, error) {
	if label, ok := strings.CutPrefix(name, "labels."); ok && label != "" {
		return Key{Name: name, of: func(r *record.Record) string { return r.Labels[label] }}, nil
	}
	var names []string
	for _, k := range keys() {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Key{}, fmt.Errorf("no key %q: there are %s and labels.NAME", name, strings.Join(names, ", "))
}

// Value is one key's value of a group.
type Value struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// groupName joins the keys' values into a map's key.
func groupName(by []Key, r *record.Record, file string) string {
	value := func(k Key) string {
		if k.file {
			return file
		}
		return k.of(r)
	}
	if len(by) == 1 {
		return value(by[0])
	}
	var b strings.Builder
	for i, k := range by {
		if i > 0 {
			b.WriteByte(0)
		}
		b.WriteString(strings.ReplaceAll(value(k), "\x00", "\ufffd"))
	}
	return b.String()
}

func groupValues(by []Key, name string) []Value {
	var out []Value
	for i, v := range strings.Split(name, "\x00") {
		if i < len(by) {
			out = append(out, Value{by[i].Name, v})
		}
	}
	return out
}

// sortGroups puts the earliest first, so that the load points of a sweep stand as they ran; of other keys, the values in
// the order of numbers where they are numbers.
func sortGroups(groups []*group, by []Key) {
	byTime := len(by) == 1 && by[0].Name == "run"
	slices.SortFunc(groups, func(a, b *group) int {
		if byTime {
			return cmp.Or(cmp.Compare(a.flights.firstUs, b.flights.firstUs), compareNatural(a.name, b.name), cmp.Compare(a.runID, b.runID))
		}
		return slices.CompareFunc(strings.Split(a.name, "\x00"), strings.Split(b.name, "\x00"), compareNatural)
	})
}

func compareNatural(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil && x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}
