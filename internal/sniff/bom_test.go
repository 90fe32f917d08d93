package sniff

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

func TestBOM(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"a":             "a",
		"\xEF\xBB":      "\xEF\xBB",
		BOM:             "",
		BOM + "a":       "a",
		BOM + BOM + "a": BOM + "a",
		"a" + BOM:       "a" + BOM,
	} {
		if got := string(TrimBOM([]byte(in))); got != want {
			t.Errorf("TrimBOM(%q) = %q, want %q", in, got, want)
		}
		r := bufio.NewReader(strings.NewReader(in))
		skipped := SkipBOM(r)
		rest, err := io.ReadAll(r)
		if err != nil || string(rest) != want || skipped != (in != want) {
			t.Errorf("SkipBOM(%q) = %v, then %q, %v; want %q", in, skipped, rest, err, want)
		}
	}
}
