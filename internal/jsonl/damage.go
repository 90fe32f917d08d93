package jsonl

import (
	"errors"
	"io"
)

// Damaged reports whether err means that compressed data is damaged or truncated. What was read before it is valid.
func Damaged(err error) bool { return errors.As(err, new(*damageError)) }

type damageError struct{ err error }

func (e *damageError) Error() string {
	return "the compressed data are damaged or cut off: " + e.err.Error()
}

// Unwrap returns the cause.
func (e *damageError) Unwrap() error { return e.err }

// source records the error of the reader below a decompressor.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	n, err = s.r.Read(p)
	s.err = err
	return n, err
}

// damage returns err, marked as an error of the data unless reading the source failed.
func (s *source) damage(err error) error {
	if err == nil || s.err != nil && s.err != io.EOF {
		return err
	}
	return &damageError{err}
}

// whole is the output of a decompressor. An early end of its input is damage.
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
