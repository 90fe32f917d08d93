package sse

import (
	"slices"
	"testing"
)

func all(pieces ...string) []string {
	var got []string
	var p Parser
	event := func(d []byte) { got = append(got, string(d)) }
	for _, s := range pieces {
		p.Feed([]byte(s), event)
	}
	p.End(event)
	return got
}

func TestParser(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"data: a\n\ndata:b\n\n", []string{"a", "b"}},
		{"data: a\r\n\r\ndata: b\r\rdata: c\n\n", []string{"a", "b", "c"}},
		{": comment\nevent: x\nid: 1\nretry: 2\ndata: a\ndata: b\n\n", []string{"a\nb"}},
		{"data\n\ndata:\n\n\n\n", []string{"", ""}},
		{"data:  two\n\n", []string{" two"}},
		{"\xEF\xBB\xBFdata: a\n\n", []string{"a"}},
		{"data: [DONE]", []string{"[DONE]"}},
		{"data: a\r", []string{"a"}},
		{"database: a\n\n", nil},
	} {
		if got := all(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// The events are the same however the bytes are split.
func FuzzSplit(f *testing.F) {
	f.Add("data: a\r\n\r\n: c\ndata: b\rdata: c\n\n", 3, 9)
	f.Add("\xEF\xBB\xBFdata: a\n\ndata", 1, 2)
	f.Fuzz(func(t *testing.T, s string, i, j int) {
		i, j = min(max(i, 0), len(s)), min(max(j, 0), len(s))
		i, j = min(i, j), max(i, j)
		want := all(s)
		if got := all(s[:i], s[i:j], s[j:]); !slices.Equal(got, want) {
			t.Errorf("split at %d, %d: got %q, want %q", i, j, got, want)
		}
		bytewise := make([]string, len(s))
		for k := range len(s) {
			bytewise[k] = s[k : k+1]
		}
		if got := all(bytewise...); !slices.Equal(got, want) {
			t.Errorf("byte by byte: got %q, want %q", got, want)
		}
	})
}
