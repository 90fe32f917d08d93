package cli

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
