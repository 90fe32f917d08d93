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
		withHint(fs.ErrNotExist, "create it"),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v does not wrap its cause", err)
		}
	}
}

func TestWithHint(t *testing.T) {
	if err := withHint(nil, "hint"); err != nil {
		t.Errorf("withHint(nil) = %v", err)
	}
	for _, c := range []struct {
		err  error
		code int
	}{
		{errors.New("plain"), CodeFail},
		{Usage("old", "usage"), CodeUsage},
		{fmt.Errorf("wrapped: %w", Usage("old", "usage")), CodeUsage},
	} {
		got := &Error{}
		if !errors.As(withHint(c.err, "new"), &got) || got.Code != c.code || got.Hint != "new" {
			t.Errorf("withHint(%v) = code %d, hint %q; want code %d, hint %q", c.err, got.Code, got.Hint, c.code, "new")
		}
		if got.Error() != c.err.Error() {
			t.Errorf("text %q, want %q", got.Error(), c.err.Error())
		}
	}
}
