// Package group assigns records to groups, the load points of a report. A Key is a field of the record, a label, or the
// file that the record was read from. The values of a record's keys form the Name of its group; an ID also tells apart
// runs with the same load point.
package group

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/record"
)

// Key is a property by which records are grouped.
type Key struct {
	Name string                      // the field's name in the record; labels.NAME for a label; file
	of   func(*record.Record) string // returns the value of a record; "" if absent
	file bool                        // the key is the name of the input file, which is not in the record
}

// keys returns all keys except the labels, which are not known in advance.
func keys() []Key {
	type field struct {
		name string
		of   func(*record.Record) string
	}
	tokens := func(key record.Keys, of func(*record.Record) int) func(*record.Record) string {
		return func(r *record.Record) string {
			if of(r) == 0 && !r.Says(key) {
				return ""
			}
			return strconv.Itoa(of(r))
		}
	}
	integer := func(of func(*record.Record) int) func(*record.Record) string { return tokens(0, of) } // zero means absent
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
		{"depth", integer(func(r *record.Record) int { return r.Depth })},
		{"shard", func(r *record.Record) string { return r.Shard }},
		{"reused", func(r *record.Record) string { return strconv.FormatBool(r.Reused) }},
		{"status", integer(func(r *record.Record) int { return r.Status })},
		{"ok", func(r *record.Record) string { return strconv.FormatBool(r.OK) }},
		{"finish_reason", func(r *record.Record) string { return r.FinishReason }},
		{"tokens_from", func(r *record.Record) string { return r.TokensFrom }},
		{"prompt_tokens", tokens(record.KeyPromptTokens, func(r *record.Record) int { return r.PromptTokens })},
		{"completion_tokens", tokens(record.KeyCompletionTokens, func(r *record.Record) int { return r.CompletionTokens })},
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

// OfLoadPoint reports whether all records of a load point have the same value.
func (k *Key) OfLoadPoint() bool {
	return slices.Contains([]string{"run", "run_id", "mode", "rate", "parallel"}, k.Name)
}

// Run returns the key of load points, by which records are grouped by default.
func Run() Key { return keys()[0] }

// RunID returns the key of runs, each of which is one execution of a load.
func RunID() Key { return keys()[1] }

// Parse returns the key with a name, such as model or labels.region.
func Parse(name string) (Key, error) {
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
