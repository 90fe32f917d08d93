package track

import (
	"errors"
	"os"
	"sync"
)

// copied is a file that receives a copy of a stream, so that it can be uploaded. Write never fails, since the stream
// must go on; close returns the first error. After an interrupt a Write may still be in progress when close is called.
type copied struct {
	file *os.File
	dir  string // created for it
	mu   sync.Mutex
	err  error
}

// newCopy creates a copy in dir, which it creates too.
func newCopy(dir string) (*copied, error) {
	made, err := makeDir(dir)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, "records-*.jsonl")
	return &copied{file: file, dir: made}, err
}

// Write implements io.Writer.
func (c *copied) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		_, c.err = c.file.Write(p)
	}
	return len(p), nil
}

// close completes the copy and returns the name of its file.
func (c *copied) close() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := errors.Join(c.err, c.file.Close())
	c.err = os.ErrClosed
	return c.file.Name(), err
}

// remove deletes the copy, and the directory if it was created for it and is empty. If c is nil, there is no copy.
func (c *copied) remove() {
	if c != nil {
		remove(c.file.Name(), c.dir)
	}
}
