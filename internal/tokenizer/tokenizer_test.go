package tokenizer

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func open(t testing.TB, name string) Tokenizer {
	t.Helper()
	tok, err := Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Ids from Python's tiktoken 0.14.
func TestKnownIDs(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"", "", nil},
		{"o200k_base", "Hello, world!", []int{13225, 11, 2375, 0}},
		{"o200k_base", "<|endoftext|>", []int{27, 91, 419, 1440, 919, 91, 29}},
		{"cl100k_base", "Hello, world!", []int{9906, 11, 1917, 0}},
		{"cl100k_base", "<|endoftext|>", []int{27, 91, 8862, 728, 428, 91, 29}},
	} {
		if got := open(t, c.name).Encode(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: Encode(%q) = %v, want %v", c.name, c.text, got, c.want)
		}
	}
}

func TestUnknownName(t *testing.T) {
	_, err := Open(context.Background(), "p60k_base")
	if err == nil || !strings.Contains(err.Error(), "p60k_base") || !strings.Contains(Hint(err), "o200k_base") {
		t.Errorf("got %v with the hint %q", err, Hint(err))
	}
}

// One U+FFFD for each maximal part of a character, as Python's bytes.decode("utf-8", "replace") has it.
func TestLossy(t *testing.T) {
	for in, want := range map[string]string{
		"a\xe4\xb8b":            "a\ufffdb",
		"\xf0\x9f\x98":          "\ufffd",
		"\xf0\x9f\x98\xf0\x9f":  "\ufffd\ufffd",
		"\xed\xa0\x80":          "\ufffd\ufffd\ufffd",
		"\xc0\x80\xff":          "\ufffd\ufffd\ufffd",
		"\xf4\x90\x80\x80":      "\ufffd\ufffd\ufffd\ufffd",
		"\xe0\xa0":              "\ufffd",
		"\xe0\x9f":              "\ufffd\ufffd",
		"\xf1\x80\x80\xe1\x80a": "\ufffd\ufffda",
		"ok \ufffd":             "ok \ufffd",
	} {
		if got := lossy(in); got != want {
			t.Errorf("lossy(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLexicon(t *testing.T) {
	for name, want := range map[string]int{"o200k_base": 199998, "cl100k_base": 100256} {
		n, last := 0, -1
		tok := open(t, name)
		for id, s := range tok.(Lexicon).Tokens() {
			if id <= last {
				t.Fatalf("%s: id %d after %d", name, id, last)
			}
			if utf8.ValidString(s) && tok.Decode([]int{id}) != s {
				t.Fatalf("%s: token %d is %q, but decodes to %q", name, id, s, tok.Decode([]int{id}))
			}
			n, last = n+1, id
		}
		if n != want {
			t.Errorf("%s: %d tokens, want %d", name, n, want)
		}
		if !tok.(Lexicon).SpaceSplits() || tok.(Lexicon).PrependsSpace() {
			t.Errorf("%s: a space must split, and none be prepended", name)
		}
	}
}

func FuzzEmbedded(f *testing.F) {
	for _, s := range []string{"Hello, world!", "  \n\t x", "中文 emoji 👩‍👩‍👧", "\xff\xe4\xb8", "<|endoftext|>",
		"don'T 12345"} {
		f.Add(s)
	}
	o200k, cl100k := open(f, "o200k_base"), open(f, "cl100k_base")
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range []Tokenizer{o200k, cl100k} {
			if got := tok.Decode(tok.Encode(s)); got != lossy(s) {
				t.Errorf("%s: %q came back as %q", tok.Name(), s, got)
			}
		}
	})
}
