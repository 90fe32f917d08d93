//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
)

// TestMode checks that files that may contain prompts are readable only by their owner, unless --mode is set.
func TestMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	for _, c := range []struct {
		args string
		want os.FileMode
	}{{"", 0o600}, {"--mode 0644", 0o644}, {"--mode=640", 0o640}, {"--mode umask", 0o640}, {"--mode 0666", 0o666}} {
		var f ModeFlag
		k, err := kong.New(&f, kong.ExplicitGroups([]kong.Group{{Key: "output"}}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "f")
		o := (&Env{Mode: f.Mode.Private()}).Create(path)
		o.WriteString("x")
		if err := o.Commit(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != c.want {
			t.Errorf("%q: %v %v, want %v", c.args, info.Mode(), err, c.want)
		}
		file, err := f.Mode.Private().CreateNew(path + ".new")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || info.Mode().Perm() != c.want {
			t.Errorf("%q: a new file: %v %v, want %v", c.args, info.Mode(), err, c.want)
		}
		if _, err := f.Mode.Private().CreateNew(path); !os.IsExist(err) {
			t.Errorf("%q: a file that exists: %v", c.args, err)
		}
	}
	for _, bad := range []string{"--mode 0444", "--mode 0999", "--mode 01777", "--mode rw", "--mode -1"} {
		var f ModeFlag
		k, err := kong.New(&f, kong.ExplicitGroups([]kong.Group{{Key: "output"}}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Parse(strings.Fields(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := new(Env).Create(path).Commit(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("without a mode: %v %v", info.Mode(), err)
	}
}
