package live

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A file is read while it is written, until it loses its name.
func TestTail(t *testing.T) {
	interrupted := errors.New("interrupted")
	for name, c := range map[string]struct {
		end  func(path string, stop func()) error
		want string // the error
	}{
		"renamed":  {func(path string, _ func()) error { return os.Rename(path, path+".whole") }, ""},
		"removed":  {func(path string, _ func()) error { return os.Remove(path) }, ""},
		"replaced": {replace, ""},
		"shorter":  {func(path string, _ func()) error { return os.Truncate(path, 3) }, "became shorter while it was read"},
		"stopped":  {func(_ string, stop func()) error { stop(); return nil }, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.partial")
			synctest.Test(t, func(t *testing.T) {
				w, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				r, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				ctx, stop := context.WithCancelCause(t.Context())
				type result struct {
					text string
					err  error
				}
				done := make(chan result)
				go func() {
					b, err := io.ReadAll(Tail(ctx, r))
					done <- result{string(b), err}
				}()
				for range 3 {
					io.WriteString(w, "line\nli")
					time.Sleep(time.Second)
				}
				io.WriteString(w, "last\n")
				if name == "shorter" || name == "stopped" { // what was written just before a rename is read as well
					time.Sleep(time.Second)
				}
				if err := c.end(path, func() { stop(interrupted) }); err != nil {
					t.Fatal(err)
				}
				got := <-done
				if want := strings.Repeat("line\nli", 3) + "last\n"; got.text != want {
					t.Errorf("read %q", got.text)
				}
				if c.want == "" && got.err != nil || c.want != "" && (got.err == nil || !strings.Contains(got.err.Error(), c.want)) {
					t.Errorf("%v, want %q", got.err, c.want)
				}
			})
		})
	}
}

// replace puts another file in the place of one.
func replace(path string, _ func()) error {
	if err := os.WriteFile(path+".new", []byte("other\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// What is not a file has an end of its own.
func TestTailOfOthers(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, r := range []io.Reader{strings.NewReader("x"), null} {
		if got := Tail(t.Context(), r); got != r {
			t.Errorf("%T became %T", r, got)
		}
	}
}
