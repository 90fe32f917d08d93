package dataset

import (
	"bufio"
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-json"

	"llmperf/internal/hub"
	"llmperf/internal/jsonl"
	"llmperf/internal/rows"
)

// where is the data of a dataset, unless the user names files.
type where struct {
	modelscope  string // repository, "" where the hub has none
	huggingface string
	files       []string // their names or patterns within it
	hfFiles     []string // at Hugging Face, where they differ
}

func (w *where) patterns(source hub.Source) []string {
	if source == hub.HuggingFace && w.hfFiles != nil {
		return w.hfFiles
	}
	return w.files
}

// local gives the files to read: those that the user names, or those of the hub.
func (o *Options) local(ctx context.Context, w where) ([]string, error) {
	names, patterns := o.Paths, w.patterns(o.Hub.Source)
	if len(names) == 0 {
		name := w.modelscope
		if o.Hub.Source == hub.HuggingFace {
			name = w.huggingface
		}
		if name == "" || o.Hub.Source == hub.Local {
			return nil, errNoFile
		}
		repo, err := hub.Open(name, hub.Dataset, o.Hub)
		if err != nil {
			return nil, err
		}
		return repo.Files(ctx, patterns...)
	}
	var all []string
	for _, name := range names {
		files, err := o.named(ctx, name, patterns)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

// named gives the files that one name of the user's means: a file, a folder, or a repository with the same files as the
// dataset's own, or else with all that can be read.
func (o *Options) named(ctx context.Context, name string, patterns []string) ([]string, error) {
	info, err := os.Stat(name)
	if name == "-" || err == nil && !info.IsDir() {
		return []string{name}, nil
	}
	repo, err := hub.Open(name, hub.Dataset, o.Hub)
	if err != nil {
		return nil, err
	}
	if repo.Path() != "" {
		return repo.Files(ctx)
	}
	have, err := repo.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range patterns {
		for _, f := range have {
			if ok, _ := filepath.Match(filepath.Base(p), filepath.Base(f)); ok {
				return repo.Files(ctx, patterns...)
			}
		}
	}
	var found []string
	for _, f := range have {
		if rows.Supported(f) && !strings.HasPrefix(filepath.Base(f), "dataset_info") {
			found = append(found, f)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no file in it that can be read as rows", name)
	}
	return repo.Files(ctx, found...)
}

// row is one row of a file.
type row struct {
	rows.Row
	path string
	n    int // counted from 1
}

// wrong is an error about the row.
func (r *row) wrong(format string, args ...any) error {
	return &jsonl.LineError{File: r.path, Line: r.n, Err: fmt.Errorf("row: "+format, args...)}
}

// text gives a column's text, "" where there is none.
func (r *row) text(column string) string {
	s, _ := r.Row[column].(string)
	return s
}

// rows gives the rows of all files, one after the other.
func (o *Options) rows(paths []string, columns ...string) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		for _, path := range paths {
			read := rows.File(path, columns...)
			if path == "-" {
				r, name, close, err := o.Input(path)
				if err != nil {
					yield(nil, err)
					return
				}
				defer close()
				path, read = name, rows.Read(r, name, columns...)
			}
			n := 0
			for values, err := range read {
				n++
				if !yield(&row{values, path, n}, err) {
					return
				}
				if _, bad := errors.AsType[*jsonl.LineError](err); err != nil && !bad {
					return
				}
			}
		}
	}
}

// fileLine is a line and the file that it stands in.
type fileLine struct {
	jsonl.Line
	file string
}

// wrong is an error about the line.
func (l *fileLine) wrong(err error) error { return &jsonl.LineError{File: l.file, Line: l.N, Err: err} }

// lines gives the lines of all files, one after the other.
func (o *Options) lines(paths []string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		for _, path := range paths {
			r, name, close, err := o.Input(path)
			if err != nil {
				yield(fileLine{}, err)
				return
			}
			for line, err := range jsonl.Lines(r) {
				if err != nil {
					err = fmt.Errorf("%s: %w", name, err)
				}
				if !yield(fileLine{line, name}, err) || err != nil {
					close()
					return
				}
			}
			close()
		}
	}
}

// objects gives JSON values as they stand in files, one a line or as the elements of one array.
func (o *Options) objects(paths []string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		for _, path := range paths {
			r, name, close, err := o.Input(path)
			if err != nil {
				yield(fileLine{}, err)
				return
			}
			more := values(r, name, yield)
			close()
			if !more {
				return
			}
		}
	}
}

// unmarked reads r behind its byte order mark, if it has one.
func unmarked(r io.Reader, size int) *bufio.Reader {
	br := bufio.NewReaderSize(r, size)
	if mark, _ := br.Peek(3); string(mark) == "\uFEFF" {
		br.Discard(len(mark))
	}
	return br
}

// values yields the JSON values of r. A line of JSONL that is wrong is an item; reading goes on.
func values(r io.Reader, name string, yield func(fileLine, error) bool) bool {
	br := unmarked(r, 64<<10)
	form, text := layout(nil), br
	for size := 4 << 10; ; size *= 16 { // more only if the beginning does not tell
		head, err := text.Peek(size)
		form = layout(bytes.TrimLeft(head, " \t\r\n"))
		if form != unclear || err != nil && err != bufio.ErrBufferFull || size >= mostHead {
			break
		}
		if size*16 > text.Size() {
			text = bufio.NewReaderSize(text, size*16)
		}
	}
	if form == byLine || form == unclear {
		return lineValues(text, name, yield)
	}
	dec := stdjson.NewDecoder(text)
	fails := func(n int, err error) bool {
		return yield(fileLine{}, fmt.Errorf("%s: element %d: not valid JSON: %w", name, n, noEOF(err))) && false
	}
	var raw json.RawMessage
	for n := 1; dec.More(); {
		if form == byElement {
			if tok, err := dec.Token(); err != nil || tok != stdjson.Delim('[') {
				return fails(n, fmt.Errorf("%v behind the array", tok))
			}
		}
		for ; dec.More(); n++ {
			if err := dec.Decode(&raw); err != nil {
				return fails(n, err)
			}
			line, err := oneLine(raw)
			if err != nil {
				return fails(n, err)
			}
			if !yield(fileLine{jsonl.Line{N: n, Bytes: line}, name}, nil) {
				return false
			}
		}
		if form == byElement {
			if _, err := dec.Token(); err != nil {
				return yield(fileLine{}, fmt.Errorf("%s: the array is not closed: %w", name, noEOF(err))) && false
			}
		}
	}
	return true
}

// oneLine returns JSON without line feeds, which would end a line of the output.
func oneLine(raw []byte) ([]byte, error) {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return raw, nil
	}
	var one bytes.Buffer
	err := stdjson.Compact(&one, raw)
	return one.Bytes(), err
}

// noEOF names the end of the input for what it is where there must be more.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func lineValues(r io.Reader, name string, yield func(fileLine, error) bool) bool {
	for line, err := range jsonl.Lines(r) {
		if err == nil && !json.Valid(line.Bytes) {
			err = &jsonl.LineError{File: name, Line: line.N, Err: fmt.Errorf("not valid JSON: %.40q", line.Bytes)}
		} else if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		if !yield(fileLine{line, name}, err) {
			return false
		}
	}
	return true
}

// form is how the values of a file are laid out.
type form int

const (
	unclear   form = iota // more of the file must be seen
	byLine                // one a line
	byElement             // the elements of one array
	byValue               // one after another, however many lines each takes
)

// mostHead is how much of a file is looked at for its layout.
const mostHead = 16 << 20

// layout finds the form of a file by its beginning. An array is one value, rather than a list of them, if its elements
// are messages.
func layout(text []byte) form {
	if len(text) == 0 || text[0] != '[' {
		return byLine
	}
	line, _, found := bytes.Cut(text, []byte("\n"))
	first := firstElement(text)
	switch {
	case first == unknown:
		return unclear
	case first == aRow || first == aScalar && !found:
		return byElement
	case json.Valid(line):
		return byLine
	case first == aScalar:
		return byElement
	case !found:
		return unclear
	}
	return byValue
}

// element is what the first element of an array is.
type element int

const (
	unknown  element = iota // the text ends before it is told
	aMessage                // of a conversation
	aRow                    // another object, or an array
	aScalar
)

func firstElement(text []byte) element {
	dec := stdjson.NewDecoder(bytes.NewReader(text))
	dec.Token() // the [ that was seen
	tok, err := dec.Token()
	switch {
	case err != nil:
		return unknown
	case tok == stdjson.Delim('['):
		return aRow
	case tok != stdjson.Delim('{'):
		return aScalar
	}
	var skip stdjson.RawMessage
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return unknown
		}
		switch key {
		case "role", "from", "human":
			return aMessage
		}
		if dec.Decode(&skip) != nil {
			return unknown
		}
	}
	if _, err = dec.Token(); err != nil {
		return unknown
	}
	return aRow
}

// roundRobin gives the rows of all files in turn, one of each.
func (o *Options) roundRobin(paths []string, columns ...string) iter.Seq2[*row, error] {
	if len(paths) == 1 {
		return o.rows(paths, columns...)
	}
	return func(yield func(*row, error) bool) {
		type reader struct {
			next func() (*row, error, bool)
			stop func()
		}
		var open []reader
		for _, p := range paths {
			next, stop := iter.Pull2(o.rows([]string{p}, columns...))
			defer stop()
			open = append(open, reader{next, stop})
		}
		for len(open) > 0 {
			for k := 0; k < len(open); {
				r, err, more := open[k].next()
				if !more {
					open = append(open[:k], open[k+1:]...)
					continue
				}
				if !yield(r, err) {
					return
				}
				k++
			}
		}
	}
}

// elements gives the elements of the list under a key, wherever in the document that is, one in memory at a time.
func elements(r io.Reader, name, key string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		dec := stdjson.NewDecoder(unmarked(r, 64<<10))
		for last := ""; last != key; {
			tok, err := dec.Token()
			if err != nil {
				yield(fileLine{}, fmt.Errorf("%s: there is no list %q in it: %w", name, key, err))
				return
			}
			last, _ = tok.(string)
		}
		if tok, err := dec.Token(); err != nil || tok != stdjson.Delim('[') {
			yield(fileLine{}, fmt.Errorf("%s: %q is no list", name, key))
			return
		}
		var raw json.RawMessage
		for n := 1; dec.More(); n++ {
			if err := dec.Decode(&raw); err != nil {
				yield(fileLine{}, fmt.Errorf("%s: %s[%d]: not valid JSON: %w", name, key, n-1, err))
				return
			}
			if !yield(fileLine{jsonl.Line{N: n, Bytes: raw}, name}, nil) {
				return
			}
		}
		if _, err := dec.Token(); err != nil {
			yield(fileLine{}, fmt.Errorf("%s: %q is not closed: %w", name, key, err))
		}
	}
}
