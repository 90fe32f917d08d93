package track

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
)

// journal is a file with the events of a run, one per line. It is the queue of every tracker, so that a slow tracker
// takes no memory, and it is kept if a tracker has not logged the run.
type journal struct {
	file *os.File
	dir  string // created for it

	mu    sync.Mutex
	size  int64
	grown chan struct{} // closed when events were added, or at the end
	done  bool
}

// create creates a journal in dir, which it creates too. The journal has the name of the run, and a number if that name
// exists.
func create(dir, name string) (*journal, error) {
	made, err := makeDir(dir)
	if err != nil {
		return nil, err
	}
	base := filepath.Join(dir, fileName(name))
	for n := 1; ; n++ {
		path := base + ".track.jsonl"
		if n > 1 {
			path = fmt.Sprintf("%s.%d.track.jsonl", base, n)
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			return &journal{file: f, dir: made, grown: make(chan struct{})}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
}

// fileName replaces the characters of a name that file systems or shells treat specially.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-+=@", r) {
			return r
		}
		return '_'
	}, name)
}

// open opens the journal of a kept run.
func open(path string) (*journal, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &journal{file: f, size: info.Size(), grown: make(chan struct{}), done: true}, nil
}

// IsKept reports whether a file is the journal of a run.
func IsKept(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false // reading from a pipe would consume its data
	}
	line, err := bufio.NewReader(io.LimitReader(f, 1<<20)).ReadBytes('\n')
	if err != nil && err != io.EOF || !bytes.Contains(line, []byte(`"`+format+`"`)) {
		return false
	}
	e, err := decode(line)
	return err == nil && e.Op == opRun
}

// add appends events.
func (j *journal) add(events ...*event) error {
	var lines []byte
	for _, e := range events {
		line, err := encode(e)
		if err != nil {
			return err
		}
		lines = append(lines, line...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.WriteAt(lines, j.size); err != nil {
		return err
	}
	j.size += int64(len(lines))
	close(j.grown)
	j.grown = make(chan struct{})
	return nil
}

// end marks the journal as complete.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.done {
		j.done = true
		close(j.grown)
	}
}

func (j *journal) state() (size int64, grown <-chan struct{}, done bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size, j.grown, j.done
}

// lines yields the lines from the first one on, and waits for more until the journal is complete or ctx is done. It
// omits an incomplete last line.
func (j *journal) lines(ctx context.Context) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at := int64(0)
		for {
			size, grown, done := j.state()
			r := bufio.NewReader(io.NewSectionReader(j.file, at, size-at))
			for {
				line, err := r.ReadBytes('\n')
				if err != nil {
					break
				}
				at += int64(len(line))
				if !yield(line) {
					return
				}
			}
			if done {
				return
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (j *journal) path() string { return j.file.Name() }

// remove deletes the file, and the directory if it was created for it and is empty.
func (j *journal) remove() { remove(j.path(), j.dir) }

// makeDir creates a directory if there is none. It returns the name of one that it created.
func makeDir(dir string) (made string, err error) {
	if _, err := os.Stat(dir); err != nil {
		made = dir
	}
	return made, os.MkdirAll(dir, 0o755)
}

// remove deletes a file, and the directory that makeDir created for it if that is empty.
func remove(path, made string) {
	os.Remove(path)
	if made != "" {
		os.Remove(made)
	}
}
