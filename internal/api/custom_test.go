package api

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"perfpipe/internal/fault"
)

const acme = `{
  "name": "acme", "op": "chat", "path": "/gen/{model}/talk", "key_header": "x-acme-key",
  "headers": {"x-acme-version": "2"},
  "body": {"mode": "fast", "session": {"new": true}},
  "input": {"messages": "session.turns", "tokens": "ids"},
  "params": {"max_tokens": "limits.out", "stream": "live"},
  "read": {
    "text": ".delta.parts[]?.t", "reasoning": ".delta.thought", "tool": ".delta.call | tojson? // empty | select(. != \"null\")",
    "finish": ".end.why", "model": ".engine", "done": ".end != null",
    "prompt_tokens": ".cost.in", "completion_tokens": ".cost.out", "cached_tokens": ".cost.hit", "reasoning_tokens": ".cost.thought",
    "error": ".failure.text", "success": ".code == 0"
  },
  "done": "[END]"
}`

func TestCustom(t *testing.T) {
	d, err := ParseSpec([]byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	base, _ := url.Parse("https://acme.example/api")
	if got := d.For("big", true).Endpoint(base).String(); got != "https://acme.example/api/gen/big/talk" {
		t.Errorf("endpoint %s", got)
	}
	body, dropped, err := d.Build(Input{Text: "hi"}, sampling)
	want := `{"mode":"fast","session":{"new":true,"turns":[{"content":"hi","role":"user"}]},"limits":{"out":8},"live":true,"parameters":{"details":false,"k.1":[1]}}`
	if err != nil || !sameJSON(body, want) || strings.Join(dropped, " ") != "model temperature stop ignore_eos" {
		t.Errorf("got %s, dropped %s, %v", body, dropped, err)
	}
	if !d.Streams(body) || d.KeyHeader != "x-acme-key" || d.Headers["x-acme-version"] != "2" {
		t.Errorf("%+v", d)
	}
	if _, _, err := d.Build(documents, nil); err == nil || err.Error() != "acme chat takes no query with documents" {
		t.Errorf("%v", err)
	}
	got, err := collect(d.Reader(), `
{"code":0,"engine":"e1","delta":{"thought":"hm","parts":[]}}
{"code":0,"delta":{"parts":[{"t":"a"}]}}
{"code":0,"delta":{"call":{"f":1}}}
{"code":0,"end":{"why":"stop"},"cost":{"in":5,"out":3,"hit":2,"thought":1}}
[END]`)
	wanted := answer{content: "a", reasoning: "hm", tool: `{"f":1}`, finish: "stop", model: "e1", first: 0, usage: usage(5,
		3, 2, 1), done: true}
	if err != nil || !reflect.DeepEqual(got, wanted) {
		t.Errorf("%v\n got %+v %+v\nwant %+v", err, got, got.usage, wanted)
	}
	for reply, want := range map[string]string{
		`{"code":3,"failure":{"text":"quota\nused up"}}`: "quota used up",
		`{"code":3,"message":"why"}`:                     "success is not true: why",
	} {
		if e, err := d.Read([]byte(reply)); err != nil || e.Err != want {
			t.Errorf("%s: %q, %v", reply, e.Err, err)
		}
	}
}

func TestCustomTextsThatGrow(t *testing.T) {
	d, err := ParseSpec([]byte(`{"path":"/x","framing":"lines","cumulative":true,"input":{"text":"q"},"read":{"text":".a"}}`))
	if err != nil || d.Framing != JSONLines || d.Name != "custom" {
		t.Fatalf("%+v, %v", d, err)
	}
	got, err := collect(d.Reader(), "{\"a\":\"x\"}\n{\"a\":\"xy\"}\n{\"a\":\"xyz\"}")
	if err != nil || got.content != "xyz" {
		t.Errorf("%+v, %v", got, err)
	}
	if body, _, err := d.Build(aText, sampling[:2]); err != nil ||
		string(body) != `{"model":"m","q":"say \"hi\" <now>","max_tokens":8}` {
		t.Errorf("%s, %v", body, err)
	}
	if _, err := d.Read([]byte(`{"a":`)); err == nil {
		t.Error("half a reply is read")
	}
}

func TestCustomMistakes(t *testing.T) {
	for spec, want := range map[string]string{
		`{`:                             "not an API specification",
		`{"pth":"/x"}`:                  "not an API specification",
		`{"path":"x"}`:                  `path is "x", and has to begin with /`,
		`{"path":"/x"}`:                 "read has neither text nor items: there is no telling an answer",
		`{"path":"/x","framing":"udp"}`: `framing is "udp"; there are sse and lines`,
		`{"path":"/x","body":[]}`:       "body is not an object",
		`{"path":"/x","read":{"text":".a","foo":"."}}`:              "read.foo is not known; there are text, reasoning,",
		`{"path":"/x","read":{"text":".a"},"input":{"prompt":"q"}}`: "input.prompt is not known; there are messages, text,",
		`{"path":"/x","read":{"text":".a"},"input":{"query":"q"}}`:  "input has query without documents",
		`{"path":"/x","read":{"text":".a |"}}`:                      "read.text: unexpected EOF: .a |",
		`{"path":"/x","read":{"text":"nosuch(.)"}}`:                 "read.text: function not defined: nosuch/1: nosuch(.)",
	} {
		if _, err := ParseSpec([]byte(spec)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", spec, err, want)
		}
	}
	d, err := ParseSpec([]byte(`{"path":"/x","read":{"text":".a[]"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := d.Read([]byte(`{"a":1}`)); err != nil || !strings.HasPrefix(e.Err,
		"read.text of the specification: cannot iterate over: number (1)") {
		t.Errorf("%+v, %v", e, err)
	}
}

func FuzzCustom(f *testing.F) {
	f.Add([]byte(acme), []byte(`{"code":0}`))
	f.Fuzz(func(t *testing.T, spec, reply []byte) {
		if strings.ContainsAny(string(spec), "fwrl\\") && !strings.Contains(string(spec), `"name": "acme"`) {
			t.Skip() // programs that loop are the user's own fault
		}
		if d, err := ParseSpec(spec); err == nil {
			if e, err := d.Read(reply); err != nil && !reflect.DeepEqual(e, Event{}) {
				t.Errorf("an event with an error: %+v", e)
			}
		}
	})
}

func sameJSON(a json.RawMessage, b string) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// TestWorkedExamples holds the specifications that docs/apis.md shows against what the services send.
func TestWorkedExamples(t *testing.T) {
	for _, c := range []struct {
		file, base, url string
		body            string
		events          string
		want            answer
	}{
		{
			"gemini.json", "https://generativelanguage.googleapis.com",
			"https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
			`{"contents":[{"role": "user", "parts": [{"text": "say \"hi\" <now>"}]}],"generationConfig":{"maxOutputTokens":8,"temperature":0.0,"stopSequences":["x"]}}`,
			`{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"thoughtsTokenCount":2},"modelVersion":"gemini-x"}
{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1,"thoughtsTokenCount":2},"modelVersion":"gemini-x"}
{"candidates":[{"content":{"parts":[{"text":"lo"},{"functionCall":{"name":"f"}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":2},"modelVersion":"gemini-x"}`,
			answer{content: "Hello", reasoning: "hm", tool: `{"name":"f"}`, finish: "STOP", model: "gemini-x", first: 0,
				usage: usage(4, 5, 0, 2)},
		},
		{
			"gemini.json", "https://h/v1beta/models/a:streamGenerateContent?alt=sse",
			"https://h/v1beta/models/a:streamGenerateContent?alt=sse", "",
			`{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}`, answer{first: -1,
				err: "API key not valid."},
		},
		{
			"gemini.json", "https://h/v1beta/models/a:streamGenerateContent?alt=sse",
			"https://h/v1beta/models/a:streamGenerateContent?alt=sse", "",
			`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}`, answer{first: -1,
				err: "the prompt is blocked: SAFETY", usage: usage(4, 0, 0, 0)},
		},
		{
			"workers-ai.json", "https://api.cloudflare.com/client/v4/accounts/ACCOUNT",
			"https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/run/@cf/meta/llama-3.1-8b-instruct",
			`{"prompt":"say \"hi\" <now>","max_tokens":8,"temperature":0.0,"stream":true}`,
			`{"response":"Hel","p":"abc"}
{"response":"lo","p":"abcd"}
{"response":"","usage":{"prompt_tokens":4,"completion_tokens":2}}
[DONE]`, answer{content: "Hello", first: 0, usage: usage(4, 2, 0, 0), done: true},
		},
		{
			"workers-ai.json", "https://h", "https://h/ai/run/@cf/meta/llama-3.1-8b-instruct", "",
			`{"result":{"response":"Hello","usage":{"prompt_tokens":4,"completion_tokens":2}},"success":true,"errors":[],"messages":[]}`,
			answer{content: "Hello", first: 0, usage: usage(4, 2, 0, 0)},
		},
		{
			"workers-ai.json", "https://h", "https://h/ai/run/@cf/meta/llama-3.1-8b-instruct", "",
			`{"result":null,"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}`,
			answer{first: -1, err: "Authentication error"},
		},
	} {
		d, err := Choose(Custom, "../../docs/apis/"+c.file)
		if err != nil {
			t.Fatal(err)
		}
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.For("gemini-x", false).Endpoint(base).String(); got != c.url {
			t.Errorf("%s on %s: %s", c.file, c.base, got)
		}
		if c.body != "" {
			if body, _, err := d.Build(aText, sampling[:len(sampling)-1]); err != nil || string(body) != c.body {
				t.Errorf("%s: %v\n got %s\nwant %s", c.file, err, body, c.body)
			}
		}
		if got, err := collect(d.Reader(), c.events); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n got %+v %+v\nwant %+v %+v", c.file, err, got, got.usage, c.want, c.want.usage)
		}
	}
}

func TestChoose(t *testing.T) {
	const file = "../../docs/apis/workers-ai.json"
	for _, c := range []struct{ name, file, setting, want string }{
		{"", "nowhere.json", "api-spec", "open nowhere.json: no such file or directory"},
		{Custom, "custom_test.go", "api-spec custom_test.go", "not an API specification"},
		{Custom, "", "api custom", "needs a specification"},
		{"openai", file, "api-spec", "describes the API custom, not openai"},
		{"nope", "", "api", `"nope" is not known`},
		{"nope", file, "api", `"nope" is not known`},
	} {
		d, err := Choose(c.name, c.file)
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || d != nil || e.Code != fault.CodeUsage || e.Setting != c.setting ||
			!strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q %q: %v", c.name, c.file, err)
		}
	}
	for _, c := range []struct {
		name, file string
		custom     bool
	}{{"", "", false}, {"openai", "", false}, {"", file, true}, {Custom, file, true}} {
		if d, err := Choose(c.name, c.file); err != nil || (d != nil) != c.custom {
			t.Errorf("%q %q: %v, %v", c.name, c.file, d, err)
		}
	}
}
