package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	st "perfpipe/internal/servertime"
)

var termNames = map[st.Term]string{
	st.Queue: "queue", st.Load: "load", st.Prefill: "prefill", st.TTFT: "ttft", st.Decode: "decode", st.ITL: "itl",
	st.Total: "total", st.Header: "header", st.Gateway: "gateway", st.Draft: "draft", st.Accepted: "accepted",
}

// told returns the times in a line, such as "vllm queue=1 ttft=2".
func told(t *st.Times) string {
	if t == nil {
		return ""
	}
	s := t.Sources()
	if t.Scheduled {
		s += " scheduled"
	}
	for _, term := range slices.Sorted(maps.Keys(termNames)) {
		if v, ok := t.Get(term); ok {
			s += fmt.Sprintf(" %s=%.6g", termNames[term], v)
		}
	}
	return strings.TrimSpace(s)
}

func TestBodyTimes(t *testing.T) {
	const choice = `"choices":[{"index":0,"text":"x","finish_reason":"stop"}],`
	for _, c := range []struct {
		name string
		d    Dialect
		body string
		want string
	}{
		{"vllm", chat, `{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4},"metrics":{` +
			`"time_to_first_token_ms":21.5,"generation_time_ms":30,"queue_time_ms":1.25,"mean_itl_ms":10,` +
			`"speculative_decoding":{"num_draft_tokens":8,"num_accepted_draft_tokens":5}}}`,
			"vllm scheduled queue=1.25 prefill=21.5 ttft=21.5 decode=30 itl=10 draft=8 accepted=5"},
		{"vllm whole, off", completion, `{` + choice + `"metrics":null}`, ""},
		{"vllm whole, one token", completion,
			`{` + choice + `"metrics":{"time_to_first_token_ms":2,"generation_time_ms":0,"queue_time_ms":0,"mean_itl_ms":null}}`,
			"vllm scheduled queue=0 prefill=2 ttft=2 decode=0"},
		{"vllm responses", responses, `{"type":"response.completed","response":{"status":"completed","metrics":` +
			`{"time_to_first_token_ms":3,"generation_time_ms":4,"queue_time_ms":1}}}`,
			"vllm scheduled queue=1 prefill=3 ttft=3 decode=4"},
		{"llamacpp", chat, `{"choices":[],"usage":{"completion_tokens":3,"prompt_tokens":9,"total_tokens":12},"timings":{` +
			`"cache_n":2,"prompt_n":7,"prompt_ms":12.5,"predicted_n":3,"predicted_ms":40,"draft_n":4,"draft_n_accepted":3}}`,
			"llamacpp prefill=12.5 decode=40 draft=4 accepted=3"},
		{"sglang native", sglang, `{"text":"x","meta_info":{"finish_reason":{"type":"stop"},"completion_tokens":2,` +
			`"queue_time":0.002,"forward_entry_time":1796000000.5,"prefill_finished_time":1796000000.75,` +
			`"first_token_latency":0.26,"e2e_latency":0.5,"spec_num_proposed_drafts":6,"spec_num_correct_drafts":4}}`,
			"sglang queue=2 prefill=250 ttft=260 decode=240 total=500 draft=6 accepted=4"},
		{"sglang native, not the last event", sglang,
			`{"text":"x","meta_info":{"completion_tokens":1,"queue_time":0.002}}`, ""},
		{"sglang whole chat", chat, `{"choices":[{"message":{"content":"x"},"finish_reason":"stop","meta_info":{` +
			`"queue_time":0.001,"first_token_latency":0.2,"e2e_latency":0.3}}]}`,
			"sglang queue=1 ttft=200 decode=100 total=300"},
		{"sglang, two choices", chat, `{"choices":[{"message":{"content":"x"},"meta_info":{"e2e_latency":0.3}},` +
			`{"message":{"content":"y"},"meta_info":{"e2e_latency":0.4}}]}`, ""},
		{"sglext", chat, `{"choices":[],"sglext":{"spec_tokens_details":[{"spec_num_proposed_drafts":6,` +
			`"spec_num_correct_drafts":1}]}}`, "draft=6 accepted=1"},
		{"groq stream", chat, `{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{` +
			`"queue_time":0.05,"prompt_tokens":9,"prompt_time":0.01,"completion_tokens":2,"completion_time":0.02,` +
			`"total_tokens":11,"total_time":0.03}}}`, "groq scheduled queue=50 prefill=10 decode=20 total=30"},
		{"groq whole", chat, `{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"queue_time":0.05,` +
			`"prompt_tokens":9,"prompt_time":0.01,"completion_tokens":2,"completion_time":0.02,"total_time":0.03},` +
			`"x_groq":{"usage":{"dram_cached_tokens":0}}}`, "groq scheduled queue=50 prefill=10 decode=20 total=30"},
		{"cerebras", chat, `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2},"time_info":{` +
			`"queue_time":0.001,"prompt_time":0.002,"completion_time":0.003,"total_time":0.0065,"created":1}}`,
			"cerebras queue=1 prefill=2 decode=3 total=6.5"},
		{"tabbyAPI", completion, `{` + choice + `"usage":{"prompt_tokens":4,"prompt_time":0.02,"prompt_tokens_per_sec":` +
			`"Indeterminate","completion_tokens":5,"completion_time":0.1,"completion_tokens_per_sec":50,"total_time":0.15}}`,
			"tabbyapi prefill=20 decode=100 total=150"},
		{"sambanova", chat, `{"choices":[],"usage":{"completion_tokens":5,"prompt_tokens":4,"time_to_first_token":0.1,` +
			`"total_latency":0.5}}`, "sambanova ttft=100 decode=400 total=500"},
		{"nim", chat, `{"choices":[],"stats":{"type":"NIM LLM Model Stats","generation_time_in_ms":90,` +
			`"time_in_queue_in_ms":7,"response_tokens":{"response_token_length":5,"time_to_first_token_in_ms":50,` +
			`"token_to_token_time_in_ms":10}}}`, "nim scheduled queue=7 prefill=50 ttft=50 decode=40 itl=10 total=90"},
		{"LM Studio", chat, `{"choices":[],"stats":{"tokens_per_second":51,"time_to_first_token":0.1}}`, ""},
		{"dynamo", chat, `{"choices":[],"nvext":{"timing":{"request_received_ms":1796000000000,"prefill_wait_time_ms":1,` +
			`"prefill_time_ms":20,"ttft_ms":25,"total_time_ms":60}}}`, "dynamo queue=1 prefill=20 ttft=25 decode=35 total=60"},
		{"fireworks", chat, `{"choices":[],"perf_metrics":{"prompt-tokens":"9","server-time-to-first-token":"0.12",` +
			`"server-processing-time":0.5,"prefill-queue-duration":0.01,"generation-queue-duration":0.005,` +
			`"prefill-duration":"0.1","generation-duration":0.38}}`,
			"fireworks queue=15 prefill=100 ttft=120 decode=380 total=500"},
		{"predicted", chat, `{"choices":[{"message":{"content":"x"}}],"usage":{"completion_tokens":9,` +
			`"completion_tokens_details":{"accepted_prediction_tokens":4,"rejected_prediction_tokens":2}}}`,
			"draft=6 accepted=4"},
		{"ollama", ollamaChat, `{"message":{"content":""},"done":true,"done_reason":"stop","total_duration":9000000,` +
			`"load_duration":1500000,"prompt_eval_count":4,"prompt_eval_duration":2000000,"eval_count":3,` +
			`"eval_duration":5000000}`, "ollama load=1.5 prefill=2 decode=5 total=9"},
		{"ollama, not done", ollamaChat, `{"message":{"content":"x"},"done":false}`, ""},
		{"bedrock", anthropic, `{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,` +
			`"invocationLatency":800,"firstByteLatency":300}}`, "bedrock ttft=300 decode=500 total=800"},
	} {
		e, err := c.d.Read([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := told(e.Times); got != c.want {
			t.Errorf("%s:\n%s; want\n%s", c.name, got, c.want)
		}
	}
}

func TestHeadTimes(t *testing.T) {
	for _, c := range []struct {
		name   string
		d      Dialect
		fields map[string]string
		want   string
	}{
		{"none", chat, nil, ""},
		{"openai", chat, map[string]string{"openai-processing-ms": "9617.2848"}, "openai header=9617.28"},
		{"tgi", tgi, map[string]string{"x-total-time": "120", "x-queue-time": "3", "x-inference-time": "110",
			"x-time-per-token": "11"}, "tgi queue=3 total=120"},
		{"tei", embedding, map[string]string{"x-total-time": "12", "x-queue-time": "3", "x-inference-time": "7",
			"x-tokenization-time": "1"}, "tei queue=3 prefill=7 total=12"},
		{"azure behind envoy", chat, map[string]string{"cmp-upstream-response-duration": "516",
			"x-envoy-upstream-service-time": "552"}, "azure,envoy header=516"},
		{"litellm", chat, map[string]string{"x-litellm-overhead-duration-ms": "1.5"}, "litellm gateway=1.5"},
		{"kong and server timing", chat, map[string]string{"x-kong-proxy-latency": "4",
			"server-timing": `edge;dur=2.5;desc="a, b;c", lb;dur=1, miss, cdn-upstream-fbl;dur=90`},
			"server-timing,kong gateway=7.5"},
		{"server timing", chat, map[string]string{"server-timing": `gfet4t7; dur=231, edge;dur="3.5"`},
			"server-timing header=231 gateway=3.5"},
		{"server timing of an engine", chat,
			map[string]string{"server-timing": `queue;dur=5, prefill;dur=20, total;dur=60`},
			"server-timing queue=5 prefill=20 header=60"},
		{"server timing, broken", chat, map[string]string{"server-timing": `;dur=5,a;dur=x,b;dur,"`}, ""},
	} {
		got := told(c.d.HeaderTimes(func(name string) string { return c.fields[name] }))
		if got != c.want {
			t.Errorf("%s:\n%s; want\n%s", c.name, got, c.want)
		}
	}
}

// The values of the server stand, and a proxy's are added.
func TestTimesMerge(t *testing.T) {
	e, err := chat.Read([]byte(`{"choices":[],"metrics":{"time_to_first_token_ms":20,"queue_time_ms":5}}`))
	if err != nil {
		t.Fatal(err)
	}
	times := e.Times
	times.Merge(chat.HeaderTimes(func(name string) string {
		return map[string]string{"server-timing": "proxy;dur=3", "openai-processing-ms": "30"}[name]
	}))
	want := "vllm,openai,server-timing scheduled queue=5 prefill=20 ttft=20 header=30 gateway=3"
	if got := told(times); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestAskTimes(t *testing.T) {
	for _, c := range []struct {
		d            Dialect
		server, host string
		stream       bool
		want         string
	}{
		{chat, "", "127.0.0.1", true, "[]"},
		{chat, "vllm", "127.0.0.1", true, "[]"},
		{chat, "sglang", "127.0.0.1", false,
			"[return_meta_info return_spec_tokens_details return_cached_tokens_details]"},
		{chat, "sglang", "127.0.0.1", true, "[return_spec_tokens_details return_cached_tokens_details]"},
		{completion, "sglang", "127.0.0.1", false, "[return_spec_tokens_details return_cached_tokens_details]"},
		{chat, "", "api.fireworks.ai", true, "[perf_metrics_in_response]"},
		{chat, "", "notfireworks.ai", true, "[]"},
		{ollamaChat, "sglang", "127.0.0.1", false, "[]"},
	} {
		if got := fmt.Sprint(c.d.AskTimes(c.server, c.host, c.stream)); got != c.want {
			t.Errorf("%s %q %s: %s; want %s", c.d.Op, c.server, c.host, got, c.want)
		}
	}
}
