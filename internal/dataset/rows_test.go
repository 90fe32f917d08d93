package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
)

// hinter is an error that knows the next step for a file.
type hinter interface {
	Hint(file string) (reason, detail string)
}

// TestRowsAreNoRequests: what has keys that no API knows is a row of data. It is refused with the command that reads
// what is inside it, and never names a column that cannot have prompts.
func TestRowsAreNoRequests(t *testing.T) {
	for _, c := range []struct{ name, line, hint string }{
		{"HumanEval", `{"task_id":"HumanEval/0","prompt":"def f():","entry_point":"f","canonical_solution":"x","test":"t"}`,
			"rows: prompt f"},
		{"pandas", `{"prompt":"a","t":1767225600000}`, "rows: prompt f"},
		{"preferences", `{"input":{"messages":[{"role":"user","content":"u"}]},"preferred_output":[]}`,
			"rows-within: jq -c .input f"},
		{"AIME", `{"ID":"2024-I-1","Problem":"P","Solution":"S"}`, "rows: Problem f"},
		{"Anthropic's batch", `{"custom_id":"1","params":{"model":"m","max_tokens":9,"messages":[{"role":"user",` +
			`"content":"u"}]}}`, "rows-within: jq -c .params f"},
		{"all of it in one object", `{"requests":[{"params":{"max_tokens":9,"messages":[{"role":"user","content":"u"}]}}]}`,
			"rows-within: jq -c '.requests[].params' f"},
		{"Helicone", `{"request_id":"r","request_body":{"model":"m","messages":[{"role":"user","content":"u"}]},` +
			`"response_body":{"messages":[]}}`, "rows-within: jq -c .request_body f"},
		{"Langfuse", `{"id":"o","input":"[{\"role\":\"user\",\"content\":\"u\"}]","output":"x"}`,
			"rows-within: jq -c '.input | fromjson' f"},
		{"odd keys", `{"a b":{"c":{"stream":true,"prompt":"u"}}}`, `rows-within: jq -c '.["a b"].c' f`},
		{"SQuAD", `{"version":"1","data":[{"paragraphs":[{"context":"c","qas":[{"id":"1","question":"q"}]}]}]}`,
			"rows-within: jq -c '.data[].paragraphs[].qas[]' f"},
		{"no text at all", `{"id":"gen-1","api_key_name":"k","tokens_prompt":5}`,
			"lengths: "},
		{"the output of a batch", `{"id":"b","custom_id":"1","response":{"body":{"messages":[{"role":"assistant",` +
			`"content":"u"}]}}}`, "rows: NAME f"},
	} {
		lines, errs := gather(t, "line_by_line", &Options{Paths: []string{write(t, "f.jsonl", c.line+"\n")}, Number: All},
			&body.Shape{})
		var h hinter
		if len(lines) > 0 || len(errs) != 1 || !errors.As(errs[0], &h) {
			t.Errorf("%s: %v, %v", c.name, lines, errs)
			continue
		}
		if reason, detail := h.Hint("f"); reason+": "+detail != c.hint {
			t.Errorf("%s: hint %s: %s, want %s", c.name, reason, detail, c.hint)
		}
	}
}

// TestBodies: an object with only keys of a known API is a body, and so is one with a generation parameter, whatever
// else it has.
func TestBodies(t *testing.T) {
	for body, want := range map[string]bool{
		`{"prompt":"a"}`: true,
		`{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[],"chat_template_kwargs":{}}`: true,
		`{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true,"x_vendor":1}`:           true,
		`{"query":"q","documents":["a"],"top_n":1,"return_documents":true}`:                             true,
		`{"input":"a","encoding_format":"float","dimensions":8}`:                                        true,
		`{"contents":[],"systemInstruction":{},"safetySettings":[]}`:                                    true,
		`{"prompt":"a","x_vendor":1}`:                                                                   false,
		`{"model":"m","messages":[{"role":"user","content":"a"}],"winner":"b"}`:                         false,
		`{"prompt":"a","answer":"b","stream":true}`:                                                     false,
	} {
		if got := isBody(gjson.Parse(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestNaNInBody(t *testing.T) {
	lines, errs := gather(t, "line_by_line", &Options{Paths: []string{write(t, "f.jsonl",
		`{"prompt":"a","top_p":NaN}`+"\n")}, Number: All}, &body.Shape{})
	if errs != nil || !slices.Equal(lines, []string{`{"prompt":"a","top_p":null}`}) {
		t.Errorf("%q, %v", lines, errs)
	}
}

// TestNoPrompts: text that was not meant as prompts is refused by what it is.
func TestNoPrompts(t *testing.T) {
	for file, want := range map[string]string{
		"<!DOCTYPE html>\n<html>\n":          "an HTML page",
		"<?xml version=\"1.0\"?>\n<a/>\n":    "an XML document",
		"{'prompt': 'a'}\n{'prompt': 'b'}\n": "objects as Python prints them",
		`1.2.3.4 - - [02/Jan/2026:03:04:05 +0000] "POST /v1/completions HTTP/1.1" 200 1 "-" "curl"` +
			"\n": "the access log of a server as text",
		"INFO 05-01 00:00:00 [logger.py:41] Received request chatcmpl-1: prompt: 'a\\nb', params: SamplingParams(n=1)\n" +
			"(EngineCore pid=7) INFO 05-01 00:00:01 [core.py:1] x\n  of two lines\n": "the log of a server as text",
		"[2026-02-13 09:29:40] Receive: obj=GenerateReqInput(rid='a')\n[2026-02-13 09:29:41 TP0] Prefill batch.\n": "the log " +
			"of a server as text",
		"\x1e{\"prompt\":\"a\"}\n": "a JSON text sequence",
		"event: message_start\ndata: {\"type\":\"message_start\"}\n\ndata: [DONE]\n":    "server-sent events",
		"2026-01-01T00:00:00.123Z  INFO router: x\n":                                    "the log of a server as text",
		"[2026-02-13] was a Friday\nINFO: what does it mean?\n":                         "",
		"version https://git-lfs.github.com/spec/v1\noid sha256:0\n":                    "a Git LFS pointer",
		"a.jsonl" + strings.Repeat("\x00", 250) + "ustar" + strings.Repeat("\x00", 250): "a tar archive",
		"one\rtwo\rthree\r":                               "its lines end in CR alone",
		"{\"prompt\":\"a\"}\r{\"prompt\":\"b\"}":          "its lines end in CR alone",
		"a\r\nb\rc\r\n":                                   "",
		"Explain <?xml in a word\n{name}, who are you?\n": "",
	} {
		lines, errs := gather(t, "line_by_line", &Options{Paths: []string{write(t, "f.txt", file)}, Number: All},
			&body.Shape{})
		switch {
		case want == "" && (len(lines) != 2 || errs != nil):
			t.Errorf("%q: %v, %v", file, lines, errs)
		case want != "" && (len(lines) > 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), want)):
			t.Errorf("%q: %v, %v, want %s", file, lines, errs, want)
		}
	}
}

func TestNoRequestIsSaid(t *testing.T) {
	var said []string
	o := &Options{Paths: []string{write(t, "f.jsonl", "\n\n")}, Number: All,
		Tell: func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	lines, errs := gather(t, "line_by_line", o, &body.Shape{})
	if len(lines) > 0 || errs != nil || len(said) != 1 || !strings.HasSuffix(said[0],
		"f.jsonl: it has no requests") {
		t.Errorf("%v, %v, %q", lines, errs, said)
	}
}

// Members of request lines that are not read, and so not written, are named, once for all lines.
func TestUnknownMembers(t *testing.T) {
	const line = `{"sesion":"s","custom_id":"a","body":{"model":"m","prompt":"a"},"dely_ms":1}` + "\n"
	for _, dataset := range []string{"line_by_line", "trace"} {
		var said []string
		o := &Options{Paths: []string{write(t, "f.jsonl", line+line)}, Number: All,
			Tell: func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
		lines, errs := gather(t, dataset, o, &body.Shape{})
		if len(lines) != 2 || errs != nil ||
			!slices.Equal(said, []string{"unknown members of envelopes are left out: dely_ms, sesion"}) {
			t.Errorf("%s: %v, %v, %q", dataset, lines, errs, said)
		}
	}
}

// TestTablesOfTraces: what spreadsheets and pandas write of a trace is read as its JSON is.
func TestTablesOfTraces(t *testing.T) {
	const json = `{"timestamp":0,"input_length":40,"output_length":3,"hash_ids":[1,2]}
{"timestamp":7,"input_length":50,"output_length":4,"hash_ids":[1,3]}
`
	const csv = "timestamp,input_length,output_length,hash_ids\n0,40.0,3,\"[1, 2]\"\n7,50.0,4,\"[1, 3]\"\n"
	read := func(name, text string) []string {
		lines, errs := gather(t, "trace", &Options{Paths: []string{write(t, name, text)}, Number: All, Seed: 1},
			&body.Shape{})
		if errs != nil {
			t.Errorf("%s: %v", name, errs)
		}
		return lines
	}
	if got, want := read("a.csv", csv), read("a.jsonl", json); len(got) != 2 || !slices.Equal(got, want) {
		t.Errorf("%.200q, want %.200q", got, want)
	}
	azure := "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-02 03:04:05,\"1,024\",3\n"
	rows := `{"TIMESTAMP":"2026-01-02 03:04:05","ContextTokens":1024,"GeneratedTokens":3}`
	if got, want := read("a.csv", azure), read("a.jsonl", rows); len(got) != 1 || !slices.Equal(got, want) {
		t.Errorf("%.200q, want %.200q", got, want)
	}
}

// TestCapturedBodies: a compressed body is unpacked. One that cannot be is left out for that reason, if its path is
// that of an API.
func TestCapturedBodies(t *testing.T) {
	har := func(path, body string) string {
		return `{"log":{"entries":[{"startedDateTime":"2026-01-02T03:04:05Z","request":{"method":"POST","url":"http://a` +
			path +
			`","postData":{"text":"` + body + `","encoding":"base64"}}}]}}`
	}
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	z.Write([]byte(`{"prompt":"a"}`))
	z.Close()
	for _, c := range []struct{ path, body, said string }{
		{"/v1/completions", base64.StdEncoding.EncodeToString(deflated.Bytes()), ""},
		{"/v1/completions", base64.StdEncoding.EncodeToString([]byte("\x0b\x02\x80hello\x03")), noJSON},
		{"/other", base64.StdEncoding.EncodeToString([]byte("\x0b\x02\x80hello\x03")), noCall},
		{"/api/llm-log", base64.StdEncoding.EncodeToString([]byte(`{"model":"m","prompt":"a"}`)), noCall},
	} {
		said := ""
		o := &Options{Paths: []string{write(t, "a.har", har(c.path, c.body))}, Number: All,
			Tell: func(_, _, format string, args ...any) { said += fmt.Sprintf(format, args...) }}
		lines, errs := gather(t, "trace", o, &body.Shape{})
		if errs != nil || len(lines) == 0 != (c.said != "") || !strings.Contains(said, c.said) {
			t.Errorf("%s: %v, %v, %q, want %q", c.path, lines, errs, said, c.said)
		}
	}
}

// TestVariablesOfNginx: of headers that are logged as variables those that are needed are sent, and secrets are named.
func TestVariablesOfNginx(t *testing.T) {
	said := ""
	o := &Options{Number: All, Tell: func(_, _, format string, args ...any) { said += fmt.Sprintf(format, args...) }}
	o.Paths = []string{write(t, "a.jsonl", `{"msec":"1.5","request_time":"0.5","http_status":200,`+
		`"http_authorization":"LEAK","http_x_api_key":"-",`+
		`"http_anthropic_version":"2023-06-01","request":"POST /v1/messages HTTP/1.1","request_body":"{\"max_tokens\":1,`+
		`\"messages\":[]}"}`)}
	lines, errs := gather(t, "trace", o, &body.Shape{})
	if errs != nil || len(lines) != 1 || !strings.Contains(lines[0], `"headers":{"anthropic-version":"2023-06-01"}`) ||
		strings.Contains(lines[0], "LEAK") ||
		!strings.Contains(said, "secrets: authorization") {
		t.Errorf("%v, %v, %q", lines, errs, said)
	}
}

// TestFailedPrompts: a request of which no token came out is left out and counted, also if its prompt is known.
func TestFailedPrompts(t *testing.T) {
	for _, dataset := range []string{"custom", "trace"} {
		said := ""
		o := &Options{Number: All, Tell: func(_, _, format string, args ...any) { said += fmt.Sprintf(format, args...) }}
		o.Paths = []string{write(t, "a.jsonl",
			`{"prompt":"a","output_tokens":0}`+"\n"+`{"prompt":"b","output_tokens":3}`+"\n")}
		lines, errs := gather(t, dataset, o, &body.Shape{})
		if errs != nil || len(lines) != 1 || !strings.Contains(lines[0], `"max_tokens":3`) ||
			!strings.Contains(said, "1 entry left out: "+failed) {
			t.Errorf("%s: %v, %v, %q", dataset, lines, errs, said)
		}
	}
}

// TestTurnsAreBodies: no turn of an envelope is anything else.
func TestTurnsAreBodies(t *testing.T) {
	for _, dataset := range []string{"line_by_line", "trace"} {
		o := &Options{Number: All, Paths: []string{write(t, "a.jsonl",
			`{"turns":[{"body":{"messages":[]}},{"body":{"massages":[]}}]}`)}}
		lines, errs := gather(t, dataset, o, &body.Shape{})
		if len(lines) > 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(),
			"turns[1]: not the body of a request: it has the keys massages") {
			t.Errorf("%s: %v, %v", dataset, lines, errs)
		}
	}
}

// A null of Parquet is what JSON leaves out, so it neither replaces a default nor is sent; numbers of 32 bits are the
// decimal numbers that were written.
func TestParquetBodies(t *testing.T) {
	type message struct {
		Role    string  `parquet:"role"`
		Content *string `parquet:"content,optional"`
		ID      *string `parquet:"tool_call_id,optional"`
	}
	type row struct {
		Messages    []message `parquet:"messages,list"`
		Temperature *float32  `parquet:"temperature,optional"`
		MaxTokens   *int64    `parquet:"max_tokens,optional"`
	}
	a, id := "a", "c"
	o := &Options{Paths: []string{write(t, "f.parquet", table(t,
		row{[]message{{"user", &a, nil}}, ptr(float32(0.7)), nil}, row{[]message{{"tool", nil, &id}}, nil, ptr(int64(5))}))},
		Number: All}
	s := &body.Shape{MaxTokens: []int{9}, Params: []body.Param{{Param: api.Param{Key: "max_tokens"}}}}
	lines, errs := gather(t, "line_by_line", o, s)
	want := []string{`{"messages":[{"content":"a","role":"user"}],"temperature":0.7,"max_tokens":9}`,
		`{"max_tokens":5,"messages":[{"role":"tool","tool_call_id":"c"}]}`}
	if errs != nil || !slices.Equal(lines, want) {
		t.Errorf("%q, %v, want %q", lines, errs, want)
	}
}

// What is drawn for a request is drawn anew if the data is read again, and the same in each repetition of the output.
func TestDrawsOfDataReadAgain(t *testing.T) {
	o := &Options{Paths: []string{write(t, "f.txt", "a\nb\n")}, Number: 6, Repeat: 2, Seed: 1,
		Tell: func(string, string, string, ...any) {}}
	lines, errs := gather(t, "custom", o, &body.Shape{Seed: 1, UniquePrefix: true})
	if errs != nil || len(lines) != 12 || !slices.Equal(lines[:6], lines[6:]) {
		t.Fatalf("%q, %v", lines, errs)
	}
	slices.Sort(lines)
	if lines = slices.Compact(lines); len(lines) != 6 {
		t.Errorf("%d different requests, want 6", len(lines))
	}
}
