package jsonl

import (
	"errors"
	"io"
)

// Damaged reports whether err means that compressed data are damaged, or lack their end: what was read before is good.
func Damaged(err error) bool { return errors.As(err, new(*damageError)) }

type damageError struct{ err error }

func (e *damageError) Error() string {
	return "the compressed data are damaged or cut off: " + e.err.Error()
}

// Unwrap returns the cause.
func (e *damageError) Unwrap() error { return e.err }

// source remembers the error of the reader below a decompressor.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	n, err = s.r.Read(p)
	s.err = err
	return n, err
}

// damage tells an error of the data from one of reading them.
func (s *source) damage(err error) error {
	if err == nil || s.err != nil && s.err != io.EOF {
		return err
	}
	return &damageError{err}
}

// whole is what a decompressor reads, whose end is one only where it should be.
type whole struct {
	r   io.Reader
	src *source
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		err = w.src.damage(err)
	}
	return n, err
}
