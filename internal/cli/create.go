package cli

import (
	"io"
	"os"
	"path/filepath"

	"perfpipe/internal/fault"
	"perfpipe/internal/partial"
)

// IsStd reports whether a path names stdin or stdout.
func IsStd(path string) bool { return path == "" || path == "-" }

// Create returns a file that appears under its name when it is committed, or stdout for - and "".
func (e *Env) Create(path string) *partial.File { return e.create(path, false) }

// Continue is like Create, but appends to FILE.partial if it exists.
func (e *Env) Continue(path string) *partial.File { return e.create(path, true) }

// WriteFile writes a complete file, and creates its folder.
func (e *Env) WriteFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.Fail("", "%w", err)
	}
	out := e.Create(path)
	defer out.Abort()
	if _, err := out.Write(text); err != nil {
		return err
	}
	return out.Commit()
}

// Output creates path, or stdout for - and "", and completes it when write has written it.
func (e *Env) Output(path string, write func(io.Writer) error) error {
	out := e.Create(path)
	defer out.Abort()
	if err := write(out); err != nil {
		return err
	}
	return out.Commit()
}

func (e *Env) create(path string, add bool) *partial.File {
	if IsStd(path) {
		return partial.Stream(e.Stdout)
	}
	return partial.Create(path, partial.Options{Perm: e.Mode.perm, Append: add, Renamed: func(from, to string) {
		e.Say("%s, which a run that was cut short has left, is now %s", from, to)
	}})
}
