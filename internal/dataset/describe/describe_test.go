package describe

import (
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/request"
)

// summary describes lines.
func summary(t *testing.T, lines ...string) string {
	t.Helper()
	var s Summary
	for _, l := range lines {
		r, err := request.Parse([]byte(l))
		if err == nil {
			err = s.Add(&r)
		}
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
	}
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func line(id, more, text string, tokens string) string {
	return `{"custom_id":"` + id + `",` + more + `"prompt_tokens":` + tokens + `,"body":{"messages":"` + text + `","max_tokens":10}}`
}

// wants reports the lines of a summary that are not as wanted, white space aside.
func wants(t *testing.T, got string, want ...string) {
	t.Helper()
	plain := map[string]bool{}
	for l := range strings.Lines(got) {
		plain[strings.Join(strings.Fields(l), " ")] = true
	}
	for _, w := range want {
		if !plain[w] {
			t.Errorf("no line %q in\n%s", w, got)
		}
	}
}

func TestSession(t *testing.T) {
	// b and c run abreast after a, and d waits for both: the path is a, c, d with 0+30+5 ms of delays.
	got := summary(t, line("a", `"session":"s",`, "x", "100"),
		line("b", `"session":"s","after":["a"],"delay_ms":10,`, "b", "50"),
		line("c", `"session":"s","after":["a"],"delay_ms":30,`, "c", "50"),
		line("d", `"session":"s","after":["b","c"],"delay_ms":5,"history":"c",`, "d", "20"))
	wants(t, got, "4 requests, 1 session", "requests of a session 4 4 4 4 4 4", "on its critical path 3 3 3 3 3 3",
		"abreast 2 2 2 2 2", "tools and users on the path 35ms 35ms 35ms 35ms 35ms 35ms",
		"delay of a request 15ms 10ms 30ms 30ms 30ms 45ms",
		"prompt tokens 70 50 100 100 100 280", // that of d is 20 behind the 50 and 10 of c
		"new prompt tokens 55 50 100 100 100 220", "answer tokens, at most 10 10 10 10 10 40",
		"theoretical prefix-cache hit rate: 21.4 % of prompt tokens") // 60 of 280
}

// The lines of a session may stand in any order, a history is one of those that a request waits for, and a circle has
// no path.
func TestGraph(t *testing.T) {
	lines := []string{line("a", `"session":"s",`, "a", "100"),
		line("b", `"session":"s","history":"a","delay_ms":10,`, "b", "50"),
		line("c", `"session":"s","after":["b"],"delay_ms":30,`, "c", "50"),
		line("d", `"session":"s","after":["a","b"],"delay_ms":30,`, "d", "50")}
	want := []string{"4 requests, 1 session", "on its critical path 3 3 3 3 3 3", "abreast 2 2 2 2 2",
		"tools and users on the path 40ms 40ms 40ms 40ms 40ms 40ms", "delay of a request 23ms 30ms 30ms 30ms 30ms 70ms"}
	wants(t, summary(t, lines...), want...)
	slices.Reverse(lines)
	wants(t, summary(t, lines...), append(want,
		"1 request whose history no line before has: their prompts are counted without it")...)
	wants(t, summary(t, line("a", `"session":"s",`, "a", "100"), line("x", `"session":"s","after":["y"],`, "x", "1"),
		line("y", `"session":"s","after":["x"],`, "y", "1")), "on its critical path 1 1 1 1 1 1",
		"2 requests on no path, since they wait for themselves")
}

// What short prompts share is counted in pieces of 16 characters, behind what all lists of messages begin with.
func TestShortPrefix(t *testing.T) {
	message := func(text string) string {
		return `{"prompt_tokens":10,"body":{"messages":[{"role":"user","content":"` + text + `"}]}}`
	}
	same, other := strings.Repeat("a", 47), strings.Repeat("b", 49)
	got := summary(t, message(same+other), message(same+strings.Repeat("c", 49)), message(other+same))
	// Each prompt has 100 characters with its quotes and brackets, of which the second shares the first 48.
	wants(t, got, "3 requests, 0 sessions", "theoretical prefix-cache hit rate: 16.0 % of prompt tokens")
}

// What prompts share is counted from their beginning only.
func TestPrefix(t *testing.T) {
	same, other := strings.Repeat("a", 511), strings.Repeat("b", 256)
	got := summary(t, line("1", "", same, "100"), line("2", "", same+other, "150"), line("3", "", other+same, "150"))
	// Of the second prompt 512 of 769 characters, its quotes included, are those of the first.
	wants(t, got, "3 requests, 0 sessions", "theoretical prefix-cache hit rate: 25.0 % of prompt tokens")
}

func TestTurns(t *testing.T) {
	got := summary(t, `{"at_ms":0,"turns":[{"body":{"prompt":"`+strings.Repeat("x", 398)+`","max_tokens":5}},{"body":{"prompt":[1,2,3]},"delay_ms":250}]}`,
		`{"at_ms":2500,"body":{"prompt":[1,2,3,4]}}`)
	wants(t, got, "3 requests, 1 session, 1 request of none, arriving over 2.5s", "requests of a session 2 2 2 2 2 2",
		"prompt tokens 70.7 100 108 108 108 212", "the tokens of 1 prompt are estimated, as 4 characters each")
}

func TestUnknown(t *testing.T) {
	got := summary(t, line("a", `"session":"s","after":["z"],"history":"y",`, "x", "100"))
	wants(t, got, "2 requests that after or history names, but that no line of the session has",
		"1 request whose history no line before has: their prompts are counted without it")
	wants(t, summary(t), "0 requests, 0 sessions")
}
