package feed

import (
	"errors"
	"io"
	"os"
	"sync"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
)

// Log is a file of request lines, which keeps the input of a run. Its methods are safe for concurrent use; those of a
// nil Log do nothing.
type Log struct {
	mu     sync.Mutex
	file   *os.File
	w      io.WriteCloser
	line   []byte
	closed bool
}

// NewLog returns a Log that writes to file, compressed if its name ends in .gz or .zst.
func NewLog(file *os.File) (*Log, error) {
	w, err := jsonl.Compress(file, file.Name())
	if err != nil {
		return nil, err
	}
	return &Log{file: file, w: w}, nil
}

// Add writes a request as it was read. After Close it does nothing: the run has ended, but the reader of a pipe may
// still get lines.
func (l *Log) Add(r *load.Request) (err error) {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	if l.line, err = r.Append(l.line[:0]); err != nil {
		return err
	}
	l.line = append(l.line, '\n')
	_, err = l.w.Write(l.line)
	return err
}

// Close ends the file.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return errors.Join(l.w.Close(), l.file.Close())
}
