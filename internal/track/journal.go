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

// journal is the events of a run as lines of a file. It is every tracker's queue, so that a slow tracker takes no
// memory, and it is what remains of a run that a tracker did not take.
type journal struct {
	file *os.File
	dir  string // made for it

	mu    sync.Mutex
	size  int64
	grown chan struct{} // closed when there is more, or no more
	done  bool
}

// create makes a journal in dir, which it makes too, called after the run, and numbered where there is one of that
// name.
func create(dir, name string) (*journal, error) {
	made := ""
	if _, err := os.Stat(dir); err != nil {
		made = dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
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

// fileName is name of characters that every file system and shell takes as they are.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-+=@", r) {
			return r
		}
		return '_'
	}, name)
}

// open reads a kept run.
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

// IsKept says whether a file holds a run that was kept.
func IsKept(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false // a look into a pipe would take from it
	}
	line, err := bufio.NewReader(io.LimitReader(f, 1<<20)).ReadBytes('\n')
	if err != nil && err != io.EOF || !bytes.Contains(line, []byte(`"`+Format+`"`)) {
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

// end says that no more comes.
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

// lines gives the lines from the first on, waiting for those to come, until the end or until ctx is done. A last line
// without an end was cut off and is left out.
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

// remove deletes the file, and the directory if it was made for it and nothing else is in it.
func (j *journal) remove() {
	os.Remove(j.path())
	if j.dir != "" {
		os.Remove(j.dir)
	}
}
