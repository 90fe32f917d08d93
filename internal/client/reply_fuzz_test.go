package client

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/record"
)

// goodAnswers are the answers in testdata/answers, one of each dialect, an event per line, as servers document them.
var goodAnswers = []goodAnswer{
	{"/v1/chat/completions", "v1-chat-completions", false},
	{"/v1/completions", "v1-completions", false},
	{"/v1/messages", "v1-messages", false},
	{"/v1/responses", "v1-responses", false},
	{"/api/chat", "api-chat", true},
	{"/generate_stream", "generate_stream", false},
	{"/v2/models/m/generate_stream", "v2-models-m-generate_stream", false},
	{"/generate", "generate", false},
	{"/api/v1/services/aigc/text-generation/generation", "api-v1-services-aigc-text-generation-generation", false},
}

type goodAnswer struct {
	path, file string
	lines      bool // JSON lines instead of events
}

//go:embed testdata/answers
var answerFiles embed.FS

// events returns the events of the answer.
func (g goodAnswer) events(t testing.TB) []string {
	t.Helper()
	text, err := answerFiles.ReadFile("testdata/answers/" + g.file + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// oddValues are values that fields have been seen to have, or might have.
var oddValues = []string{
	"null", "true", "false", "0", "1", "-1", "5.0", "1e3", "1e400", "NaN", "Infinity", "-Infinity", `""`, `"x"`, `"5"`,
	`"null"`, "[]", "{}", "[null]", `[{"text":null}]`,
	`{"a":{"b":[1]}}`, `[[]]`, `{"type":"abort"}`, `{"code":0,"message":""}`,
}

// paths returns the fields below a value, as sjson names them.
func paths(v gjson.Result, at string, to []string) []string {
	i := 0
	v.ForEach(func(key, v gjson.Result) bool {
		name := key.Str
		if key.Type != gjson.String {
			name = fmt.Sprint(i)
		}
		i++
		if at != "" {
			name = at + "." + name
		}
		to = append(to, name)
		if v.IsObject() || v.IsArray() {
			to = paths(v, name, to)
		}
		return true
	})
	return to
}

// framed returns events as the bytes of a body, 20 ms apart.
func framed(events []string, lines bool) []piece {
	if !lines {
		return every(datas(events...)...)
	}
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e + "\n"
	}
	return every(out...)
}

// chunkTimes returns the times of the output chunks, ms after the request.
func chunkTimes(r *record.Record) (at []int64) {
	if r.TTFTMs == 0 {
		return nil
	}
	us := int64(r.TTFTMs * 1000)
	at = append(at, us/1000)
	for _, gap := range r.GapUs {
		us += gap
		at = append(at, us/1000)
	}
	return at
}

// signals are the fields that determine the type of an event or the end of an answer: with another value it is another
// answer.
var signals = []string{
	"error", "finish_reason", "stop_reason", "type", "status", "object", "done", "done_reason", "reason", "message",
	"generated_text",
	"response", "incomplete_details", "delta", "choices", "0", "output", "meta_info", "token", "details", "role",
}

// If one field of one event of a good answer has any other value, the chunks of the other events keep their times, and
// the counts stay unless they are in that field.
func FuzzOddField(f *testing.F) {
	for i := range goodAnswers {
		for j := range 60 {
			f.Add(uint8(i), uint8(j/8), uint8(j), oddValues[(i*7+j)%len(oddValues)])
		}
	}
	f.Fuzz(func(t *testing.T, which, event, field uint8, value string) { oddField(t, which, event, field, value) })
}

// Each field of each answer has each of the odd values in turn.
func TestOddFields(t *testing.T) {
	for i, g := range goodAnswers {
		for k, e := range g.events(t) {
			for p := range paths(gjson.Parse(e), "", nil) {
				for _, v := range oddValues {
					oddField(t, uint8(i), uint8(k), uint8(p), v)
				}
			}
		}
	}
}

func oddField(t *testing.T, which, event, field uint8, value string) {
	plain := strings.NewReplacer("-Infinity", "null", "Infinity", "null", "NaN", "null").Replace(value)
	if !gjson.Valid(plain) || strings.ContainsAny(value, "\n\r") {
		return
	}
	g := goodAnswers[int(which)%len(goodAnswers)]
	events := g.events(t)
	k := int(event) % len(events)
	all := paths(gjson.Parse(events[k]), "", nil)
	if len(all) == 0 || events[k][0] != '{' {
		return
	}
	path := all[int(field)%len(all)]
	was := gjson.Get(events[k], path)
	base := (&answer{dialect: g.path, pieces: framed(events, g.lines)}).play(t)
	if !base.OK {
		t.Fatalf("%s: %+v", g.path, base.Error)
	}
	changed, err := sjson.SetRaw(events[k], path, value)
	if err != nil {
		return
	}
	events = slices.Clone(events)
	events[k] = changed
	got := (&answer{dialect: g.path, pieces: framed(events, g.lines)}).play(t)
	if v := gjson.Parse(value); strings.HasSuffix(path, "done") && v.Type == gjson.True ||
		strings.HasSuffix(path, "generated_text") && v.Str != "" {
		return // the end of the answer
	}
	what := fmt.Sprintf("%s: %s is %s in event %d", g.path, path, value, k)

	name := path[strings.LastIndexByte(path, '.')+1:]
	signal := slices.Contains(signals, name)
	if !got.OK && (got.Error.Kind == record.KindProtocol || !signal) {
		t.Fatalf("%s: %+v", what, got.Error)
	}
	if !got.OK {
		return
	}
	want, at := chunkTimes(base), int64(60+20*k)
	other := func(list []int64) []int64 {
		return slices.DeleteFunc(slices.Clone(list), func(x int64) bool { return x == at })
	}
	if times := chunkTimes(got); !slices.Equal(other(times), other(want)) {
		t.Errorf("%s: chunks at %v, not %v", what, times, want)
	}
	counted := func(s string) bool {
		return strings.Contains(s, "tokens") || strings.Contains(s, "count") || strings.Contains(s, "length") ||
			strings.Contains(s, "usage")
	}
	if counted(path) || counted(was.Raw) || signal && counted(events[k]) || name == "index" {
		return
	}
	if got.CompletionTokens != base.CompletionTokens || got.PromptTokens != base.PromptTokens ||
		got.HiddenUnknown != base.HiddenUnknown {
		t.Errorf("%s: counts %d, %d, %q, not %d, %d", what, got.PromptTokens, got.CompletionTokens, got.HiddenUnknown,
			base.PromptTokens, base.CompletionTokens)
	}
}
