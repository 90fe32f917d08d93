package sim

import (
	"bufio"
	"errors"
	"os"

	"perfpipe/internal/jsonl"
)

// ReadTruth returns the lines of a file of Truth by the id of their request. Requests without an id are left out.
func ReadTruth(path string) (map[string]Truth, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	truths := map[string]Truth{}
	for t, err := range jsonl.Read[Truth](file, path) {
		if err != nil {
			return nil, err
		}
		if t.ID != "" {
			truths[t.ID] = t
		}
	}
	return truths, nil
}

// TruthFile is a file of Truth lines.
type TruthFile struct {
	file *os.File
	buf  *bufio.Writer
	enc  *jsonl.Writer
	err  error // the first one
}

// CreateTruth creates the file.
func CreateTruth(path string) (*TruthFile, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	buf := bufio.NewWriterSize(file, 1<<20)
	return &TruthFile{file: file, buf: buf, enc: jsonl.NewWriter(buf)}, nil
}

// Write writes a line. Close returns its error. Calls must not overlap; those of New's truth do not.
func (f *TruthFile) Write(t Truth) {
	if err := f.enc.Write(t); f.err == nil {
		f.err = err
	}
}

// Close closes the file and returns the first error of all.
func (f *TruthFile) Close() error {
	if err := errors.Join(f.buf.Flush(), f.file.Close()); f.err == nil {
		f.err = err
	}
	return f.err
}
