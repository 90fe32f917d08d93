// Command perf-gen writes requests, one JSON line each, for perf-send or for curl.
//
//	perf-gen --dataset random --number 200 | perf-send --url http://127.0.0.1:8000/v1/chat/completions | perf-stats
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"text/tabwriter"

	"perfpipe/internal/cli"

	"perfpipe/internal/dataset"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/partial"
)

func main() { os.Exit(cli.Main("perf-gen", run)) }

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description, groups()...); err != nil {
		return err
	}
	env.Mode = f.Mode.Private()
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
		return list(env)
	}
	source, err := f.open(ctx, env, w)
	if err != nil {
		return hinted(err, f.paths())
	}
	bad := badLines{env: env, skip: f.OnBadLine == "skip"}
	buf := make([]byte, 0, 64<<10)
	for r, err := range source {
		if more, err := bad.take(err); err != nil {
			return hinted(err, f.paths())
		} else if !more {
			break
		}
		if err != nil || bad.failed() {
			continue
		}
		r.Labels = f.Label.Over(r.Labels)
		line, err := r.Line(buf[:0])
		if err != nil {
			return err
		}
		if err := w.line(line); err != nil {
			return err
		}
	}
	return bad.end()
}

// badLines handles lines that cannot be read. With skip they are dropped and counted. Otherwise nothing is written
// after the first one, but reading goes on, so that all of them are reported at once.
type badLines struct {
	env  *cli.Env
	skip bool
	good bool // some line is good
	n    int
	last *jsonl.LineError
	seen map[string]bool
}

// maxBadLines is the number of bad lines to report: more of them mean another format.
const maxBadLines = 100

// take handles an item of the stream. It returns errors that are not about a line, and whether to go on.
func (b *badLines) take(err error) (more bool, fatal error) {
	var bad *jsonl.LineError
	if s, ok := errors.AsType[*dataset.SetupError](err); ok {
		return false, s
	}
	switch {
	case err == nil:
		b.good = true
		return true, nil
	case !errors.As(err, &bad):
		return false, err
	case b.seen[bad.Error()]: // the data is read again
		return b.skip, nil
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.n++
	if b.skip {
		if b.n == 1 {
			b.env.Say("left out: %v", bad)
		}
		return true, nil
	}
	if b.last != nil {
		b.env.Say("%v", b.last)
	}
	b.seen[bad.Error()], b.last = true, bad
	return b.n < maxBadLines, nil
}

func (b *badLines) failed() bool { return b.last != nil }

func (b *badLines) end() error {
	switch {
	case b.last != nil && b.good:
		if err := hinted(b.last, []string{b.last.File}); err != error(b.last) {
			return err
		}
		return fault.Fail("--on-bad-line skip leaves bad lines out", "%w", b.last)
	case b.last != nil:
		return hinted(b.last, []string{b.last.File})
	case b.n > 0 && !b.good:
		return fault.Fail("", "all of %d lines are bad: nothing is left", b.n)
	case b.n > 0:
		b.env.Say("%d bad lines left out", b.n)
	}
	return nil
}

// hinted adds the hint of an error that has one. It names the file if there is only one.
func hinted(err error, files []string) error {
	h, ok := errors.AsType[interface {
		error
		Hint(file string) string
	}](err)
	if !ok {
		return err
	}
	file := "FILE"
	if len(files) == 1 && files[0] != "-" {
		file = files[0]
	}
	code := fault.CodeFail
	if own, ok := errors.AsType[*fault.Error](err); ok {
		if own.Hint != "" {
			return err
		}
		code = own.Code
	}
	return &fault.Error{Code: code, Err: err, Hint: h.Hint(file)}
}

// list prints the table of datasets.
func list(env *cli.Env) error {
	t := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSOURCE\tFIELDS\tLICENCE")
	for _, d := range dataset.List() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.Name, d.Source, cmp.Or(d.Fields, "-"), cmp.Or(d.Licence, "-"))
	}
	return t.Flush()
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
	w := &writer{out: env.Create(path), toStdout: path == "" || path == "-"}
	if w.toStdout {
		widen(env.Stdout)
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
