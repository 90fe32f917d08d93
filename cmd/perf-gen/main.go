// Command perf-gen writes requests, one JSON line each, for perf-send or for curl.
//
//	perf-gen --dataset random --number 200 | perf-send --url http://127.0.0.1:8000/v1/chat/completions | perf-stats
package main

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"os"
	"sync"

	"perfpipe/internal/cli"
	"perfpipe/internal/dataset"
	"perfpipe/internal/dataset/describe"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/partial"
)

//go:embed hints.txt
var hintTable string

func main() { os.Exit(cli.Main("perf-gen", run)) }

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description, groups()...); err != nil {
		return err
	}
	env.Mode, env.Hints = f.Mode.Private(), cli.Hints(hintTable)
	files := []cli.File{{Name: "-o", Path: f.Output, Out: true}}
	for _, path := range f.paths() {
		files = append(files, cli.File{Name: "an input", Path: path})
	}
	if err := env.Distinct(files...); err != nil {
		return err
	}
	ctx, stop := env.Context()
	defer stop()
	w, err := newWriter(env, f.Output)
	if err != nil {
		return err
	}
	// Blocking writes to a pipe without a reader, or reads from one without a writer, must not delay Ctrl-C.
	done := make(chan error, 1)
	go func() { done <- generate(ctx, env, &f, w) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return w.end(err)
}

// generate writes the requests.
func generate(ctx context.Context, env *cli.Env, f *flags, w *writer) error {
	if f.List {
		return dataset.WriteTable(env.Stdout)
	}
	source, err := f.open(ctx, env, w)
	if err != nil {
		return fault.WithFileHint(err, f.paths()...)
	}
	labels := f.labels(env.Args)
	bad := dataset.BadLines{Say: env.Say, Skip: f.OnBadLine == "skip"}
	var summary describe.Summary
	buf := make([]byte, 0, 64<<10)
	for r, err := range source {
		if more, err := bad.Take(err); err != nil {
			return fault.WithFileHint(err, f.paths()...)
		} else if !more {
			break
		}
		if err != nil || bad.Last != nil {
			continue
		}
		if f.Describe {
			if err := summary.Add(&r); err != nil {
				return err
			}
			continue
		}
		r.Labels = labels.Over(r.Labels)
		line, err := r.Line(buf[:0])
		if err != nil {
			return err
		}
		if err := w.line(line); err != nil {
			return err
		}
	}
	if f.Describe && bad.Last == nil {
		if err := w.describe(&summary); err != nil {
			return err
		}
	}
	return bad.End()
}

// writer writes whole lines to the output. It is safe for concurrent use.
type writer struct {
	mu       sync.Mutex
	out      *partial.File
	zip      io.WriteCloser
	lines    int
	toStdout bool
}

func newWriter(env *cli.Env, path string) (*writer, error) {
	w := &writer{out: env.Create(path), toStdout: cli.IsStd(path)}
	if w.toStdout {
		cli.WidenPipe(env.Stdout)
	}
	var err error
	w.zip, err = jsonl.Compress(w.out, path)
	return w, err
}

var newline = []byte{'\n'}

// line writes one line. The first is flushed at once, so that the reader can start.
func (w *writer) line(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.zip.Write(b); err != nil {
		return err
	}
	if _, err := w.zip.Write(newline); err != nil {
		return err
	}
	if w.lines++; w.lines == 1 && w.toStdout {
		return w.out.Flush()
	}
	return nil
}

// describe writes a summary in place of the lines.
func (w *writer) describe(s *describe.Summary) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.Write(w.zip)
}

// flush writes buffered lines before an operation that may take long.
func (w *writer) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.toStdout {
		w.out.Flush() // an error occurs again with the next line
	}
}

// end completes the output of a successful run. After a failure it removes an output file; stdout has whole lines.
// After Ctrl-C the generator may hold the lock in a write that never returns.
func (w *writer) end(err error) error {
	if errors.Is(err, fault.ErrInterrupted) && w.toStdout {
		return err
	}
	w.mu.Lock() // never unlocked: nothing is written after this
	switch {
	case err == nil:
		if err := w.zip.Close(); err != nil {
			w.out.Abort()
			return err
		}
		return w.out.Commit()
	case w.toStdout:
		w.out.Flush()
	default:
		w.out.Abort()
	}
	return err
}
