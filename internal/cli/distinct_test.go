package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestDistinct(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"in", "other"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink("in", "link")
	os.Link("in", "hard")
	os.Mkdir("dir", 0o755)
	abs, err := filepath.Abs("in")
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open("in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	_, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	pipeFile := "/dev/fd/" + strconv.Itoa(int(pipe.Fd()))
	for _, test := range []struct {
		in, out, metrics string
		stdout           *os.File
		want             string
	}{
		{"in", "out", "metrics", nil, ""},
		{"in", "in", "", nil, "-o: in is also the input"},
		{"in", "./dir/../in", "", nil, "-o: ./dir/../in is also the input"},
		{"in", abs, "", nil, "-o: " + abs + " is also the input"},
		{"in", "link", "", nil, "-o: link is also the input"},
		{"in", "hard", "", nil, "-o: hard is also the input"},
		{"-", "in", "", nil, "-o: in is also the input"},
		{"", "out", "out", nil, "--metrics-out: out is also -o"},
		{"", "new", "dir/../new", nil, "--metrics-out: dir/../new is also -o"},
		{"", os.DevNull, os.DevNull, nil, ""},
		{"other", "", "", nil, ""},
		{"other", "", "", in, ""},
		{"in", "", "", in, "-o: stdout is also the input"},
		{"", "", "", in, "-o: stdout is also the input"},
		{"", "", "-", pipe, "--metrics-out: stdout is also -o"},
		{"", "", pipeFile, pipe, "--metrics-out: " + pipeFile + " is also -o"},
	} {
		e := &Env{Stdin: in}
		if test.stdout != nil {
			e.Stdout = test.stdout
		}
		files := []File{{"the input", test.in, false}, {"-o", test.out, true}}
		if test.metrics != "" {
			files = append(files, File{"--metrics-out", test.metrics, true})
		}
		got := ""
		if err := e.Distinct(files...); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
