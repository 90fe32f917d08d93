// Package store writes records into a file that other programs query: a SQLite database, which gets the figures of the
// summary too, or a Parquet file. The columns are the members of the record line, so a new member needs no change here.
package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"perfpipe/internal/fault"
	"perfpipe/internal/format"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// Kind is a file format of a Store.
type Kind int

// The kinds of stores.
const (
	SQLite Kind = iota
	Parquet
)

// writer is the part of a Store that knows the file format.
type writer interface {
	add(*record.Record) error
	commit([]format.Figure) error
	abort() // instead of commit; it may follow a commit that failed
}

// backend opens writers of a Kind, and recognizes the files that they wrote.
type backend struct {
	open func(path string) (writer, error)
	owns func(path string) bool
}

func backends() []backend {
	return []backend{SQLite: {newSQLite, isSQLite}, Parquet: {newParquet, isParquet}}
}

// Store is a file of records. It appears under its name when Commit succeeds.
type Store struct {
	path    string
	partial string // the file until it has that name
	w       writer

	mu  sync.Mutex
	err error // the first
}

// Open returns an empty store. It replaces an earlier store of that name, but no other file. The function create makes
// an empty file with the permissions that the store should have.
func Open(kind Kind, path string, create func(path string) error) (*Store, error) {
	backend := backends()[kind]
	if err := replaceable(path, backend.owns); err != nil {
		return nil, err
	}
	partial, err := partialFile(path, create)
	if err != nil {
		return nil, err
	}
	w, err := backend.open(partial)
	if err != nil {
		os.Remove(partial)
		return nil, fault.Fail("", "%s: %w", path, err)
	}
	return &Store{path: path, partial: partial, w: w}, nil
}

// Add stores a record. It is safe for concurrent use. Commit returns its first error.
func (s *Store) Add(r *record.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.w.add(r)
	}
}

// Commit stores the figures, if the file format can hold them, and renames the file to its name.
func (s *Store) Commit(figures []format.Figure) error {
	err := s.err
	if err == nil {
		err = s.w.commit(figures)
	}
	if err == nil {
		err = os.Rename(s.partial, s.path)
	}
	if err != nil {
		return fault.Fail("", "%s: %w", s.path, err)
	}
	return nil
}

// Abort removes a file that was not committed. It does nothing after Commit succeeded.
func (s *Store) Abort() {
	s.w.abort()
	os.Remove(s.partial)
}

// partialFile creates the file that a store is written to before it has its name, beside it and under a new name.
func partialFile(path string, create func(path string) error) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return "", err
	}
	return f.Name(), errors.Join(f.Close(), os.Remove(f.Name()), create(f.Name())) // the name is free
}

// replaceable returns an error if something has the name that no store wrote: a device, a folder, another database.
func replaceable(path string, owns func(string) bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fault.Usage("name a file", "%s is not a file", path)
	case info.Size() > 0 && !owns(path):
		return fault.Usage("name another file, or remove this one first", "%s exists, and perf-stats has not written it",
			path)
	}
	return nil
}

// beginsWith reports whether a file begins with the mark of its format.
func beginsWith(path, mark string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(mark))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte(mark))
}

// Set is several stores of the same records.
type Set []*Store

// Commit commits all stores.
func (s Set) Commit(summary *stats.Summary) error {
	if len(s) == 0 {
		return nil
	}
	figures := format.Figures(summary)
	for _, store := range s {
		if err := store.Commit(figures); err != nil {
			return err
		}
	}
	return nil
}

// Abort removes the stores that were not committed.
func (s Set) Abort() {
	for _, store := range s {
		store.Abort()
	}
}
