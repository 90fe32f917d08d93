package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"perfpipe/internal/fault"
)

// Each of several errors is printed with its hint, and none hides behind one that is no failure.
func TestExit(t *testing.T) {
	gone := func(path string) error { return &fs.PathError{Op: "write", Path: path, Err: syscall.EPIPE} }
	stdout, full := gone(os.Stdout.Name()), errors.New("disk full")
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{nil, 0, ""},
		{stdout, 0, ""},
		{full, 1, "x: disk full\n"},
		{fault.Usage("try y", "bad"), 2, "x: bad\nhint: try y\n"},
		{errors.Join(stdout, full), 1, "x: disk full\n"},
		{errors.Join(errors.Join(fault.ErrInterrupted, nil), fault.Of("facts-out", "", "%w", full)), 130,
			"x: --facts-out: disk full\n"},
		{errors.Join(fault.Of("a", "", "%w", full), fault.Usage("h", "b")), 1, "x: --a: disk full\nx: b\nhint: h\n"},
		{fault.Of("facts-out", "", "%w", gone("pipe")), 1, "x: --facts-out: write pipe: broken pipe\n"},
		{fault.Of("facts-out", "", "%w", stdout), 0, ""},
		{fmt.Errorf("%w of %w", errors.New("two"), full), 1, "x: two of disk full\n"},
	} {
		var out strings.Builder
		e := &Env{Name: "x", Stderr: &out}
		if code := e.Exit(c.err); code != c.code || out.String() != c.want {
			t.Errorf("%v: %d %q, want %d %q", c.err, code, out.String(), c.code, c.want)
		}
	}
}
