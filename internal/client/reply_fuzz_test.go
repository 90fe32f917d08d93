package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/record"
)

// goodAnswers has one answer of each dialect, an event per line, as the servers document it.
var goodAnswers = []struct {
	path, events string
	lines        bool
}{
	{"/v1/chat/completions",
		`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null,"tool_calls":null},"logprobs":null,"finish_reason":null}],"usage":null,"error":null}
{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"reasoning_content":"r","reasoning_details":[{"type":"reasoning.text","text":"r","format":null}]},"finish_reason":null}]}
{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-1.5}]},"finish_reason":null}]}
{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"b"},"logprobs":null,"finish_reason":null}]}
{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"c"},"logprobs":null,"finish_reason":null}]}
{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}]}
{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":null}]}
{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}}
[DONE]`, false},
	{"/v1/completions", `{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":null}]}
{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"b","logprobs":null,"finish_reason":null}]}
{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"c","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}
[DONE]`, false},
	{"/v1/messages", `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"c","stop_reason":null,"usage":{"input_tokens":7,"output_tokens":1,"cache_read_input_tokens":0}}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b"}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"c"}}
{"type":"content_block_stop","index":0}
{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}
{"type":"message_stop"}`, false},
	{"/v1/responses", `{"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","error":null,"model":"m","output":[],"usage":null}}
{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"a","sequence_number":1}
{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"b","sequence_number":2}
{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"c","sequence_number":3}
{"type":"response.output_text.done","item_id":"i","output_index":0,"content_index":0,"text":"abc"}
{"type":"response.completed","response":{"id":"r","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"m","output":[{"type":"message","content":[{"type":"output_text","text":"abc"}]}],"usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":0},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":10}}}`, false},
	{"/api/chat", `{"model":"l","created_at":"t","message":{"role":"assistant","content":"a"},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":"b"},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}
{"model":"l","created_at":"t","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":7,"eval_count":3}`, true},
	{"/generate_stream", `{"index":0,"token":{"id":1,"text":"a","logprob":-0.1,"special":false},"generated_text":null,"details":null}
{"index":1,"token":{"id":1,"text":"b","logprob":-0.1,"special":false},"generated_text":null,"details":null}
{"index":2,"token":{"id":2,"text":"</s>","logprob":-0.1,"special":true},"generated_text":"ab","details":{"finish_reason":"eos_token","generated_tokens":3,"input_length":7,"seed":null}}`, false},
	{"/v2/models/m/generate_stream", `{"model_name":"e","model_version":"1","sequence_end":false,"text_output":"a"}
{"model_name":"e","model_version":"1","sequence_end":false,"text_output":"b"}
{"model_name":"e","model_version":"1","sequence_end":true,"text_output":"c"}`, false},
	{"/generate", `{"text":"a","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":7,"completion_tokens":1,"cached_tokens":3}}
{"text":"ab","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":7,"completion_tokens":2,"cached_tokens":3}}
{"text":"abc","meta_info":{"id":"x","finish_reason":{"type":"length","length":3},"prompt_tokens":7,"completion_tokens":3,"cached_tokens":3}}
[DONE]`, false},
	{"/api/v1/services/aigc/text-generation/generation",
		`{"output":{"choices":[{"message":{"content":"a","role":"assistant"},"finish_reason":"null"}]},"usage":{"input_tokens":7,"output_tokens":1,"total_tokens":8},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"b","role":"assistant"},"finish_reason":"null"}]},"usage":{"input_tokens":7,"output_tokens":2,"total_tokens":9},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"c","role":"assistant"},"finish_reason":"stop"}]},"usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10},"request_id":"r"}`, false},
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
		for k, e := range strings.Split(g.events, "\n") {
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
	events := strings.Split(g.events, "\n")
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
