package cli

import (
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

func TestWords(t *testing.T) {
	parse := func(args ...string) (Words, error) {
		var f struct{ Args Words }
		k, err := kong.New(&f)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Parse(args)
		return f.Args, err
	}
	got, err := parse("--args", "--size 2 --name 'a b'", "--args=-x")
	want := Words{"--size", "2", "--name", "a b", "-x"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, bad := range [][]string{{"--args"}, {"--args", "'open"}} {
		if got, err := parse(bad...); err == nil {
			t.Errorf("%q: got %q", bad, got)
		}
	}
}
