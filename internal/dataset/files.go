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
	head, _ := br.Peek(4 << 10)
	if text := bytes.TrimLeft(head, " \t\r\n"); !spansLines(text) {
		for line, err := range jsonl.Lines(br) {
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
	dec := stdjson.NewDecoder(br)
	if _, err := dec.Token(); err != nil {
		return yield(fileLine{}, fmt.Errorf("%s: not valid JSON: %w", name, err)) && false
	}
	var raw json.RawMessage
	for n := 1; dec.More(); n++ {
		if err := dec.Decode(&raw); err != nil {
			return yield(fileLine{}, fmt.Errorf("%s: element %d: not valid JSON: %w", name, n, err)) && false
		}
		if !yield(fileLine{jsonl.Line{N: n, Bytes: raw}, name}, nil) {
			return false
		}
	}
	return true
}

// spansLines says that the text is one array of objects or arrays, rather than a line for each: the first line is not
// valid by itself, or is an array of objects that have no role, which would be the messages of one conversation.
func spansLines(text []byte) bool {
	if len(text) == 0 || text[0] != '[' {
		return false
	}
	line, _, found := bytes.Cut(text, []byte("\n"))
	if found && json.Valid(line) {
		return false
	}
	inner := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(inner) == 0 || inner[0] == '[' {
		return true
	}
	return found || !bytes.Contains(inner[:min(len(inner), 64)], []byte(`"role"`))
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
