package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

// PartialEnd is what the name of a file that is being written ends with.
const PartialEnd = ".partial"

// Output is a file that appears under its name only when Commit is called, so that a failed run leaves no half-written
// one; or what is no file to be replaced: stdout, for - and "", a device, a named pipe. Until then it is FILE.partial,
// which one process at a time may write. What another one has left there is retained under another name.
type Output struct {
	*bufio.Writer
	env    *Env
	path   string
	file   *os.File
	direct bool // what has the name is written to, not replaced
	resume bool // what FILE.partial holds is continued
}

// Create returns an Output. Nothing is created before the first byte is flushed to it, or Open or Commit are called.
func (e *Env) Create(path string) *Output { return e.output(path, false) }

// Continue returns an Output that goes on behind what FILE.partial holds.
func (e *Env) Continue(path string) *Output { return e.output(path, true) }

func (e *Env) output(path string, resume bool) *Output {
	o := &Output{env: e, path: path, resume: resume}
	var w io.Writer = e.Stdout
	if !IsStd(path) {
		w = lazyFile{o}
	}
	o.Writer = bufio.NewWriterSize(w, 64<<10)
	return o
}

// IsStd reports whether a path names stdin or stdout.
func IsStd(path string) bool { return path == "" || path == "-" }

// lazyFile opens the file at the first write. Output is a field and not embedded: its WriteString must not become that
// of the file, since bufio would then call itself.
type lazyFile struct{ out *Output }

func (f lazyFile) Write(p []byte) (int, error) {
	if err := f.out.Open(); err != nil {
		return 0, err
	}
	return f.out.file.Write(p)
}

// Open opens the file, so that what stands in its way is known before there is anything to write.
func (o *Output) Open() error {
	if o.file != nil || IsStd(o.path) {
		return nil
	}
	if to, err := filepath.EvalSymlinks(o.path); err == nil { // a link stays one
		o.path = to
	}
	switch info, err := os.Stat(o.path); {
	case err == nil && info.IsDir():
		return fault.Fail("", "%s: is a folder", o.path)
	case err == nil && !info.Mode().IsRegular():
		o.direct = true
		o.file, err = os.OpenFile(o.path, os.O_WRONLY, 0)
		return err
	}
	for {
		flags := os.O_CREATE | os.O_RDWR
		if o.resume {
			flags |= os.O_APPEND
		}
		f, err := openLocked(o.path+PartialEnd, flags, o.env.Mode)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		switch {
		case err != nil:
		case info.Size() == 0 || o.resume:
			if info.Size() == 0 {
				err = o.env.Mode.Set(f)
			}
			if err == nil {
				o.file = f
				return nil
			}
		default:
			err = o.retain()
		}
		f.Close()
		if err != nil {
			return err
		}
	}
}

// openLocked opens a file for the only process that may write it.
func openLocked(path string, flags int, mode Mode) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, flags, mode.Perm())
		if err != nil {
			return nil, err
		}
		if !lock(f) {
			f.Close()
			return nil, fault.Fail("wait until it is done, or name another file",
				"%s: another process is writing it", strings.TrimSuffix(path, PartialEnd))
		}
		mine, err1 := f.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, named) {
			return f, nil
		}
		f.Close() // the other process has just given it its name
		if err := errors.Join(err1, err2); err != nil && !errors.Is(err2, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// retain renames what an earlier process has left.
func (o *Output) retain() error {
	partial := o.path + PartialEnd
	for n := 1; ; n++ {
		to := partial + "." + strconv.Itoa(n)
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		if err := os.Rename(partial, to); err != nil {
			return err
		}
		if o.env.Stderr != nil {
			o.env.Say("%s, which a run that was cut short has left, is now %s", partial, to)
		}
		return nil
	}
}

// Commit flushes the file and renames it.
func (o *Output) Commit() error {
	if err := o.Flush(); err != nil {
		o.Abort()
		return err
	}
	if IsStd(o.path) {
		return nil
	}
	if err := o.Open(); err != nil {
		return err
	}
	f := o.file
	if o.file = nil; o.direct {
		return f.Close()
	}
	if renamesOpen { // nobody else may write it before it has its name
		return cmp.Or(os.Rename(f.Name(), o.path), f.Close())
	}
	return cmp.Or(f.Close(), os.Rename(f.Name(), o.path))
}

// Abort removes what was written. It does nothing after Commit.
func (o *Output) Abort() {
	if o.file == nil {
		return
	}
	if !o.direct && !o.resume {
		os.Remove(o.file.Name())
	}
	o.file.Close()
	o.file = nil
}

// Rescue closes a file whose writing has failed and leaves it as FILE.partial, whose name it returns; of lines only the
// whole ones. The name is empty if nothing is left.
func (o *Output) Rescue(lines bool) (string, error) {
	if o.file == nil || o.direct {
		return "", nil
	}
	defer func() { o.file = nil }()
	defer o.file.Close()
	info, err := o.file.Stat()
	if err != nil {
		return "", err
	}
	size := info.Size()
	if lines {
		if size, err = WholeLines(o.file, size); err != nil {
			return "", err
		}
		if err := o.file.Truncate(size); err != nil {
			return "", err
		}
	}
	if size == 0 {
		return "", os.Remove(o.file.Name())
	}
	return o.file.Name(), nil
}

// WholeLines returns the size of the first size bytes of f without a last line that has no end.
func WholeLines(f io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		from := max(0, end-int64(len(buf)))
		part := buf[:end-from]
		if _, err := f.ReadAt(part, from); err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}
