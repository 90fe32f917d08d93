package fault

import "errors"

// WithFileHint returns err with the hint of an error that it wraps, if that has a method Hint(file string) string and
// err has no hint of its own. The hint names the file if there is only one.
func WithFileHint(err error, files ...string) error {
	h, ok := errors.AsType[interface {
		error
		Hint(file string) string
	}](err)
	if !ok {
		return err
	}
	if own, ok := errors.AsType[*Error](err); ok && own.Hint != "" {
		return err
	}
	file := "FILE"
	if len(files) == 1 && files[0] != "-" {
		file = files[0]
	}
	return withHint(err, h.Hint(file))
}
