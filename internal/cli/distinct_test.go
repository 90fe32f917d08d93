package cli

import (
	"os"
	"path/filepath"
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
	stdin, err := os.Open("in")
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	for _, test := range []struct {
		in, out, metrics string
		want             string
	}{
		{"in", "out", "metrics", ""},
		{"in", "in", "", "-o: in is the input as well"},
		{"in", "./dir/../in", "", "-o: ./dir/../in is the input as well"},
		{"in", abs, "", "-o: " + abs + " is the input as well"},
		{"in", "link", "", "-o: link is the input as well"},
		{"in", "hard", "", "-o: hard is the input as well"},
		{"-", "in", "", "-o: in is the input as well"},
		{"", "out", "out", "--metrics-out: out is -o as well"},
		{"", "new", "dir/../new", "--metrics-out: dir/../new is -o as well"},
		{"", os.DevNull, os.DevNull, ""},
		{"other", "", "", ""},
	} {
		e := &Env{Stdin: stdin}
		got := ""
		if err := e.Distinct(File{"the input", test.in, false}, File{"-o", test.out, true}, File{"--metrics-out", test.metrics, true}); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
