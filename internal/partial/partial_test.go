package partial

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestOneLongString(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	o := Create(path, Options{})
	long := strings.Repeat("x", 200_000) // more than the buffer holds
	if _, err := io.WriteString(o, long); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != long {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(long))
	}
}

// A named pipe is written to and not replaced, whether the run succeeds or not. A link stays a link.
func TestNotARegularFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Skip("no mkfifo")
	}
	got := make(chan string)
	go func() {
		b, _ := os.ReadFile(pipe)
		got <- string(b)
		b, _ = os.ReadFile(pipe)
		got <- string(b)
	}()
	for _, end := range []func(*File){func(o *File) { o.Commit() }, func(o *File) { o.Flush(); o.Abort() }} {
		o := Create(pipe, Options{})
		io.WriteString(o, "hello")
		if end(o); <-got != "hello" {
			t.Error("the pipe's reader has not what was written")
		}
		if info, err := os.Stat(pipe); err != nil || info.Mode().Type() != os.ModeNamedPipe {
			t.Fatalf("the pipe is gone: %v %v", info, err)
		}
	}
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	o := Create(link, Options{})
	io.WriteString(o, "hello")
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "hello" {
		t.Errorf("the link's file has %q, %v", b, err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Check finds obstacles, and neither creates a file nor waits for the reader of a named pipe.
func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("mkfifo", "pipe").Run(); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]string{
		"new": "", "": "", "pipe": "", os.DevNull: "", "dir": "dir: is a folder",
		"none/new": "open none/new.partial: no such file or directory",
	} {
		got := ""
		if err := Create(path, Options{Append: true}).Check(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if files, err := os.ReadDir("."); len(files) != 2 || err != nil {
		t.Errorf("%v is left, %v", files, err)
	}
}

// The partial file of a run that was killed is kept, or appended to on request.
func TestOtherPartialIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	partial := path + Suffix
	for n, old := range []string{"first\n", "second\n"} {
		if err := os.WriteFile(partial, []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
		kept := ""
		o := Create(path, Options{Renamed: func(_, to string) { kept = to }})
		io.WriteString(o, "new\n")
		if err := o.Commit(); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(partial, ".", n+1)
		if kept != want || contents(t, kept) != old || contents(t, path) != "new\n" {
			t.Errorf("%s has %q, %s has %q", kept, contents(t, kept), path, contents(t, path))
		}
	}
	if err := os.Rename(path, partial); err != nil {
		t.Fatal(err)
	}
	o := Create(path, Options{Append: true})
	io.WriteString(o, "more\n")
	if err := o.Commit(); err != nil || contents(t, path) != "new\nmore\n" {
		t.Errorf("%q, %v", contents(t, path), err)
	}
}

// The second of two writers of a file is refused until the first is done.
func TestOneProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	one, two := Create(path, Options{}), Create(path, Options{})
	if err := one.Open(); err != nil {
		t.Fatal(err)
	}
	const refused = ": another process is writing it"
	if err := two.Open(); runtime.GOOS == "linux" && (err == nil || !strings.Contains(err.Error(), path+refused)) {
		t.Errorf("the second: %v", err)
	}
	if err := one.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := two.Open(); err != nil {
		t.Errorf("the second, afterwards: %v", err)
	}
	two.Abort()
	err := Create(filepath.Dir(path), Options{}).Open()
	if err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// A file that could not be written to its end retains its whole lines.
func TestRescue(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for written, want := range map[string]string{
		"": "", "cut": "", "one\ncut": "one\n", "one\ntwo\n": "one\ntwo\n",
		"one\n" + long: "one\n", long + "\n" + long: long + "\n",
	} {
		path := filepath.Join(t.TempDir(), "out")
		o := Create(path, Options{})
		io.WriteString(o, written)
		o.Flush()
		o.Open()
		name, err := o.Rescue(true)
		got := ""
		if name != "" {
			got = contents(t, name)
		} else if _, err := os.Stat(path + Suffix); err == nil {
			t.Error("an empty file is left")
		}
		if err != nil || got != want {
			t.Errorf("of %d bytes %d are left, want %d (%v)", len(written), len(got), len(want), err)
		}
	}
}
