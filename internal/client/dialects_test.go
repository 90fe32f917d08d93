package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// dialects has an exchange over a real connection for each dialect: the request that the server must receive, and its
// answer.
var dialects = []struct {
	name, api, base, body string
	method, path          string
	headers               map[string]string // asked
	contentType, answer   string
	want                  record.Record
}{
	{
		"ollama streams JSON lines", "ollama", "", `{"model":"l","messages":[],"stream":true}`,
		"POST", "/api/chat", map[string]string{"Authorization": "Bearer secret"}, "application/x-ndjson",
		`{"model":"l","message":{"role":"assistant","content":"a"},"done":false}` + "\n" +
			`{"model":"l","message":{"role":"assistant","content":"b"},"done":false}` + "\n" +
			`{"model":"l","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",` +
			`"prompt_eval_count":3,"eval_count":2}` + "\n",
		record.Record{API: "ollama", Op: "chat", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "stop", GapUs: []int64{0}},
	},
	{
		"ollama whole", "ollama", "", `{"model":"l","prompt":"x","stream":false}`,
		"POST", "/api/generate", nil, "application/json",
		`{"model":"l","response":"ab","done":true,"done_reason":"length","prompt_eval_count":3,"eval_count":2}`,
		record.Record{API: "ollama", Op: "generate", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "length"},
	},
	{
		"ollama streams where nothing is said", "ollama", "", `{"model":"l","prompt":"x"}`,
		"POST", "/api/generate", nil, "application/x-ndjson", `{"response":"ab","done":false}` + "\n" +
			`{"response":"","done":true,"done_reason":"stop","eval_count":1}`,
		record.Record{API: "ollama", Op: "generate", Output: "ab", CompletionTokens: 1, FinishReason: "stop"},
	},
	{
		"anthropic", "anthropic", "/v1", `{"model":"c","messages":[],"max_tokens":1,"stream":true}`,
		"POST", "/v1/messages", map[string]string{"X-Api-Key": "secret", "Anthropic-Version": "2023-06-01",
			"Authorization": "Bearer secret"}, "text/event-stream",
		events(`{"type":"message_start","message":{"model":"c","usage":{"input_tokens":3,"output_tokens":1}}}`,
			`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b"}}`,
			`{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":2}}`,
			`{"type":"message_stop"}`),
		record.Record{API: "anthropic", Op: "chat", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "max_tokens", GapUs: []int64{0}},
	},
	{
		"dashscope is asked for a stream by a header", "dashscope", "",
		`{"model":"q","input":{"messages":[]},"parameters":{"incremental_output":true}}`,
		"POST", "/api/v1/services/aigc/text-generation/generation", map[string]string{"X-DashScope-SSE": "enable"},
		"text/event-stream",
		events(`{"output":{"choices":[{"message":{"content":"a"},"finish_reason":"null"}]},"usage":{"input_tokens":3,`+
			`"output_tokens":1}}`,
			`{"output":{"choices":[{"message":{"content":"b"},"finish_reason":"stop"}]},"usage":{"input_tokens":3,`+
				`"output_tokens":2}}`),
		record.Record{API: "dashscope", Op: "chat", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "stop", GapUs: []int64{0}, ChunkTokens: []int{1, 1}},
	},
	{
		"dashscope, texts that grow", "dashscope", "", `{"model":"q","input":{"messages":[]},"parameters":{}}`,
		"POST", "/api/v1/services/aigc/text-generation/generation", map[string]string{"X-DashScope-SSE": ""},
		"text/event-stream",
		events(`{"output":{"choices":[{"message":{"content":"a"},"finish_reason":"null"}]},"usage":{"input_tokens":3,`+
			`"output_tokens":1}}`,
			`{"output":{"choices":[{"message":{"content":"ab"},"finish_reason":"null"}]},"usage":{"input_tokens":3,`+
				`"output_tokens":2}}`,
			`{"output":{"choices":[{"message":{"content":"ab"},"finish_reason":"stop"}]},"usage":{"input_tokens":3,`+
				`"output_tokens":2}}`),
		record.Record{API: "dashscope", Op: "chat", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "stop", GapUs: []int64{0}, ChunkTokens: []int{1, 1}},
	},
	{
		"dashscope whole", "dashscope", "", `{"model":"q","input":{"messages":[]},"parameters":{}}`,
		"POST", "/api/v1/services/aigc/text-generation/generation", map[string]string{"X-DashScope-SSE": ""},
		"application/json",
		`{"output":{"choices":[{"message":{"content":"ab"},"finish_reason":"stop"}]},"usage":{"input_tokens":3,` +
			`"output_tokens":2}}`,
		record.Record{API: "dashscope", Op: "chat", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "stop"},
	},
	{
		"tgi", "tgi", "", `{"inputs":"x","stream":true}`,
		"POST", "/generate_stream", nil, "text/event-stream",
		events(`{"token":{"text":"a"},"generated_text":null}`,
			`{"token":{"text":"b"},"generated_text":"ab","details":{"finish_reason":"length","generated_tokens":2,`+
				`"input_length":3}}`),
		record.Record{API: "tgi", Op: "generate", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "length", GapUs: []int64{0}, ChunkTokens: []int{1, 1}},
	},
	{
		"tgi whole", "tgi", "", `{"inputs":"x"}`, "POST", "/generate", nil, "application/json",
		`{"generated_text":"ab"}`,
		record.Record{API: "tgi", Op: "generate", Output: "ab"},
	},
	{
		"triton, whose model stands in the path and whose streams say no end", "triton", "",
		`{"text_input":"x","stream":true}`,
		"POST", "/v2/models/given/generate_stream", nil, "text/event-stream", events(`{"text_output":"a"}`,
			`{"text_output":"b"}`),
		record.Record{API: "triton", Op: "generate", Output: "ab", GapUs: []int64{0}},
	},
	{
		"sglang, whose texts grow", "sglang", "", `{"text":"x","stream":true}`,
		"POST", "/generate", nil, "text/event-stream",
		events(`{"text":"a","meta_info":{"prompt_tokens":3,"completion_tokens":1}}`,
			`{"text":"ab","meta_info":{"finish_reason":{"type":"length"},"prompt_tokens":3,"completion_tokens":3}}`,
			"[DONE]"),
		record.Record{API: "sglang", Op: "generate", Output: "ab", PromptTokens: 3, CompletionTokens: 3,
			FinishReason: "length", GapUs: []int64{0}, ChunkTokens: []int{1, 2}},
	},
	{
		"responses", "openai_responses", "/v1/chat/completions", `{"model":"m","input":"x","stream":true}`,
		"POST", "/v1/responses", nil, "text/event-stream",
		events(`{"type":"response.output_text.delta","delta":"a"}`, `{"type":"response.output_text.delta","delta":"b"}`,
			`{"type":"response.completed","response":{"object":"response","status":"completed",`+
				`"usage":{"input_tokens":3,"output_tokens":2}}}`),
		record.Record{API: "openai_responses", Op: "responses", Output: "ab", PromptTokens: 3, CompletionTokens: 2,
			FinishReason: "completed", GapUs: []int64{0}},
	},
	{
		"embeddings", "openai_embedding", "", `{"model":"m","input":["x","y"]}`,
		"POST", "/v1/embeddings", nil, "application/json",
		`{"data":[{"embedding":[1,2]},{"embedding":[3,4]}],"usage":{"prompt_tokens":7}}`,
		record.Record{API: "openai_embedding", Op: "embedding", PromptTokens: 7, Items: 2},
	},
	{
		"rerank: all documents count, not the best alone", "rerank", "",
		`{"model":"m","query":"q","documents":["x","y","z"],"top_n":1}`,
		"POST", "/v1/rerank", nil, "application/json",
		`{"results":[{"index":0,"relevance_score":1}],"usage":{"total_tokens":9}}`,
		record.Record{API: "openai_rerank", Op: "rerank", PromptTokens: 9, Items: 3},
	},
	{
		"an API described by data", "custom", "", `{"q":"x"}`,
		"PUT", "/ask", map[string]string{"X-Version": "2", "X-Key": "secret", "Authorization": ""}, "text/event-stream",
		events(`{"t":"a","ok":true}`, `{"t":"b","ok":true,"n":2}`),
		record.Record{API: "custom", Op: "generate", Output: "ab", CompletionTokens: 2, GapUs: []int64{0}},
	},
	{
		"an API described by data that says no", "custom", "", `{"q":"x"}`, "PUT", "/ask", nil, "application/json",
		`{"ok":false,"message":"why"}`,
		record.Record{API: "custom", Op: "generate", Error: &record.Error{Kind: record.KindAPI,
			Message: "success is not true: why"}},
	},
	{
		"a field that is refused", "openai", "", `{"model":"m","messages":[],"top_k":1}`,
		"POST", "/v1/chat/completions", nil, "422", `{"detail":"Unexpected fields in the request: {'top_k'}"}`,
		record.Record{API: "openai", Op: "chat", Error: &record.Error{Kind: record.KindHTTP,
			Message: "HTTP 422: Unexpected fields in the request: {'top_k'}; refused-fields: top_k"}},
	},
}

const customSpec = `{"method":"PUT","path":"/ask","headers":{"x-version":"2"},"key_header":"x-key",
"input":{"text":"q"},"params":{},
"read":{"text":".t","completion_tokens":".n","success":".ok"}}`

func events(list ...string) string { return "data: " + strings.Join(list, "\n\ndata: ") + "\n\n" }

func TestDialects(t *testing.T) {
	custom, err := api.ParseSpec([]byte(customSpec))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range dialects {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != c.method || r.URL.Path != c.path {
				t.Errorf("%s: asked %s %s", c.name, r.Method, r.URL.Path)
			}
			for k, v := range c.headers {
				if r.Header.Get(k) != v {
					t.Errorf("%s: header %s: %q", c.name, k, r.Header.Get(k))
				}
			}
			w.Header().Set("Content-Type", c.contentType)
			if c.contentType == "422" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnprocessableEntity)
			}
			fmt.Fprint(w, c.answer)
		}))
		base, err := url.Parse(srv.URL + c.base)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{URL: base, API: c.api, APIKey: "secret", Model: "given", SaveOutput: true,
			Hint: func(reason string) string { return "; " + reason + ": %s" }}
		if c.api == "custom" {
			cfg.API, cfg.Custom = "", &custom
		}
		cfg.Debug = func(_, what string, text []byte) {
			if what == "start" && strings.Contains(string(text), "secret") {
				t.Errorf("%s: the API key is shown: %s", c.name, text)
			}
		}
		client := New(cfg, clock.New())
		got := client.Do(t.Context(), load.NewRequest(request.Request{Body: []byte(c.body)}))
		client.Close()
		srv.Close()
		want := c.want
		if fmt.Sprint(got.Error) != fmt.Sprint(want.Error) || got.OK != (want.Error == nil) {
			t.Errorf("%s: %v, %+v", c.name, got.OK, got.Error)
			continue
		}
		if got.Output != want.Output || got.PromptTokens != want.PromptTokens ||
			got.CompletionTokens != want.CompletionTokens ||
			got.FinishReason != want.FinishReason || got.API != want.API || got.Op != want.Op ||
			got.Items != want.Items ||
			len(got.GapUs) != len(want.GapUs) || fmt.Sprint(got.ChunkTokens) != fmt.Sprint(want.ChunkTokens) ||
			(got.TTFTMs > 0) != (c.contentType != "application/json" && want.Error == nil) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, want)
		}
	}
}
