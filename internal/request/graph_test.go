package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// session parses words such as c<a,b~a: request c after a and b, with the history of a.
func session(words string) (lines []*Request) {
	for i, word := range strings.Fields(words) {
		r := &Request{Session: "s", Source: Source{"f", i + 1}, Body: []byte(`{"messages":[]}`)}
		word, r.History, _ = strings.Cut(word, "~")
		id, after, _ := strings.Cut(word, "<")
		if r.ID = id; after != "" {
			r.After = strings.Split(after, ",")
		}
		lines = append(lines, r)
	}
	return lines
}

func TestGraph(t *testing.T) {
	for _, c := range []struct{ lines, parents, history, depth, err, reason string }{
		{lines: "a b<a c<a d<b,c", parents: "[] [0] [0] [1 2]", history: "[-1 -1 -1 -1]", depth: "[1 2 2 3]"},
		{lines: "b~a a", parents: "[1] []", history: "[1 -1]", depth: "[2 1]"},
		{lines: "a b<a c<b d<a,c,c~b", parents: "[] [0] [1] [0 1 2]", history: "[-1 -1 -1 1]", depth: "[1 2 3 4]"},
		{lines: "<a a <a", parents: "[1] [] [1]", history: "[-1 -1 -1]", depth: "[2 1 2]"},
		{lines: "a b<x", err: `f:2: after: no request of session "s" has the custom_id "x"`, reason: "session-unknown-id"},
		{lines: "a b~x", err: `f:2: history: no request of session "s" has the custom_id "x"`, reason: "session-unknown-id"},
		{lines: "a b a", err: `f:3: custom_id "a" is that of line 1, too`, reason: "session-twice"},
		{lines: "a<a", err: `f:1: a cycle of requests that wait for one another: "a" after "a"`, reason: "session-cycle"},
		{lines: "x y<x a<b b<c c<a,y d<c", reason: "session-cycle",
			err: `f:3: a cycle of requests that wait for one another: "a" after "b" after "c" after "a"`},
		{lines: "a~g b~a c~b d~c e~d f~e g~f", reason: "session-cycle",
			err: `f:1: a cycle of requests that wait for one another: "a" after "g" after "f" after "e" after … after "b" after "a"`},
	} {
		g, err := NewGraph(session(c.lines))
		if c.err != "" {
			var bad *SessionError
			if err == nil || err.Error() != c.err || !errors.As(err, &bad) || bad.Reason != c.reason {
				t.Errorf("%s: %v, want %s (%s)", c.lines, err, c.err, c.reason)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.lines, err)
			continue
		}
		var parents [][]int32
		for i := range int32(g.Len()) {
			parents = append(parents, g.Parents(i))
		}
		for i, got := range []string{fmt.Sprint(parents), fmt.Sprint(g.History), fmt.Sprint(g.Depth)} {
			if want := []string{"[" + c.parents + "]", c.history, c.depth}[i]; got != want {
				t.Errorf("%s: %s, want %s", c.lines, got, want)
			}
		}
		links := 0
		for i := range int32(g.Len()) {
			links += len(g.Parents(i)) - len(g.Children(i))
			for _, k := range g.Children(i) {
				if !slices.Contains(g.Parents(k), i) {
					t.Errorf("%s: %d is a child of %d", c.lines, k, i)
				}
			}
		}
		if links != 0 {
			t.Errorf("%s: %d more parents than children", c.lines, links)
		}
	}
}

func FuzzGraph(f *testing.F) {
	f.Add("a b<a c<a,b~a")
	f.Add("a<b b<a")
	f.Fuzz(func(t *testing.T, words string) {
		lines := session(words)
		g, err := NewGraph(lines)
		if err != nil {
			if !errors.As(err, new(*SessionError)) {
				t.Fatalf("%s: %v", words, err)
			}
			return
		}
		for i := range int32(g.Len()) {
			for _, k := range g.Parents(i) {
				if g.Depth[k] >= g.Depth[i] {
					t.Fatalf("%s: %d is as deep as its child %d", words, k, i)
				}
			}
			if g.Depth[i] < 1 || g.Depth[i] > int32(len(lines)) {
				t.Fatalf("%s: depth %d", words, g.Depth[i])
			}
		}
	})
}
