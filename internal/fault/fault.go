// Package fault defines the errors that end a command. Each has an exit code and, if the user can act, a hint. Packages
// below cli return them, and cli prints them.
//
// A package that does not know the flags of the command returns an [Error] with a setting and a reason, for which the
// command has the flag and the hint.
package fault

import (
	"errors"
	"fmt"
	"io"
	"syscall"
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

	// Setting is what the error is about: start-at is the command's --start-at, "rate 5" has its value, and "rate and
	// parallel" are two. It may be empty.
	Setting string
	Reason  string // for which the command may have a hint, with Hint in place of its %s; may be empty
}

// Error returns the text of the wrapped error, without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Usage returns an error about a wrong command line. Hint may be empty; format may contain %w.
func Usage(hint, format string, args ...any) error {
	return &Error{Code: CodeUsage, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Fail returns an error about a run that failed. Hint may be empty; format may contain %w.
func Fail(hint, format string, args ...any) error {
	return &Error{Code: CodeFail, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Of returns an error like Fail about a setting, with a reason in place of a hint. Both may be empty; without a reason,
// the hint of an error that it wraps is kept.
func Of(setting, reason, format string, args ...any) error {
	return of(CodeFail, setting, reason, fmt.Errorf(format, args...))
}

// Invalid returns an error like Usage about a setting, with a reason in place of a hint. Both may be empty.
func Invalid(setting, reason, format string, args ...any) error {
	return of(CodeUsage, setting, reason, fmt.Errorf(format, args...))
}

// Because returns an error like Fail with a reason, whose hint contains detail. Setting may be empty.
func Because(setting, reason, detail, format string, args ...any) error {
	return &Error{Code: CodeFail, Err: fmt.Errorf(format, args...), Hint: detail, Setting: setting, Reason: reason}
}

func of(code int, setting, reason string, err error) error {
	e := &Error{Code: code, Err: err, Setting: setting, Reason: reason}
	if inner, ok := errors.AsType[*Error](err); ok && reason == "" {
		e.Hint, e.Reason = inner.Hint, inner.Reason
	}
	return e
}

// IsBrokenPipe reports whether err means that the reader of stdout has exited, which is how a pipe normally ends.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
