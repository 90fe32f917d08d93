package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestErrorsKeepTheirCause(t *testing.T) {
	for _, err := range []error{
		Usage("", "open: %w", fs.ErrNotExist),
		Fail("create it", "open: %w", fs.ErrNotExist),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v does not wrap its cause", err)
		}
	}
}

// page is an error with a hint for its file.
type page struct{ reason string }

func (page) Error() string { return "a page" }

func (p page) Hint(file string) (reason, hint string) { return p.reason, "unpack " + file }

func TestWithFileHint(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		files []string
		want  Error
	}{
		{"plain", errors.New("plain"), []string{"f"}, Error{}},
		{"hint", page{}, []string{"f"}, Error{Code: CodeFail, Hint: "unpack f"}},
		{"reason", page{"packed"}, []string{"f"}, Error{Code: CodeFail, Reason: "packed", Hint: "unpack f"}},
		{"two files", page{}, []string{"f", "g"}, Error{Code: CodeFail, Hint: "unpack FILE"}},
		{"stdin", page{}, []string{"-"}, Error{Code: CodeFail, Hint: "unpack FILE"}},
		{"code", fmt.Errorf("wrapped: %w", Usage("", "usage: %w", page{})), []string{"f"},
			Error{Code: CodeUsage, Hint: "unpack f"}},
		{"setting", Of("prompt", "", "%w", page{}), []string{"f"},
			Error{Code: CodeFail, Setting: "prompt", Hint: "unpack f"}},
		{"own hint", Usage("own", "%w", page{}), []string{"f"}, Error{Code: CodeUsage, Hint: "own"}},
		{"own reason", Of("", "own", "%w", page{}), []string{"f"}, Error{Code: CodeFail, Reason: "own"}},
	} {
		err := WithFileHint(c.err, c.files...)
		var got Error
		if e, ok := errors.AsType[*Error](err); ok {
			got = Error{Code: e.Code, Setting: e.Setting, Reason: e.Reason, Hint: e.Hint}
		}
		if got != c.want || err.Error() != c.err.Error() {
			t.Errorf("%s: %q as %+v, want %+v", c.name, err, got, c.want)
		}
	}
}
