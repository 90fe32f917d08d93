// Package rows reads the rows of Parquet, JSON, JSONL, CSV, TSV and WebDataset files as a stream of maps, one row in
// memory at a time.
//
//	for row, err := range rows.File(path, "question") {
//		if err != nil { … }
//		text, _ := row["question"].(string)
//	}
package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"llmperf/internal/jsonl"
)

// Row is one row: column → value. A value is nil, bool, string, float64 (any number of JSON, floats of Parquet), int64
// (whole numbers of Parquet), []any or map[string]any. Bytes, such as an image, are a string; everything in CSV is one.
type Row = map[string]any

// Supported says whether a file of that name can be read: .parquet, .json, .jsonl, .ndjson, .csv, .tsv or .tar, all but
// the first also with .gz or .zst behind it.
func Supported(name string) bool {
	switch ext(name) {
	case ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".tar":
		return true
	case ".parquet":
		return strings.EqualFold(filepath.Ext(name), ".parquet")
	}
	return false
}

// ext is the ending of name without that of a compression.
func ext(name string) string {
	name = strings.ToLower(name)
	for _, z := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, z)
	}
	return filepath.Ext(name)
}

// File gives the rows of a file, of which only the columns named if any are. A column that a Parquet, CSV or TSV file
// lacks is an error; in JSON and WebDataset each row has keys of its own, and one that it lacks is not in the map.
//
// A line that does not decode is a *jsonl.LineError and reading goes on after it; any other error is the last item.
func File(path string, columns ...string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		magic := make([]byte, len(parquetMagic))
		if n, _ := f.ReadAt(magic, 0); string(magic[:n]) == parquetMagic {
			parquetRows(f, path, columns)(yield)
			return
		}
		Read(f, path, columns...)(yield)
	}
}

// Read is File for what is no file, such as stdin; Parquet cannot be read from there. The name tells the format, as
// does the first byte where it is a { or [.
func Read(r io.Reader, name string, columns ...string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		plain, err := jsonl.Decompress(r)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		br := bufio.NewReaderSize(plain, 64<<10)
		head, err := br.Peek(512)
		if err != nil && err != io.EOF {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		if bytes.HasPrefix(head, []byte(bom)) {
			br.Discard(len(bom))
			head = head[len(bom):]
		}
		first := bytes.TrimLeft(head, " \t\r\n")
		switch e := ext(name); {
		case bytes.HasPrefix(head, []byte(parquetMagic)):
			yield(nil, fmt.Errorf("%s: Parquet must be a file that can be sought in", name))
		case e == ".tar":
			tarRows(br, name, columns)(yield)
		case e == ".csv":
			csvRows(br, name, ',', columns)(yield)
		case e == ".tsv":
			csvRows(br, name, '\t', columns)(yield)
		case len(first) > 0 && first[0] == '[' && e != ".jsonl":
			arrayRows(br, name, columns)(yield)
		case len(first) > 0 && first[0] == '{' && e == ".json":
			objectRows(br, name, columns)(yield)
		case len(first) == 0 || first[0] == '{' || e == ".jsonl" || e == ".ndjson":
			lineRows(br, name, columns)(yield)
		default:
			yield(nil, fmt.Errorf("%s: neither Parquet, JSON, JSONL, CSV, TSV nor WebDataset: it begins with %.20q", name, first))
		}
	}
}

const bom = "\uFEFF"

// object decodes one JSON object, or no more of it than the columns.
func object(b []byte, columns []string) (row Row, err error) {
	if len(columns) == 0 {
		err = json.Unmarshal(b, &row)
	} else {
		var raw map[string]json.RawMessage
		if err = json.Unmarshal(b, &raw); err == nil {
			row = make(Row, len(columns))
			for _, c := range columns {
				if v, ok := raw[c]; ok && err == nil {
					var x any
					err = json.Unmarshal(v, &x)
					row[c] = x
				}
			}
		}
	}
	switch {
	case len(b) == 0 || b[0] != '{':
		return nil, fmt.Errorf("not a JSON object: %.40q", b)
	case err != nil:
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	return row, nil
}

func lineRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for line, err := range jsonl.Lines(r) {
			var row Row
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			} else if row, err = object(line.Bytes, columns); err != nil {
				err = &jsonl.LineError{File: name, Line: line.N, Err: err}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// arrayRows reads the elements of one array.
func arrayRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		dec := stdjson.NewDecoder(r) // goccy's reads an array in one piece
		dec.Token()                  // the [ that was seen
		if decoded(dec, name, columns, yield) {
			if _, err := dec.Token(); err != nil {
				yield(nil, fmt.Errorf("%s: the array is not closed: %w", name, noEOF(err)))
			}
		}
	}
}

// objectRows reads objects one after another, on however many lines: JSONL under another name, or a single object.
func objectRows(r io.Reader, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { decoded(stdjson.NewDecoder(r), name, columns, yield) }
}

// decoded yields the values that dec has more of, and says whether all of them were read.
func decoded(dec *stdjson.Decoder, name string, columns []string, yield func(Row, error) bool) bool {
	var raw stdjson.RawMessage
	for n := 1; dec.More(); n++ {
		if err := dec.Decode(&raw); err != nil {
			yield(nil, fmt.Errorf("%s: row %d: not valid JSON: %w", name, n, noEOF(err)))
			return false
		}
		row, err := object(raw, columns)
		if err != nil {
			yield(nil, fmt.Errorf("%s: row %d: %w", name, n, err))
			return false
		}
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

// noEOF calls the end of the input what it is where there must be more.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// csvRows reads rows under a header.
func csvRows(r io.Reader, name string, comma rune, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		cr := csv.NewReader(r)
		cr.Comma, cr.LazyQuotes = comma, comma == '\t' // TSV has no quoting
		header, err := cr.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			yield(nil, csvError(name, err))
			return
		}
		if err := check(name, columns, header); err != nil {
			yield(nil, err)
			return
		}
		cr.ReuseRecord = true
		for {
			record, err := cr.Read()
			if err == io.EOF {
				return
			}
			var row Row
			if err == nil {
				row = make(Row, len(header))
				for i, h := range header {
					if len(columns) == 0 || slices.Contains(columns, h) {
						row[h] = record[i]
					}
				}
			}
			if !yield(row, csvError(name, err)) || err != nil && !errors.Is(err, csv.ErrFieldCount) {
				return
			}
		}
	}
}

// csvError names file and line.
func csvError(name string, err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return &jsonl.LineError{File: name, Line: p.Line, Err: p.Err}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// check finds the columns that a file lacks.
func check(name string, columns, have []string) error {
	for _, c := range columns {
		if !slices.Contains(have, c) {
			return fmt.Errorf("%s: no column %q; it has %s", name, c, strings.Join(have, ", "))
		}
	}
	return nil
}
