package dataset

import (
	"bytes"
	"slices"

	"github.com/tidwall/gjson"

	"perfpipe/internal/tabular"
)

// sample is the beginning of a file, from which its format is detected.
type sample struct {
	head    []byte
	header  []string       // column names of a table
	texts   bool           // the file is CSV or TSV, whose values are texts: no row of it is a body
	objects []gjson.Result // the first objects; any of them may lack optional keys
}

// maxSampled is the maximum number of objects in a sample.
const maxSampled = 1000

// sample reads the objects at the beginning of a file.
func (in *dataFile) sample() *sample {
	s := &sample{head: in.head, texts: tabular.Tabular(in.name)}
	add := func(l fileLine, err error) bool {
		if err == nil && len(l.Bytes) > 0 && l.Bytes[0] == '{' {
			s.objects = append(s.objects, gjson.ParseBytes(bytes.Clone(l.Bytes)))
		}
		return len(s.objects) < maxSampled
	}
	if in.parquet {
		in.rowValues(func(l fileLine, err error) bool { return add(l, err) && len(s.objects) < 10 })
		return s
	}
	probe := &dataFile{Reader: unmarked(bytes.NewReader(in.head), 64<<10), name: in.name, head: in.head, whole: true}
	probe.values(add)
	if len(in.head) > 0 && in.head[0] != '{' && in.head[0] != '[' {
		if t, err := tabular.NewTable(bytes.NewReader(in.head), in.name); err == nil {
			s.header = t.Header
		}
	}
	if s.objects == nil && len(in.head) > 0 && in.head[0] == '{' { // longer than the head, or invalid
		line, _, _ := bytes.Cut(in.head, []byte("\n"))
		s.objects = []gjson.Result{gjson.ParseBytes(completed(line))}
	}
	return s
}

// has reports whether one of the objects has all of the keys.
func (s *sample) has(keys ...string) bool {
	return slices.ContainsFunc(s.objects, func(v gjson.Result) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { return !v.Get(gjson.Escape(k)).Exists() })
	})
}

// columns returns the keys of the first object, or the header.
func (s *sample) columns() []string {
	if len(s.objects) == 0 {
		return s.header
	}
	return keysOf(s.objects[0])
}

// hasColumns returns a test for tables whose header contains the columns, or for objects with such keys.
func hasColumns(columns ...string) func(*sample) bool {
	return func(s *sample) bool {
		return s.has(columns...) || !slices.ContainsFunc(columns,
			func(c string) bool { return !slices.Contains(s.header, c) })
	}
}

func hasKeys(keys ...string) func(*sample) bool {
	return func(s *sample) bool { return s.has(keys...) }
}

// containsAll reports whether text contains all of the words.
func containsAll(text []byte, words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !bytes.Contains(text, []byte(w)) })
}
