package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"perfpipe/internal/hub"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/tabular"
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
		if tabular.Supported(f) && !strings.HasPrefix(filepath.Base(f), "dataset_info") {
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
	tabular.Row
	path string
}

// wrong is an error about the row.
func (r *row) wrong(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if !r.Line {
		err = fmt.Errorf("row: %w", err)
	}
	return &jsonl.LineError{File: r.path, Line: r.N, Err: err}
}

// text returns a column's text, "" if it has none.
func (r *row) text(column string) string {
	s, _ := r.Values[column].(string)
	return s
}

// kind describes the value of a column in words.
func (r *row) kind(column string) string {
	v, ok := r.Values[column]
	switch v := v.(type) {
	case nil:
		if !ok {
			return "missing"
		}
		return "null"
	case string:
		return "empty"
	case bool:
		return "true or false"
	case float64, int64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("a %T", v)
	}
}

// rows gives the rows of all files, one after the other.
func (o *Options) rows(paths []string, columns ...string) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		var r row
		for _, path := range paths {
			read := tabular.File(path, columns...)
			if path == "-" {
				in, name, close, err := o.Input(path)
				if err != nil {
					yield(nil, err)
					return
				}
				defer close()
				path, read = name, tabular.Read(in, name, columns...)
			}
			for values, err := range read {
				r = row{values, path}
				if !yield(&r, err) {
					return
				}
				if _, bad := errors.AsType[*jsonl.LineError](err); err != nil && !bad {
					return
				}
			}
		}
	}
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

// elements returns those of the list that stands in the document r under the path of keys, one in memory at a time.
func elements(r io.Reader, name string, path ...string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		for v, err := range jsonl.Elements(unmarked(r, 64<<10), path...) {
			l := fileLine{jsonl.Line{N: v.Line, Bytes: v.Bytes}, name, false}
			if err != nil {
				yield(l, fmt.Errorf("%s:%d: %w", name, v.Line, err))
				return
			}
			if l.Bytes, err = valid(v.Bytes); err != nil {
				err = l.wrong(err)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}
