package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/goccy/go-json"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/sniff"
	"perfpipe/internal/tabular"
	"perfpipe/internal/visible"
)

// dataFile is an input file, or stdin.
type dataFile struct {
	*bufio.Reader        // after the byte order mark; nil for Parquet
	name          string // for messages
	head          []byte // its beginning, without leading white space
	whole         bool   // head is the whole file
	broken        error  // why head ends where it does, other than that the file does; nil: no error
	parquet       bool
	table         bool // CSV or TSV, whatever its name
	close         func()
}

// headSize is the number of bytes that are examined before a file is read.
const headSize = 256 << 10

// open opens a file and reads its beginning. From a pipe it reads no more than one line, since the next may take long.
func (o *Options) open(path string) (*dataFile, error) {
	if path != "-" && tabular.IsParquet(path) {
		return &dataFile{name: path, parquet: true, close: func() {}}, nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fault.Because("", "folder", filepath.Join(path, "*"), "%s: a folder, not a file", path)
	}
	r, name, done, err := o.Input(path)
	if err != nil {
		return nil, err
	}
	in := &dataFile{Reader: unmarked(r, headSize), name: name, close: done}
	in.look(path == "-")
	if err := sniff.Tar(in.head[:min(len(in.head), sniff.Head)]); err != nil {
		done()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return in, nil
}

// unmarked returns a reader of r that skips a byte order mark.
func unmarked(r io.Reader, size int) *bufio.Reader {
	br := bufio.NewReaderSize(r, size)
	sniff.SkipBOM(br)
	return br
}

// look fills head. A read error occurs again when the input is read.
func (in *dataFile) look(pipe bool) {
	for {
		_, err := in.Peek(min(in.Buffered()+1, in.Size()))
		in.head, _ = in.Peek(in.Buffered()) // the previous call may have moved it
		in.head = bytes.TrimLeft(in.head, " \t\r\n")
		in.whole = err == io.EOF
		if err != io.EOF {
			in.broken = err
		}
		if err != nil || in.Buffered() == in.Size() || pipe && bytes.IndexByte(in.head, '\n') >= 0 {
			return
		}
	}
}

// widen extends head and reports whether there is more of it.
func (in *dataFile) widen() bool {
	if in.whole || in.Size() >= maxHead {
		return false
	}
	had := len(in.head)
	in.Reader = bufio.NewReaderSize(in.Reader, 16*in.Size())
	in.look(false)
	return len(in.head) > had
}

// fileLine is a line, or a JSON value, and the file that contains it.
type fileLine struct {
	jsonl.Line
	file string
	row  bool // N counts rows, not lines
}

// place returns the place of the line.
func (l *fileLine) place() body.Place { return body.Place{File: l.file, N: l.N, Row: l.row} }

// wrong returns an error that names the line.
func (l *fileLine) wrong(err error) error { return l.place().Wrong(err) }

// lines returns the lines of all files, in order.
func (o *Options) lines(paths []string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		eachFile(o, paths, yield, func(in *dataFile) bool { return in.lines(yield) })
	}
}

// eachFile opens the files in order and yields an error of that. read reports whether to go on with the next one;
// eachFile reports whether it went on after the last one.
func eachFile[T any](o *Options, paths []string, yield func(T, error) bool, read func(*dataFile) bool) bool {
	for _, path := range paths {
		in, err := o.open(path)
		if err != nil {
			var none T
			yield(none, err)
			return false
		}
		more := read(in)
		in.close()
		if !more {
			return false
		}
	}
	return true
}

// lines yields the lines of the input, which must be UTF-8. It reports whether to go on with the next input.
func (in *dataFile) lines(yield func(fileLine, error) bool) bool {
	if in.parquet {
		return yield(fileLine{}, fmt.Errorf("%s: a Parquet file, which has rows rather than lines", in.name)) && false
	}
	if in.oldMac() {
		return yield(fileLine{}, fault.Because("", "old-mac", visible.Shell(in.name),
			"%s: its lines end in CR alone, so that they are one", in.name)) && false
	}
	for line, err := range jsonl.Lines(in) {
		line.Bytes = sniff.TrimBOM(line.Bytes) // of a file behind another
		l := fileLine{line, in.name, false}
		fatal := err != nil
		if fatal {
			err = fmt.Errorf("%s: %w", in.name, err)
		} else if err = sniff.Text(line.Bytes); err != nil {
			err = l.wrong(err)
		}
		if !yield(l, err) || fatal {
			return false
		}
	}
	return true
}

// oldMac reports whether the lines of a text end in CR, as those of old Macs. JSON may have it between its tokens.
func (in *dataFile) oldMac() bool {
	text := bytes.TrimRight(in.head, "\r")
	return bytes.IndexByte(text, '\r') >= 0 && bytes.IndexByte(in.head, '\n') < 0 && !json.Valid(text)
}

// objects returns the JSON values of all files: one a line, as the elements of arrays, or one after another; or the
// rows of Parquet, CSV and TSV as objects.
func (o *Options) objects(paths []string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		eachFile(o, paths, yield, func(in *dataFile) bool { return in.values(yield) })
	}
}

// values yields the JSON values of the input. A line of JSONL that is wrong is an item; reading continues.
func (in *dataFile) values(yield func(fileLine, error) bool) bool {
	if in.parquet || in.table || tabular.Tabular(in.name) {
		return in.rowValues(yield)
	}
	form := in.layout()
	if form == byLine {
		return in.lines(func(l fileLine, err error) bool {
			if err == nil {
				if l.Bytes, err = valid(l.Bytes); err != nil {
					err = l.wrong(err)
				}
			}
			return yield(l, err)
		})
	}
	for v, err := range jsonl.Values(in, form == byElement) {
		l := fileLine{jsonl.Line{N: v.Line, Bytes: v.Bytes}, in.name, false}
		if err != nil {
			return yield(l, fmt.Errorf("%s:%d: %w", in.name, v.Line, err)) && false
		}
		if err = sniff.Text(v.Bytes); err == nil {
			l.Bytes, err = valid(v.Bytes)
		}
		if err == nil {
			l.Bytes = oneLine(l.Bytes)
		}
		if err != nil {
			err = l.wrong(err)
		}
		if !yield(l, err) {
			return false
		}
	}
	return true
}

// rowValues yields rows as JSON objects.
func (in *dataFile) rowValues(yield func(fileLine, error) bool) bool {
	read := tabular.File(in.name)
	switch {
	case in.parquet:
	case in.table:
		read = tabular.CSV(in, in.name)
	default:
		read = tabular.Read(in, in.name)
	}
	for row, err := range read {
		l := fileLine{jsonl.Line{N: row.N}, in.name, !row.Line}
		_, bad := errors.AsType[*jsonl.LineError](err)
		fatal := err != nil && !bad
		if err == nil {
			if in.parquet {
				withoutNulls(row.Values)
			}
			l.Bytes, err = json.MarshalWithOption(row.Values, json.DisableHTMLEscape())
		}
		if !yield(l, err) || fatal {
			return false
		}
	}
	return true
}

// withoutNulls removes what is null from a value of Parquet, in which every object has the members of all objects.
func withoutNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if x == nil {
				delete(v, key)
			} else {
				withoutNulls(x)
			}
		}
	case []any:
		for _, x := range v {
			withoutNulls(x)
		}
	}
}
