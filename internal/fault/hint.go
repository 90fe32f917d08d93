package fault

import "errors"

// WithFileHint returns err with the hint of an error that it wraps, if that has a method Hint and err has no hint of
// its own. Hint returns the Reason and the Hint of an [Error], which name the file if there is only one.
func WithFileHint(err error, files ...string) error {
	h, ok := errors.AsType[interface {
		error
		Hint(file string) (reason, hint string)
	}](err)
	if !ok {
		return err
	}
	code, setting := CodeFail, ""
	if own, ok := errors.AsType[*Error](err); ok {
		if own.Hint != "" || own.Reason != "" {
			return err
		}
		code, setting = own.Code, own.Setting
	}
	file := "FILE"
	if len(files) == 1 && files[0] != "-" {
		file = files[0]
	}
	reason, hint := h.Hint(file)
	return &Error{Code: code, Err: err, Setting: setting, Reason: reason, Hint: hint}
}
