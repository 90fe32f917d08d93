package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/request"
)

// useRunDir makes the folder of this run in --run-dir, and lets what was not given a place of its own go there.
func (f *flags) useRunDir() error {
	if f.RunDir == "" {
		return nil
	}
	suffix := ""
	if f.part.Of > 1 {
		suffix = fmt.Sprintf("-%d", f.part.Index)
	}
	dir, err := facts.NewFolder(f.RunDir, time.Now(), suffix)
	if err != nil {
		return fault.Fail("", "--run-dir: %w", err)
	}
	f.folder = dir
	for _, file := range []struct {
		flag *string
		name string
	}{{&f.Output, facts.RecordsFile}, {&f.FactsOut, facts.FactsFile}} {
		if *file.flag == "" {
			*file.flag = filepath.Join(dir, file.name)
		}
	}
	if f.MetricsOut == "" && (len(f.URL) > 0 || f.API != "") {
		f.MetricsOut = filepath.Join(dir, facts.MetricsFile)
	}
	return nil
}

// requestLog keeps the request lines of a run in its folder.
type requestLog struct {
	mu     sync.Mutex
	file   *os.File
	zip    io.WriteCloser
	line   []byte
	closed bool
}

// openRequestLog creates the file; nil: there is no --run-dir.
func (f *flags) openRequestLog() (*requestLog, error) {
	if f.folder == "" {
		return nil, nil
	}
	path := filepath.Join(f.folder, facts.RequestsFile)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode.Private().Perm())
	if err == nil {
		err = f.Mode.Private().Set(file)
	}
	if err != nil {
		return nil, fault.Fail("", "--run-dir: %w", err)
	}
	zip, err := jsonl.Compress(file, path)
	if err != nil {
		return nil, err
	}
	return &requestLog{file: file, zip: zip}, nil
}

// add writes a request as it was read.
func (l *requestLog) add(r *request.Request) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	if l.line, err = r.Append(l.line[:0]); err != nil {
		return err
	}
	l.line = append(l.line, '\n')
	_, err = l.zip.Write(l.line)
	return err
}

// close ends the file. Lines that a reader of a silent pipe still adds are dropped: the run has ended.
func (l *requestLog) close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	err := l.zip.Close()
	if e := l.file.Close(); err == nil {
		err = e
	}
	return err
}
