package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

func TestFollowRedrawsAndLeavesTheTable(t *testing.T) {
	one, err := os.ReadFile("testdata/one.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("testdata/golden/one.txt")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		stdin, w := io.Pipe()
		env := &cli.Env{Name: "perf-stats", Args: []string{"--follow"}, Stdin: stdin, Stdout: &out, Stderr: &errs, TTY: true}
		code := make(chan int)
		go func() { code <- env.Exit(run(env)) }()
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if errs.Len() > 0 {
			t.Errorf("drawn before there is a record: %q", errs.String())
		}
		w.Write(one)
		time.Sleep(time.Second)
		synctest.Wait()
		first := errs.String()
		if !strings.Contains(first, "│ requests       │ 1: 1 ok") || strings.Contains(first, "\x1b") {
			t.Errorf("first drawn: %q", first)
		}
		w.Write(bytes.Replace(one, []byte(`"seq":`), []byte(`"seq":1`), 1))
		time.Sleep(time.Second)
		synctest.Wait()
		second := strings.TrimPrefix(errs.String(), first)
		if !strings.HasPrefix(second, up(first)) || !strings.Contains(second, "│ requests       │ 2: 2 ok") {
			t.Errorf("then: %q", second)
		}
		w.Close()
		if got := <-code; got != fault.CodeOK {
			t.Errorf("exit %d", got)
		}
		if !strings.HasSuffix(errs.String(), up(strings.TrimPrefix(second, up(first)))) {
			t.Errorf("at the end: %q", errs.String())
		}
		if !strings.Contains(out.String(), "2: 2 ok") || strings.Count(out.String(), "\n") != strings.Count(string(table),
			"\n") {
			t.Errorf("the table: %s", out.String())
		}
	})
}

// up returns the sequence that erases drawn lines.
func up(drawn string) string { return fmt.Sprintf("\x1b[%dA\x1b[J", strings.Count(drawn, "\n")) }

// A file is followed until it has its name.
func TestFollowFile(t *testing.T) {
	one, err := os.ReadFile("testdata/one.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(path+".partial", one, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		env := &cli.Env{Name: "perf-stats", Args: []string{"--follow", path + ".partial"}, Stdout: &out, Stderr: &errs, TTY: true}
		code := make(chan int)
		go func() { code <- env.Exit(run(env)) }()
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if !strings.Contains(errs.String(), "1: 1 ok") || out.Len() > 0 {
			t.Errorf("while it is written: %q, %q", errs.String(), out.String())
		}
		two := append(one, bytes.Replace(one, []byte(`"seq":`), []byte(`"seq":1`), 1)...)
		if err := os.WriteFile(path+".partial", two, 0o600); err != nil { // the same file, which is longer now
			t.Fatal(err)
		}
		if err := os.Rename(path+".partial", path); err != nil {
			t.Fatal(err)
		}
		if got := <-code; got != fault.CodeOK || !strings.Contains(out.String(), "2: 2 ok") {
			t.Errorf("exit %d: %s", got, out.String())
		}
	})
}

func TestFollowWithoutTerminal(t *testing.T) {
	_, errs, code := stat(t, "", "--follow", "one.jsonl")
	if want := "perf-stats: --follow: stderr is not a terminal, so there is only the table at the end\n"; code != 0 ||
		errs != want {
		t.Errorf("exit %d: %s", code, errs)
	}
}
