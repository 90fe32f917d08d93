// Package tabular reads the rows of Parquet, JSON, JSONL, CSV, TSV and WebDataset files as a stream of maps, one row in
// memory at a time.
//
//	for row, err := range tabular.File(path, "question") {
//		if err != nil { … }
//		text, _ := row.Values["question"].(string)
//	}
package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/sniff"
)

// Row is one row as a map from columns to values. A value is nil, bool, string, float64 (JSON numbers, Parquet
// floats), int64 (Parquet integers), []any or map[string]any. Bytes, such as an image, are a string, and so are the
// times of Parquet, in RFC 3339, and all values of CSV. The map is valid until the next row.
type Row struct {
	Values map[string]any
	N      int  // counted from 1
	Line   bool // N counts lines, not rows
}

// Tabular reports whether a file of this name has columns under a header: .csv or .tsv, optionally with .gz or .zst.
func Tabular(name string) bool {
	e := ext(name)
	return e == ".csv" || e == ".tsv"
}

// Supported reports whether a file of this name can be read: .parquet, .json, .jsonl, .ndjson, .csv, .tsv or .tar, all
// except the first optionally with .gz or .zst.
func Supported(name string) bool {
	switch ext(name) {
	case ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".tar":
		return true
	case ".parquet":
		return strings.EqualFold(filepath.Ext(name), ".parquet")
	}
	return false
}

// ext returns the extension of name without that of a compression.
func ext(name string) string {
	name = strings.ToLower(name)
	for _, z := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, z)
	}
	return filepath.Ext(name)
}

// IsParquet reports whether a file has the format Parquet, whatever its name.
func IsParquet(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return parquetHead(f)
}

func parquetHead(f *os.File) bool {
	magic := make([]byte, len(parquetMagic))
	n, _ := f.ReadAt(magic, 0)
	return string(magic[:n]) == parquetMagic
}

// File returns the rows of a file, restricted to columns if any are named. A column that a Parquet, CSV or TSV file
// lacks is an error; in JSON and WebDataset, where each row has its own keys, the map lacks it.
//
// A line that does not decode is a *jsonl.LineError, after which reading continues; any other error is the last item.
func File(path string, columns ...string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer f.Close()
		if parquetHead(f) {
			parquetRows(f, path, columns)(yield)
			return
		}
		Read(f, path, columns...)(yield)
	}
}

// errPipe is the error of Parquet from a pipe.
var errPipe = errors.New("a Parquet input must be a file, not a pipe")

// Read is File for a stream such as stdin, from which Parquet cannot be read. The format is determined by the name, or
// by a first byte of { or [.
func Read(r io.Reader, name string, columns ...string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		plain, err := jsonl.Decompress(r)
		if err != nil {
			yield(Row{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		br := bufio.NewReaderSize(plain, 64<<10)
		sniff.SkipBOM(br)
		if _, err := br.Peek(1); err != nil && err != io.EOF {
			yield(Row{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		head, _ := br.Peek(br.Buffered())
		first := bytes.TrimLeft(head, " \t\r\n")
		switch e := ext(name); {
		case bytes.HasPrefix(head, []byte(parquetMagic)):
			yield(Row{}, fmt.Errorf("%s: %w", name, errPipe))
		case e == ".tar":
			tarRows(br, name, columns)(yield)
		case e == ".csv" || e == ".tsv":
			CSV(br, name, columns...)(yield)
		case len(first) > 0 && (first[0] == '[' || first[0] == '{' && jsonl.Spans(first)):
			valueRows(br, name, columns)(yield)
		case len(first) == 0 || first[0] == '{' || e == ".json" || e == ".jsonl" || e == ".ndjson":
			lineRows(br, name, columns)(yield)
		default:
			yield(Row{}, fmt.Errorf("%s: neither Parquet, JSON, JSONL, CSV, TSV nor WebDataset: it begins with %.20q", name,
				first))
		}
	}
}

// object decodes one JSON object, restricted to columns if any are named. NaN and Infinity, which Python writes, are
// null.
func object(b []byte, columns []string) (map[string]any, error) {
	if len(b) == 0 || b[0] != '{' {
		return nil, fmt.Errorf("not a JSON object: %.40q", b)
	}
	row, err := decode(b, columns)
	if err != nil {
		if plain, ok := fastjson.WithoutNaN(b); ok {
			row, err = decode(plain, columns)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	return row, nil
}

func decode(b []byte, columns []string) (row map[string]any, err error) {
	if len(columns) == 0 {
		return row, json.Unmarshal(b, &row)
	}
	var raw map[string]json.RawMessage
	if err = json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	row = make(map[string]any, len(columns))
	for _, c := range columns {
		if v, ok := raw[c]; ok && err == nil {
			var x any
			err = json.Unmarshal(v, &x)
			row[c] = x
		}
	}
	return row, err
}

// decoder decodes JSON objects, restricted to columns if any are named. It reuses its map.
type decoder struct {
	columns []string
	members fastjson.Members
	values  map[string]any
}

// text decodes an object, which must be UTF-8.
func (d *decoder) text(b []byte) (map[string]any, error) {
	if err := sniff.Text(b); err != nil {
		return nil, err
	}
	if len(d.columns) == 0 {
		return object(b, nil)
	}
	var err error
	if d.members, err = fastjson.AppendMembers(d.members[:0], b); err != nil {
		return object(b, d.columns) // repairs NaN, or finds the reason
	}
	if d.values == nil {
		d.values = map[string]any{}
	}
	clear(d.values)
	for i := range d.members {
		m := &d.members[i]
		if !slices.Contains(d.columns, string(m.Name)) {
			continue
		}
		if m.Value[0] == '"' && bytes.IndexByte(m.Value, '\\') < 0 {
			d.values[string(m.Name)] = string(m.Value[1 : len(m.Value)-1])
			continue
		}
		var v any
		if err := json.Unmarshal(m.Value, &v); err != nil {
			return object(b, d.columns)
		}
		d.values[string(m.Name)] = v
	}
	return d.values, nil
}

// lineRows reads JSONL.
func lineRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		d := decoder{columns: columns}
		for line, err := range jsonl.Lines(r) {
			row := Row{N: line.N, Line: true}
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			} else {
				row.Values, err = d.text(line.Bytes)
				if err != nil {
					err = &jsonl.LineError{File: name, Line: line.N, Err: err}
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// valueRows reads the elements of one array, or consecutive objects that may span lines. An element that is not an
// object is a bad line; invalid JSON ends the rows.
func valueRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		d := decoder{columns: columns}
		for v, err := range jsonl.Values(r, true) {
			row := Row{N: v.Line, Line: true}
			if err != nil {
				yield(row, fmt.Errorf("%s:%d: %w", name, v.Line, err))
				return
			}
			if row.Values, err = d.text(v.Bytes); err != nil {
				err = &jsonl.LineError{File: name, Line: v.Line, Err: err}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
