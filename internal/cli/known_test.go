package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestKnown(t *testing.T) {
	type flags struct {
		List  []string `type:"list"`
		Word  string   `type:"word"`
		Other string
		Files []string `arg:"" optional:""`
	}
	for args, want := range map[string]struct {
		list  []string
		word  string
		files []string
		err   string
	}{
		"--list a b x":        {list: []string{"a", "b"}, files: []string{"x"}},
		"--list a,x b --word": {list: []string{"a", "x", "b"}, word: "a_ms"},
		"--list=a x":          {list: []string{"a"}, files: []string{"x"}},
		"--list":              {err: "expected a value"},
		"--word b x":          {word: "b_ms", files: []string{"x"}},
		"--word x":            {word: "a_ms", files: []string{"x"}},
		"--word=b_ms --list a": {
			word: "b_ms", list: []string{"a"}},
		"--word=x":         {err: `"x" is none of a_ms, b_ms`},
		"--word --other o": {word: "a_ms"},
	} {
		var f flags
		k, err := kong.New(&f, KnownList("list", []string{"a", "b"}), KnownWord("word", "_ms", []string{"a_ms", "b_ms"}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Parse(strings.Fields(args))
		switch {
		case want.err != "":
			if err == nil || !strings.Contains(err.Error(), want.err) {
				t.Errorf("%s: %v, want %s", args, err, want.err)
			}
		case err != nil || !slices.Equal(f.List, want.list) || f.Word != want.word || !slices.Equal(f.Files, want.files):
			t.Errorf("%s: %+v, %v", args, f, err)
		}
	}
}
