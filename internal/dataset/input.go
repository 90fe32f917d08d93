package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/sniff"
	"perfpipe/internal/tabular"
)

// dataFile is one file of the data, or stdin.
type dataFile struct {
	*bufio.Reader        // behind its byte order mark; nil for Parquet
	name          string // for messages
	head          []byte // its beginning, without white space
	whole         bool   // head is all of it
	parquet       bool
	close         func()
}

// headSize is how much of a file is looked at before it is read.
const headSize = 256 << 10

// open opens a file and looks at its beginning. Of a pipe that is no more than a line, since more may not come soon.
func (o *Options) open(path string) (*dataFile, error) {
	if path != "-" && tabular.IsParquet(path) {
		return &dataFile{name: path, parquet: true, close: func() {}}, nil
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

// unmarked reads r behind its byte order mark, if it has one.
func unmarked(r io.Reader, size int) *bufio.Reader {
	br := bufio.NewReaderSize(r, size)
	sniff.SkipBOM(br)
	return br
}

// look fills head. An error of reading comes again when the input is read.
func (in *dataFile) look(pipe bool) {
	for {
		_, err := in.Peek(min(in.Buffered()+1, in.Size()))
		in.head, _ = in.Peek(in.Buffered()) // which the call before may have moved
		in.head = bytes.TrimLeft(in.head, " \t\r\n")
		in.whole = err == io.EOF
		if err != nil || in.Buffered() == in.Size() || pipe && bytes.IndexByte(in.head, '\n') >= 0 {
			return
		}
	}
}

// widen looks at a longer beginning, and reports whether there is more of it.
func (in *dataFile) widen() bool {
	if in.whole || in.Size() >= mostHead {
		return false
	}
	had := len(in.head)
	in.Reader = bufio.NewReaderSize(in.Reader, 16*in.Size())
	in.look(false)
	return len(in.head) > had
}

// fileLine is a line, or a JSON value, and the file that it stands in.
type fileLine struct {
	jsonl.Line
	file string
	row  bool // N counts rows, not lines
}

// wrong is an error about the line.
func (l *fileLine) wrong(err error) error {
	if l.row {
		err = fmt.Errorf("row: %w", err)
	}
	return &jsonl.LineError{File: l.file, Line: l.N, Err: err}
}

// lines returns the lines of all files, one after the other.
func (o *Options) lines(paths []string) iter.Seq2[fileLine, error] {
	return o.each(paths, (*dataFile).lines)
}

// each reads the files one after the other. read reports whether to go on with the next.
func (o *Options) each(paths []string, read func(*dataFile, func(fileLine, error) bool) bool) iter.Seq2[fileLine,
	error] {
	return func(yield func(fileLine, error) bool) {
		for _, path := range paths {
			in, err := o.open(path)
			if err != nil {
				yield(fileLine{}, err)
				return
			}
			more := read(in, yield)
			in.close()
			if !more {
				return
			}
		}
	}
}

// lines yields the lines of the input, which must be UTF-8. It reports whether to go on with the next input.
func (in *dataFile) lines(yield func(fileLine, error) bool) bool {
	if in.parquet {
		return yield(fileLine{}, fmt.Errorf("%s: a Parquet file, which has rows rather than lines", in.name)) && false
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

// objects returns the JSON values of all files: one a line, as the elements of arrays, or one after another; or the
// rows of Parquet, CSV and TSV as objects.
func (o *Options) objects(paths []string) iter.Seq2[fileLine, error] {
	return o.each(paths, (*dataFile).values)
}

// values yields the JSON values of the input. A line of JSONL that is wrong is an item; reading goes on.
func (in *dataFile) values(yield func(fileLine, error) bool) bool {
	if in.parquet || tabular.Tabular(in.name) {
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
	if !in.parquet {
		read = tabular.Read(in, in.name)
	}
	for row, err := range read {
		l := fileLine{jsonl.Line{N: row.N}, in.name, !row.Line}
		_, bad := errors.AsType[*jsonl.LineError](err)
		fatal := err != nil && !bad
		if err == nil {
			l.Bytes, err = json.MarshalWithOption(row.Values, json.DisableHTMLEscape())
		}
		if !yield(l, err) || fatal {
			return false
		}
	}
	return true
}
