package request

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ line, want, err string }{
		{line: `{"messages":[]}`, want: `{"messages":[]}`},
		{line: `{"prompt":"the \"body\" of"}`, want: `{"prompt":"the \"body\" of"}`},
		{line: `{"custom_id":"<a>","body":{"prompt":"<|im_end|>&"}}`,
			want: `{"custom_id":"<a>","body":{"prompt":"<|im_end|>&"}}`},
		{line: `{"body":{"prompt":"a"}}`, want: `{"prompt":"a"}`},
		{line: `{"\u0062ody":{"prompt":"a"},"custom_id":"x"}`, want: `{"custom_id":"x","body":{"prompt":"a"}}`},
		{line: `{"custom_id":"x","method":"POST","url":"/v1/embeddings","body":{"input":"a"},"at_ms":0}`,
			want: `{"custom_id":"x","method":"POST","url":"/v1/embeddings","at_ms":0,"body":{"input":"a"}}`},
		{line: `{"turns":[{"body":{"messages":[]}},{"body":{"messages":[]},"delay_ms":5}]}`,
			want: `{"turns":[{"body":{"messages":[]}},{"body":{"messages":[]},"delay_ms":5}]}`},
		{line: `{"custom_id":"b","session":"s","after":["a"],"history":"a","delay_ms":1.5,"body":{}}`,
			want: `{"custom_id":"b","body":{},"session":"s","after":["a"],"history":"a","delay_ms":1.5}`},
		{line: `{"session":"s","body":{}}`, want: `{"body":{},"session":"s"}`},
		{line: `{"session":"s","turns":[{"body":{}}]}`, want: `{"turns":[{"body":{}}],"session":"s"}`},
		{line: `{"after":[],"body":{}}`, err: "after is for the requests of a session, and the line names none"},
		{line: `{"delay_ms":5,"body":{}}`, err: "delay_ms is for the requests of a session"},
		{line: `{"session":"s","delay_ms":-5,"body":{}}`, err: "delay_ms is negative"},
		{line: `{"session":"s","history":"a","turns":[{"body":{}}]}`, err: "history is for lines with a body"},
		{line: `{"session":"s","after":"a","body":{}}`, err: "not a request envelope"},
		{line: `{"session":"a\nb","body":{}}`, err: "session has a control character"},
		{line: `{"session":"s","delay_ms":1e300,"body":{}}`, err: "delay_ms is more than a month: 1e+300"},
		{line: `{"turns":[{"body":{},"delay_ms":1e12}]}`, err: "turns[0].delay_ms is more than a month"},
		{line: `{"at_ms":-1e300,"body":{}}`, err: "at_ms is not a time: -1e+300"},
		{line: `{"prompt_tokens":-5,"body":{}}`, err: "prompt_tokens is negative: -5"},
		{line: `[1]`, err: "not a JSON object"},
		{line: `{"a":`, err: "not valid JSON"},
		{line: `{"prompt":"a","max_tokens":1,"m\u0061x_tokens":2}`, err: `two members are named "max_tokens"`},
		{line: `{"custom_id":"a","body":{"prompt":"a"},"custom_id":"b"}`, err: `two members are named "custom_id"`},
		{line: `{"body":{},"turns":[]}`, err: "not both"},
		{line: `{"body":null}`, err: "body is not a JSON object"},
		{line: `{"body":{},"at_ms":"soon"}`, err: "not a request envelope"},
		{line: `{"turns":[]}`, err: "turns is empty"},
		{line: `{"turns":[{"body":7}]}`, err: "turns[0].body is not a JSON object"},
		{line: `{"turns":[{"body":{},"delay_ms":-1}]}`, err: "turns[0].delay_ms is negative"},
	} {
		r, err := Parse([]byte(c.line))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.line, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		for i, write := range []func() ([]byte, error){r.MarshalJSON, func() ([]byte, error) { return r.Append(nil) }} {
			if got, err := write(); err != nil || string(got) != c.want {
				t.Errorf("%s: wrote (%d) %s %v, want %s", c.line, i, got, err, c.want)
			}
		}
	}
}

func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/request.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	at := 12.5
	for _, r := range []Request{
		{Body: json.RawMessage(`{"prompt":"a"}`)},
		{ID: "1", Method: "POST", URL: "/v1/completions", Headers: map[string]string{"a": "b"}, AtMs: &at,
			Body: json.RawMessage(`{"prompt":"a"}`), Labels: map[string]string{"k": "v"}},
		{Turns: []Turn{{Body: json.RawMessage(`{"messages":[]}`)}, {Body: json.RawMessage(`{}`), DelayMs: 3}}},
		{ID: "2", Session: "s", After: []string{"1"}, History: "1", DelayMs: 7, Body: json.RawMessage(`{"messages":[]}`)},
	} {
		line, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{`[]`, `{"body":1}`, `{"turns":[]}`, `{"body":{},"turns":[{"body":{}}]}`,
		`{"turns":[{"delay_ms":1}]}`, `{"body":{},"labels":{"a":1}}`, `{"body":{},"after":["a"]}`,
		`{"turns":[{"body":{}}],"session":"s","delay_ms":1}`} {
		if validate(schema, []byte(line)) == nil {
			t.Errorf("%s: is valid", line)
		}
		if _, err := Parse([]byte(line)); err == nil && line != `{"turns":[{"delay_ms":1}]}` {
			t.Errorf("%s: is read", line)
		}
	}
}

func validate(schema *jsonschema.Schema, line []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"custom_id":"a","body":{"b":1},"at_ms":1.5}`))
	f.Add([]byte(`{"custom_id":"b","session":"s","after":["a"],"history":"a","delay_ms":2,"body":{"messages":[]}}`))
	f.Add([]byte(`{"turns":[{"body":{"messages":[]},"delay_ms":1}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := Parse(bytes.ReplaceAll(line, []byte("\n"), nil))
		if err != nil {
			return
		}
		once, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, _ := again.Append(nil); !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}

// The members of an envelope that nobody knows are named. Every member that is read is known, as it is read.
func TestUnknownMembers(t *testing.T) {
	for line, want := range map[string]string{
		`{"sesion":"s","body":{"x":1},"dely_ms":5}`:                                                                 "sesion dely_ms",
		`{"turns":[{"body":{}}],"tenant":"a"}`:                                                                      "tenant",
		`{"turns":[{"a":{"x":1},"b":"{\"x\":1}","body":{"x":1},"c":2}, {"body": {"x":1} ,"d":[]}]}`:                 "turns[].a turns[].b turns[].c turns[].d",
		`{"turns":[{"body":{"x":[1,{"y":2}]},"wait":5,"Delay_ms":1},{"wait":6,"body":{}, "headers": {"a": "b"} }]}`: "turns[].wait turns[].headers",
		`{"Session":"s","body":{}}`:                                                                                 "",
		`{"sesion":"s","prompt":"a"}`:                                                                               "",
	} {
		r, err := Parse([]byte(line))
		if got := strings.Join(r.Unknown, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
		if r.Session == "s" != strings.Contains(line, `"Session"`) {
			t.Errorf("%s: session %q", line, r.Session)
		}
	}
	for f := range reflect.TypeFor[Request]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" && !known([]byte(name)) {
			t.Errorf("%s is not known", name)
		}
	}
}
