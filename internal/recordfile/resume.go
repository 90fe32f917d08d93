package recordfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/goccy/go-json"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/partial"
	"perfpipe/internal/record"
)

// Resume opens the file of an earlier run, or its FILE.partial, to append to it. It first repairs the file: a line
// without its end, canceled requests and sessions that did not end are removed, and so are sent again. create must
// return a file that appends to FILE.partial. The *Sent is nil if there is no earlier run.
func Resume(path string, create func(path string) *partial.File) (*File, *Sent, error) {
	exists, err := claim(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := openResumed(path, create)
	if err != nil || !exists {
		return f, nil, err
	}
	s, rewritten, err := readSent(path)
	if err != nil {
		f.Abort()
		return nil, nil, err
	}
	if rewritten { // f is open under a name that another file has now
		f.rescue()
		if f, err = openResumed(path, create); err != nil {
			return nil, nil, err
		}
	}
	f.before = s.Records
	return f, s, nil
}

// Continue opens the file of an earlier run, or its FILE.partial, to append JSON lines of any kind to it. A line
// without its end, or the damaged end of a compressed file, is removed first. create is that of Resume.
func Continue(path string, create func(path string) *partial.File) (*File, error) {
	exists, err := claim(path)
	if err != nil {
		return nil, err
	}
	if exists {
		if err := endLines(path); err != nil {
			return nil, err
		}
	}
	return openResumed(path, create)
}

// endLines makes FILE.partial end with a whole line.
func endLines(path string) error {
	part := path + partial.Suffix
	if !compressed(path) {
		return endLastLine(part, json.Valid)
	}
	damaged, err := eachLine(part, func([]byte) error { return nil })
	if err != nil || !damaged {
		return err
	}
	return rewrite(path, func(write func([]byte) error) error {
		_, err := eachLine(part, write)
		return err
	})
}

func openResumed(path string, create func(path string) *partial.File) (*File, error) {
	f, err := Open(create(path), path)
	if err == nil {
		f.resume = true
	}
	return f, err
}

// ErrNotRegular reports a path that is not a regular file.
var ErrNotRegular = errors.New("is not a file")

// claim renames FILE to FILE.partial. It reports whether either of them has records.
func claim(path string) (bool, error) {
	part := path + partial.Suffix
	p, err := os.Stat(part)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	f, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	cut, whole := p != nil && p.Size() > 0, f != nil && f.Size() > 0
	switch {
	case f != nil && !f.Mode().IsRegular():
		return false, fmt.Errorf("%s %w", path, ErrNotRegular)
	case cut && whole:
		return false, fault.Fail("rename the one that is not to be resumed", "both %s and %s hold records", path, part)
	case whole:
		return true, os.Rename(path, part)
	}
	return cut, nil
}

// readSent repairs FILE.partial and reads it. It reports whether the file was replaced.
func readSent(path string) (s *Sent, rewritten bool, err error) {
	part := path + partial.Suffix
	if !compressed(path) {
		whole := func(line []byte) bool {
			_, err := new(record.Decoder).Decode(line)
			return err == nil
		}
		if err := endLastLine(part, whole); err != nil {
			return nil, false, err
		}
	}
	s = newSent(path)
	damaged, err := eachRecord(part, func(r *record.Record, _ []byte) error { return s.survey(r) })
	if err != nil {
		return nil, false, err
	}
	if _, err := eachRecord(part, func(r *record.Record, _ []byte) error {
		if !s.keeps(r) {
			s.Dropped++
			return nil
		}
		return s.add(r)
	}); err != nil {
		return nil, false, err
	}
	if !damaged && s.Dropped == 0 {
		return s, false, nil
	}
	return s, true, rewrite(path, func(write func([]byte) error) error {
		_, err := eachRecord(part, func(r *record.Record, line []byte) error {
			if !s.keeps(r) {
				return nil
			}
			return write(line)
		})
		return err
	})
}

// endLastLine completes a last line that lacks only its line feed, and removes one that is not whole.
func endLastLine(path string, whole func(line []byte) bool) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	begin, err := partial.WholeLines(f, size)
	if err != nil || begin == size {
		return err
	}
	last := make([]byte, size-begin)
	if _, err := f.ReadAt(last, begin); err != nil {
		return err
	}
	if whole(last) {
		_, err = f.WriteAt(newline, size)
		return err
	}
	return f.Truncate(begin)
}

// eachRecord calls do for each record of a file, with its line. It reports whether the end of the file is damaged.
func eachRecord(path string, do func(*record.Record, []byte) error) (damaged bool, err error) {
	var d record.Decoder
	return eachLine(path, func(line []byte) error {
		r, err := d.Decode(line)
		if err == nil {
			err = do(r, line)
		}
		return err
	})
}

// eachLine calls do for each line of a file. It reports whether the end of the file is damaged.
func eachLine(path string, do func(line []byte) error) (damaged bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	plain, err := jsonl.Decompress(f)
	if jsonl.Damaged(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	for line, err := range jsonl.Lines(plain) {
		if jsonl.Damaged(err) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", path, err)
		}
		if err := do(line.Bytes); err != nil {
			return false, &jsonl.LineError{File: path, Line: line.N, Err: err}
		}
	}
	return false, nil
}

// rewrite replaces FILE.partial by one with the lines that each writes.
func rewrite(path string, each func(write func(line []byte) error) error) error {
	part := path + partial.Suffix
	old, err := os.Stat(part)
	if err != nil {
		return err
	}
	to, err := os.OpenFile(part+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, old.Mode().Perm())
	if err != nil {
		return err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	buf := bufio.NewWriterSize(to, 1<<20)
	w, err := jsonl.Compress(buf, path)
	if err != nil {
		return err
	}
	if err := each(func(line []byte) error {
		_, err := w.Write(append(line[:len(line):len(line)], '\n'))
		return err
	}); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), buf.Flush(), to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), part)
}
