package api

import (
	"testing"
)

// A test request is like a body of the load, but asks for next to nothing.
func TestProbe(t *testing.T) {
	for _, c := range []struct{ api, path, body, want string }{
		{"", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"long"}],"max_tokens":500,"min_tokens":5,"stream":true,"tools":[{}],"tool_choice":"required"}`,
			`{"model":"m","messages":[{"content":"hello","role":"user"}],"max_tokens":1,"stream":true}`},
		{"", "/v1/chat/completions", `{"messages":[],"max_completion_tokens":500}`,
			`{"messages":[{"content":"hello","role":"user"}],"max_completion_tokens":1}`},
		{"", "/v1/completions", `{"prompt":[1,2]}`, `{"prompt":"hello","max_tokens":1}`},
		{"", "/v1/responses", `{"input":[{"role":"user","content":"long"}],"max_output_tokens":9,"text":{"format":{}}}`,
			`{"input":"hello","max_output_tokens":16}`},
		{"", "/v1/messages", `{"messages":[],"max_tokens":4000,"thinking":{"budget_tokens":2000}}`,
			`{"messages":[{"content":"hello","role":"user"}],"max_tokens":1}`},
		{"", "/v1/embeddings", `{"input":["a","b"],"dimensions":8}`, `{"input":["hello"],"dimensions":8}`},
		{"", "/v1/embeddings", `{"input":"a"}`, `{"input":"hello"}`},
		{"", "/v1/embeddings", `{"input":[1,2]}`, `{"input":"hello"}`},
		{"", "/v1/rerank", `{"query":"q","documents":["a","b"],"top_n":1}`,
			`{"query":"hello","documents":["hello"],"top_n":1}`},
		{"", "/rerank", `{"query":"q","documents":[{"text":"a"}]}`, `{"query":"hello","documents":[{"text":"hello"}]}`},
		{"", "/rerank", `{"query":"q","texts":["a","b"]}`, `{"query":"hello","texts":["hello"]}`},
		{"", "/score", `{"text_1":"a","text_2":["b","c"]}`, `{"text_1":"hello","text_2":["hello"]}`},
		{"", "/score", `{"queries":["a"],"documents":["b"]}`, `{"queries":["hello"],"documents":["hello"]}`},
		{"", "/v1/score", `{"data_1":["a","b"],"data_2":["c","d"]}`, `{"data_1":["hello"],"data_2":["hello"]}`},
		{"", "/api/chat", `{"messages":[],"options":{"num_ctx":9}}`,
			`{"messages":[{"content":"hello","role":"user"}],"options":{"num_ctx":9,"num_predict":1}}`},
		{"", "/api/generate", `{"prompt":"long"}`, `{"prompt":"hello","options":{"num_predict":1}}`},
		{"", "/api/embed", `{"input":["a","b"]}`, `{"input":["hello"]}`},
		{"", "/generate_stream", `{"inputs":"long","parameters":{"details":true}}`,
			`{"inputs":"hello","parameters":{"details":true,"max_new_tokens":1}}`},
		{"sglang", "/generate", `{"input_ids":[1,2],"sampling_params":{"max_new_tokens":9}}`,
			`{"sampling_params":{"max_new_tokens":1},"text":"hello"}`},
		{"", "/v2/models/m/generate_stream", `{"text_input":"long"}`, `{"text_input":"hello","max_tokens":1}`},
		{"", "/api/v1/services/aigc/text-generation/generation", `{"input":{"prompt":"long"}}`,
			`{"input":{"messages":[{"content":"hello","role":"user"}]},"parameters":{"max_tokens":1}}`},
		{"", "/api/v1/services/rerank/text-rerank/text-rerank", `{"input":{"query":"q","documents":["a","b"]}}`,
			`{"input":{"query":"hello","documents":["hello"]}}`},
	} {
		d, _, ok := Select(c.api, c.path, []byte(c.body))
		if !ok {
			t.Errorf("%s %s: no dialect", c.path, c.body)
			continue
		}
		got, err := d.Probe([]byte(c.body))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s %v\nwant %s", c.path, got, err, c.want)
		}
		if _, _, ok := Select(c.api, c.path, got); !ok {
			t.Errorf("%s: %s is not a body of it", c.path, got)
		}
	}
	for i := range dialects {
		if dialects[i].probe == nil {
			t.Errorf("%s %s has no test request", dialects[i].Name, dialects[i].Op)
		}
	}
	spec, err := ParseSpec([]byte(`{"path":"/x","input":{"text":"a.0.b"},"params":{"max_tokens":"c.d"},"read":{"text":".t"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := spec.Probe([]byte(`{"a":[{"b":"long"}]}`)); err != nil ||
		string(got) != `{"a":[{"b":"hello"}],"c":{"d":1}}` {
		t.Errorf("custom: %s %v", got, err)
	}
}

// The pairs in vLLM's bodies of /score are counted under all of their keys.
func TestScoreItems(t *testing.T) {
	for body, want := range map[string]int{
		`{"text_1":"a","text_2":"b"}`:                   1,
		`{"text_1":"a","text_2":["b","c"]}`:             2,
		`{"data_1":["a","b","c"],"data_2":["d","e"]}`:   3,
		`{"queries":"a","documents":["b","c"]}`:         2,
		`{"queries":["a","b"],"items":["c","d"]}`:       2,
		`{"queries":["a","b","c"],"documents":["d"]}`:   3,
		`{"text_1":["a","b"],"text_2":["c","d"],"n":1}`: 2,
	} {
		d, _, ok := Select("", "/score", []byte(body))
		if n, _ := d.Items([]byte(body)); !ok || n != want {
			t.Errorf("%s: %d items, want %d", body, n, want)
		}
	}
}
