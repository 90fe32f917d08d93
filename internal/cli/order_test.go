package cli

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestOrder(t *testing.T) {
	for _, c := range []struct{ args, want, files string }{
		{"", "", ""}, {"--sort", "arrival", ""}, {"--sort=session", "session", ""}, {"--sort arrival", "arrival", ""},
		{"--sort session in.jsonl", "session", "in.jsonl"}, {"--sort in.jsonl", "arrival", "in.jsonl"},
		{"in.jsonl --sort", "arrival", "in.jsonl"}, {"--sort=size", "error", ""},
	} {
		var f struct {
			Sort  Order
			Files []string `arg:"" optional:""`
		}
		k, err := kong.New(&f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = k.Parse(strings.Fields(c.args)); err != nil {
			f.Sort = "error"
		}
		if files := strings.Join(f.Files, " "); string(f.Sort) != c.want || files != c.files {
			t.Errorf("%s: %q, files %q, want %q, %q: %v", c.args, f.Sort, files, c.want, c.files, err)
		}
	}
}
