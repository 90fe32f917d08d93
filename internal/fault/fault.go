// Package fault defines the errors that end a command. Each has an exit code and, if the user can act, a hint. Packages
// below cli return them, and cli prints them.
package fault

import (
	"errors"
	"fmt"
)

// Exit codes of the commands.
const (
	CodeOK          = 0
	CodeFail        = 1
	CodeUsage       = 2
	CodeInterrupted = 130 // 128 + SIGINT, as shells report it
)

// ErrInterrupted ends a command that a signal stopped.
var ErrInterrupted = errors.New("interrupted")

// Error is an error with an exit code and a hint.
type Error struct {
	Code int
	Err  error
	Hint string // the next step for the user; empty if there is none
}

// Error returns the text of the wrapped error, without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Usage returns an error about a wrong command line. Hint may be empty; format may contain %w.
func Usage(hint, format string, args ...any) error {
	return &Error{CodeUsage, fmt.Errorf(format, args...), hint}
}

// Fail returns an error about a run that failed. Hint may be empty; format may contain %w.
func Fail(hint, format string, args ...any) error {
	return &Error{CodeFail, fmt.Errorf(format, args...), hint}
}

// withHint returns err with another hint. It keeps the exit code, which is CodeFail if err has none.
func withHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	code := CodeFail
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.Code
	}
	return &Error{code, err, hint}
}
