// Package recordfile writes the records of a run to a file and continues a file that was cut short.
//
// A [File] loses at most a second of lines when the process is killed, and becomes FILE only when the run has ended;
// until then it is FILE.partial. A [Writer] encodes records where they are made and writes them in a goroutine of its
// own. [Resume] repairs the file of an earlier run and reports which requests have a record in it.
package recordfile

import (
	"io"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/partial"
)

// File is a file of lines or a stream. It flushes plain lines at once, and compressed ones every second.
type File struct {
	out    *partial.File
	plain  bool
	resume bool
	before int64 // lines of the earlier run that is continued

	mu    sync.Mutex
	w     io.WriteCloser // compresses into out
	timer *time.Timer    // set while compressed lines wait for a flush
	err   error          // of a flush
	ended bool           // the compressed stream has its end
}

const flushInterval = time.Second

// Open opens out, so that obstacles are known before the first request. Lines are compressed if path ends in .gz or
// .zst.
func Open(out *partial.File, path string) (*File, error) {
	if err := out.Open(); err != nil {
		return nil, err
	}
	w, err := jsonl.Compress(out, path)
	if err != nil {
		out.Abort()
		return nil, err
	}
	return &File{out: out, plain: !compressed(path), w: w}, nil
}

func compressed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}

// Write writes lines. If it fails, it returns how many bytes were passed on.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.w.Write(p)
	switch {
	case err != nil:
	case f.plain:
		if err = f.out.Flush(); err != nil {
			n -= f.out.Buffered()
		}
	case f.timer == nil:
		f.timer = time.AfterFunc(flushInterval, f.flush)
	}
	return max(0, n), err
}

func (f *File) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil { // the stream was ended meanwhile
		return
	}
	f.timer = nil
	if w, ok := f.w.(interface{ Flush() error }); ok {
		f.err = w.Flush()
	}
	if f.err == nil {
		f.err = f.out.Flush()
	}
}

// Close ends the file and renames it to FILE, even after a run that failed: its lines are valid. If it fails, it leaves
// what was written in FILE.partial.
func (f *File) Close() error {
	err := f.commit()
	if err != nil {
		f.rescue()
	}
	return err
}

// commit ends the file and renames it to FILE.
func (f *File) commit() error {
	if err := f.end(); err != nil {
		return err
	}
	if err := f.out.Flush(); err != nil {
		return err
	}
	return f.out.Commit()
}

// end ends the compressed stream.
func (f *File) end() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if f.err == nil && !f.ended {
		f.ended = true
		f.err = f.w.Close()
	}
	return f.err
}

// rescue leaves what was written in FILE.partial. It returns the name, empty if there is nothing to leave.
func (f *File) rescue() string {
	f.end() // may fail again; what is in the file counts
	name, err := f.out.Rescue(f.plain)
	if err != nil {
		return ""
	}
	return name
}

// added returns how many lines of the file that was rescued are of this run.
func (f *File) added(name string) (lines int64) {
	eachLine(name, func([]byte) error { lines++; return nil }) // of a damaged file, what can be read
	return max(0, lines-f.before)
}

// Abort removes the file of a run that failed before it had a record. A resumed file is closed instead. Abort does
// nothing after Close.
func (f *File) Abort() {
	if f.resume && !f.ended {
		f.Close() // the run has failed for another reason already
		return
	}
	f.end()
	f.out.Abort()
}
