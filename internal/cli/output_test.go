package cli

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

func TestOutputOfOneLongString(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	o := (&Env{}).Create(path)
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

// TestOutputThatIsNoFile: a named pipe is written to, not replaced, whether the run ends well or not; a link stays one.
func TestOutputThatIsNoFile(t *testing.T) {
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
	for _, end := range []func(*Output){func(o *Output) { o.Commit() }, func(o *Output) { o.Flush(); o.Abort() }} {
		o := (&Env{}).Create(pipe)
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
	o := (&Env{}).Create(link)
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

// What a run that was killed has left is retained, and goes on only where that is asked for.
func TestOutputRetainsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	partial := path + PartialEnd
	for n, old := range []string{"first\n", "second\n"} {
		if err := os.WriteFile(partial, []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		o := (&Env{Name: "t", Stderr: &said}).Create(path)
		io.WriteString(o, "new\n")
		if err := o.Commit(); err != nil {
			t.Fatal(err)
		}
		kept := fmt.Sprint(partial, ".", n+1)
		if contents(t, kept) != old || contents(t, path) != "new\n" || !strings.Contains(said.String(), kept) {
			t.Errorf("%q, %q; said %q", contents(t, kept), contents(t, path), said.String())
		}
	}
	if err := os.Rename(path, partial); err != nil {
		t.Fatal(err)
	}
	o := (&Env{}).Continue(path)
	io.WriteString(o, "more\n")
	if err := o.Commit(); err != nil || contents(t, path) != "new\nmore\n" {
		t.Errorf("%q, %v", contents(t, path), err)
	}
}

// Two processes with one output: the second is refused, and may write when the first is done.
func TestOutputIsForOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	one, two := (&Env{}).Create(path), (&Env{}).Create(path)
	if err := one.Open(); err != nil {
		t.Fatal(err)
	}
	if err := two.Open(); runtime.GOOS == "linux" && (err == nil || !strings.Contains(err.Error(), path+": another process is writing it")) {
		t.Errorf("the second: %v", err)
	}
	if err := one.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := two.Open(); err != nil {
		t.Errorf("the second, afterwards: %v", err)
	}
	two.Abort()
	if err := (&Env{}).Create(filepath.Dir(path)).Open(); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// A file that could not be written to its end has the lines that were.
func TestOutputIsRescued(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for written, want := range map[string]string{"": "", "cut": "", "one\ncut": "one\n", "one\ntwo\n": "one\ntwo\n", "one\n" + long: "one\n", long + "\n" + long: long + "\n"} {
		path := filepath.Join(t.TempDir(), "out")
		o := (&Env{}).Create(path)
		io.WriteString(o, written)
		o.Flush()
		o.Open()
		name, err := o.Rescue(true)
		got := ""
		if name != "" {
			got = contents(t, name)
		} else if _, err := os.Stat(path + PartialEnd); err == nil {
			t.Error("an empty file is left")
		}
		if err != nil || got != want {
			t.Errorf("of %d bytes %d are left, want %d (%v)", len(written), len(got), len(want), err)
		}
	}
}
