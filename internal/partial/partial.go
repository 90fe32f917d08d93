// Package partial writes files that get their names only when they are complete.
//
// A failed run leaves no half-written FILE. Until FILE is complete it is FILE.partial, which one process at a time may
// write.
package partial

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

// Suffix ends the name of a file that is being written.
const Suffix = ".partial"

// Options describe how a file is made.
type Options struct {
	Perm   os.FileMode // permissions of a new file; 0 leaves them to the umask
	Append bool        // append to FILE.partial if it exists; else it is kept under another name
	// Renamed is called when FILE.partial of another run was kept under another name. It may be nil.
	Renamed func(from, to string)
}

// File is a buffered output file. If its path is a device or a named pipe, it writes to that and replaces nothing.
type File struct {
	*bufio.Writer
	opt    Options
	path   string   // empty: an open stream
	file   *os.File // nil: not open
	direct bool     // the path is not a regular file
}

const bufferSize = 64 << 10

// Create returns a File. Nothing is created until the first byte is flushed, or Open or Commit is called.
func Create(path string, opt Options) *File {
	f := &File{opt: opt, path: path}
	f.Writer = bufio.NewWriterSize(lazy{f}, bufferSize)
	return f
}

// Stream returns a File that writes to w, such as stdout. Commit flushes it.
func Stream(w io.Writer) *File { return &File{Writer: bufio.NewWriterSize(w, bufferSize)} }

// lazy opens the file at the first write. File is a field and not embedded: bufio must not find its WriteString, since
// that is bufio's own.
type lazy struct{ f *File }

func (l lazy) Write(p []byte) (int, error) {
	if err := l.f.Open(); err != nil {
		return 0, err
	}
	return l.f.file.Write(p)
}

// Open opens the file, so that obstacles are known before there is anything to write.
func (f *File) Open() error {
	if f.file != nil || f.path == "" {
		return nil
	}
	if to, err := filepath.EvalSymlinks(f.path); err == nil { // the link stays, and its target is replaced
		f.path = to
	}
	switch info, err := os.Stat(f.path); {
	case err == nil && info.IsDir():
		return fault.Fail("", "%s: is a folder", f.path)
	case err == nil && !info.Mode().IsRegular():
		f.direct = true
		f.file, err = os.OpenFile(f.path, os.O_WRONLY, 0)
		return err
	}
	for f.file == nil {
		if err := f.tryOpen(); err != nil {
			return err
		}
	}
	return nil
}

// Check returns the obstacle to writing the file, and leaves nothing. A named pipe is not opened: that waits for its
// reader, who would then see the pipe end.
func (f *File) Check() error {
	if info, err := os.Stat(f.path); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil
	}
	if err := f.Open(); err != nil {
		return err
	}
	_, err := f.Rescue(false)
	return err
}

// Named reports whether the file is open and gets its name at the end, unlike a stream, a device or a named pipe.
func (f *File) Named() bool { return f.file != nil && !f.direct }

// tryOpen opens FILE.partial, or renames the one of another run.
func (f *File) tryOpen() error {
	flags := os.O_CREATE | os.O_RDWR
	if f.opt.Append {
		flags |= os.O_APPEND
	}
	file, err := openLocked(f.path+Suffix, flags, cmp.Or(f.opt.Perm, 0o666))
	if err != nil {
		return err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.Size() == 0 && f.opt.Perm != 0:
		err = file.Chmod(f.opt.Perm) // whatever the umask
		f.file = file
	case info.Size() == 0 || f.opt.Append:
		f.file = file
	default:
		err = f.keepOther()
	}
	if f.file == nil || err != nil {
		f.file = nil
		file.Close()
	}
	return err
}

// openLocked opens a file that no other process may open like this until it is closed.
func openLocked(path string, flags int, perm os.FileMode) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, flags, perm)
		if err != nil {
			return nil, err
		}
		if !lock(f) {
			f.Close()
			return nil, fault.Fail("wait until it is done, or name another file",
				"%s: another process is writing it", strings.TrimSuffix(path, Suffix))
		}
		mine, err1 := f.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, named) {
			return f, nil
		}
		f.Close() // the other process has just renamed it
		if err := errors.Join(err1, err2); err != nil && !errors.Is(err2, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// keepOther renames the FILE.partial of another run.
func (f *File) keepOther() error {
	from := f.path + Suffix
	for n := 1; ; n++ {
		to := from + "." + strconv.Itoa(n)
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
		if f.opt.Renamed != nil {
			f.opt.Renamed(from, to)
		}
		return nil
	}
}

// Commit flushes the file and renames it to FILE.
func (f *File) Commit() error {
	if err := f.Flush(); err != nil {
		f.Abort()
		return err
	}
	if f.path == "" {
		return nil
	}
	if err := f.Open(); err != nil {
		return err
	}
	file := f.file
	if f.file = nil; f.direct {
		return file.Close()
	}
	if renamesOpen { // the lock lasts until the file has its name
		return cmp.Or(os.Rename(file.Name(), f.path), file.Close())
	}
	return cmp.Or(file.Close(), os.Rename(file.Name(), f.path))
}

// Abort removes the file, or leaves it as FILE.partial if it was to be appended to. It does nothing after Commit.
func (f *File) Abort() {
	if f.file == nil {
		return
	}
	if !f.direct && !f.opt.Append {
		os.Remove(f.file.Name())
	}
	f.file.Close()
	f.file = nil
}

// Rescue closes a file that could not be written to its end and leaves it as FILE.partial, cut to whole lines if lines
// is set. It returns the name, empty if there is nothing to leave.
func (f *File) Rescue(lines bool) (string, error) {
	if !f.Named() {
		return "", nil
	}
	defer func() { f.file = nil }()
	defer f.file.Close()
	info, err := f.file.Stat()
	if err != nil {
		return "", err
	}
	size := info.Size()
	if lines {
		if size, err = WholeLines(f.file, size); err != nil {
			return "", err
		}
		if err := f.file.Truncate(size); err != nil {
			return "", err
		}
	}
	if size == 0 {
		return "", os.Remove(f.file.Name())
	}
	return f.file.Name(), nil
}

// WholeLines returns how many of the first size bytes of r are whole lines: up to the last line feed.
func WholeLines(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		from := max(0, end-int64(len(buf)))
		part := buf[:end-from]
		if _, err := r.ReadAt(part, from); err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}
