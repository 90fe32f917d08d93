package visible

import (
	"os/exec"
	"strings"
	"testing"
)

func TestShell(t *testing.T) {
	words := []string{"perf-send", "--rate=5", "a b", "", "it's", "$HOME", "é文", "~", "x^y", "a\nb", "https://x/y?z=1&w", "100%", "*"}
	want := `perf-send --rate=5 'a b' '' 'it'\''s' '$HOME' é文 '~' 'x^y' 'a` + "\n" + `b' 'https://x/y?z=1&w' 100% '*'`
	got := Shell(words...)
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	out, err := exec.Command("sh", "-c", `printf '%s|' `+got).Output()
	if err != nil || string(out) != strings.Join(words, "|")+"|" {
		t.Errorf("the shell reads %q, %v", out, err)
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"": "", " a\n b ": "a b", "abcd": "abcd", "abcde": "abc…", "äöüßé": "äöü…"} {
		if got := Shorten(text, 4); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
