package cli

import (
	"io/fs"
	"os"
	"path/filepath"

	"perfpipe/internal/fault"
)

// File is a file that a command reads or writes.
type File struct {
	Name string // for messages: a flag, or the input
	Path string
	Out  bool // the command writes it
}

// Distinct returns an error if an output is also another one of the files. A device may be both, and so may a pipe or a
// socket that is an input and one output, but two outputs would be mixed in it.
func (e *Env) Distinct(files ...File) error {
	for i, a := range files {
		for _, b := range files[:i] {
			if (a.Out || b.Out) && e.same(a, b) {
				if b.Out && !a.Out {
					a, b = b, a
				}
				return fault.Usage("name another file", "%s: %s is also %s", a.Name, a.shown(), b.Name)
			}
		}
	}
	return nil
}

// shown returns the name of the file for a message.
func (f File) shown() string {
	switch {
	case !IsStd(f.Path):
		return f.Path
	case f.Out:
		return "stdout"
	}
	return "stdin"
}

func (e *Env) same(a, b File) bool {
	ai, bi := e.stat(a), e.stat(b)
	if ai != nil && bi != nil {
		mixed := a.Out && b.Out && ai.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0
		return (ai.Mode().IsRegular() || mixed) && os.SameFile(ai, bi)
	}
	return ai == nil && bi == nil && !IsStd(a.Path) && !IsStd(b.Path) && resolved(a.Path) == resolved(b.Path)
}

// stat returns nil for a file that does not exist yet.
func (e *Env) stat(f File) fs.FileInfo {
	if !IsStd(f.Path) {
		info, err := os.Stat(f.Path)
		if err != nil {
			return nil
		}
		return info
	}
	var stream any = e.Stdin
	if f.Out {
		stream = e.Stdout
	}
	if file, ok := stream.(*os.File); ok {
		if info, err := file.Stat(); err == nil {
			return info
		}
	}
	return nil
}

// resolved returns the canonical path of a file that does not exist.
func resolved(path string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		dir = filepath.Dir(path)
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Join(dir, filepath.Base(path))
}
