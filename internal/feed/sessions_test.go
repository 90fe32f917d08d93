package feed

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"perfpipe/internal/load"
)

// graph returns the lines of words such as s/b<a~h: request b of session s, after a, with the history of h.
func graph(words string) string {
	var b strings.Builder
	for _, word := range strings.Fields(words) {
		session, word, _ := strings.Cut(word, "/")
		word, history, _ := strings.Cut(word, "~")
		id, after, _ := strings.Cut(word, "<")
		fmt.Fprintf(&b, `{"custom_id":%q`, id)
		if session != "" {
			fmt.Fprintf(&b, `,"session":%q`, session)
		}
		if after != "" {
			fmt.Fprintf(&b, `,"after":["%s"]`, strings.ReplaceAll(after, ",", `","`))
		}
		if history != "" {
			fmt.Fprintf(&b, `,"history":%q`, history)
		}
		b.WriteString(`,"body":{"model":"m","messages":[]}}` + "\n")
	}
	return b.String()
}

// shown shows a request, or a session with its name and requests.
func shown(r *load.Request) string {
	if r.Whole == nil {
		return r.ID
	}
	var list []string
	for i := range int32(r.Whole.Len()) {
		list = append(list, r.Whole.Request(i).ID)
	}
	return r.Whole.Name + "(" + strings.Join(list, " ") + ")"
}

func TestSessions(t *testing.T) {
	turns := `{"custom_id":"talk","turns":[{"body":{"messages":[]}},{"body":{"messages":[]}}]}` + "\n"
	for _, c := range []struct {
		name, input, want, err string
		repeat                 Repeat
		limit                  int
	}{
		{name: "two sessions", input: graph("s/a s/b<a t/a t/b<a"), want: "s(a b) t(a b)"},
		{name: "between others", input: graph("/x s/a s/b<a /y t/c"), want: "x s(a b) y t(c)"},
		{name: "without ids", input: graph("s/ s/ s/b"), want: "s(s-1 s-2 b)"},
		{name: "a conversation", input: turns + turns, want: "talk(talk talk) talk#2(talk talk)"},
		{name: "the same session again", input: graph("s/a s/b<a t/x s/a s/b<a"), want: "s(a b) t(x) s#2(a b)"},
		{name: "the same session next", input: graph("s/a s/b<a s/a s/b<a"), want: "s(a b) s#2(a b)"},
		{name: "an id twice", input: graph("s/a s/b<a s/b<a"), err: `in:3: custom_id "b" is that of line 2, too`},
		{name: "repeated input", input: graph("s/a t/b"), repeat: Loop, want: "s(a) t(b) s#2(a) t#2(b) s#3(a) t#3(b)"},
		{name: "limit", input: graph("s/a s/b<a s/c<b t/d"), limit: 2, want: "s(a b) t(d)"},
		{name: "unknown id", input: graph("s/a s/b<x"),
			err: `in:2: after: no request of session "s" has the custom_id "x"`},
		{name: "of another session", input: graph("t/x s/a s/b<x"), want: "t(x)",
			err: `in:3: after: no request of session "s" has the custom_id "x"; line 1 has it, in another session`},
		{name: "apart", input: graph("s/a t/x s/b<a"), want: "s(a) t(x)",
			err: `in:3: the lines of session "s" do not stand together`},
		{name: "the first id again", input: graph("s/a s/b<a s/a<b"), want: "s(a b)",
			err: `in:3: custom_id "a" is that of line 1, too`},
		{name: "an id again, apart", input: graph("s/a s/b<a t/x s/b<a"), want: "s(a b) t(x)",
			err: `in:4: custom_id "b" is that of line 2, too`},
		{name: "begun again", input: graph("s/a s/b<a s/a s/c<b"), want: "s(a b)",
			err: `in:4: after: no request of session "s" has the custom_id "b"; ` +
				`line 2 has it, but the session begins again at line 3`},
		{name: "cycle", input: graph("s/a<b s/b<a"),
			err: `in:1: a cycle of requests that wait for one another: "a" after "b" after "a"`},
		{name: "no messages", input: `{"custom_id":"a","session":"s","body":{"prompt":"p"}}` + "\n" + graph("s/b~a"),
			err: "in:1: body has no list of messages, and history joins such lists"},
		{name: "a turn without messages", input: `{"turns":[{"body":{"messages":[]}},{"body":{}}]}`,
			err: "in:1: turns[1].body has no messages"},
	} {
		f := Start(t.Context(), Config{Input: strings.NewReader(c.input), Name: "in", Repeat: c.repeat, Limit: c.limit})
		var got []string
		var err error
		for range 6 {
			var r *load.Request
			if r, err = f.Next(t.Context()); err != nil {
				break
			}
			got = append(got, shown(r))
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if s := strings.Join(got, " "); s != c.want || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%s: %s (%v), want %s (%s)", c.name, s, err, c.want, c.err)
		}
		if c.limit > 0 && f.Limited() != 1 {
			t.Errorf("%s: %d requests left out", c.name, f.Limited())
		}
	}
}

// A session with a bad line is skipped as a whole, and the others are not.
func TestBadSessionsAreSkipped(t *testing.T) {
	var bad []string
	f := Start(t.Context(), Config{
		Input: strings.NewReader(graph("s/a s/b<x t/c") + "{\n" + graph("t/d<c")), Name: "in",
		Skip: func(err error) { bad = append(bad, err.Error()) },
	})
	r, err := f.Next(t.Context())
	if err != nil || shown(r) != "t(c d)" {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := f.Next(t.Context()); err != io.EOF || len(bad) != 2 || !strings.HasPrefix(bad[0], "in:2: after") ||
		!strings.HasPrefix(bad[1], "in:4: ") {
		t.Errorf("%v, %q", err, bad)
	}
	if lines, others := f.Skipped(); lines != 2 || others != 1 {
		t.Errorf("%d bad lines, and %d others", lines, others)
	}
}
