package dataset

import (
	"errors"
	"fmt"
	"iter"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/tabular"
)

// row is one row of a file.
type row struct {
	tabular.Row
	path string
}

// place returns the place of the row.
func (r *row) place() body.Place { return body.Place{File: r.path, N: r.N, Row: !r.Line} }

// wrong returns an error that names the row.
func (r *row) wrong(format string, args ...any) error {
	return r.place().Wrong(fmt.Errorf(format, args...))
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

// rows returns the rows of all files, in order.
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

// roundRobin returns one row of each file in turn.
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
