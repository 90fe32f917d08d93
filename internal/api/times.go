package api

import (
	"cmp"
	"slices"
	"strings"

	st "perfpipe/internal/servertime"
)

// The places where servers report their own times. docs/server-times.md describes what each value means.
var (
	vllmTerms = map[string]st.Term{
		"queue_time_ms": st.Queue, "time_to_first_token_ms": st.TTFT, "generation_time_ms": st.Decode, "mean_itl_ms": st.ITL,
	}
	vllmDraftTerms = map[string]st.Term{"num_draft_tokens": st.Draft, "num_accepted_draft_tokens": st.Accepted}

	vllmTimes = st.Place{From: "vllm", At: "metrics", Unit: 1, Scheduled: true, Terms: vllmTerms}
	vllmDraft = st.Place{At: "metrics.speculative_decoding", Terms: vllmDraftTerms}

	// Waiting for a slot is in none of these.
	llamaTimes = st.Place{From: "llamacpp", At: "timings", Unit: 1, Terms: map[string]st.Term{
		"prompt_ms": st.Prefill, "predicted_ms": st.Decode, "prompt_n": st.Evaluated, "cache_n": st.Cached,
		"predicted_n": st.Generated, "draft_n": st.Draft, "draft_n_accepted": st.Accepted,
	}}

	sglangTerms = map[string]st.Term{
		"queue_time": st.Queue, "first_token_latency": st.TTFT, "e2e_latency": st.Total,
		"forward_entry_time": st.PrefillBegin, "prefill_finished_time": st.PrefillEnd,
		"spec_num_proposed_drafts": st.Draft, "spec_num_correct_drafts": st.Accepted,
	}
	sglangMeta  = st.Place{From: "sglang", At: "meta_info", Has: "e2e_latency", Unit: 1000, Terms: sglangTerms}
	sglangWhole = st.Place{From: "sglang", At: "choices.0.meta_info", Has: "e2e_latency", Unit: 1000, Terms: sglangTerms}
	sglangDraft = st.Place{At: "sglext.spec_tokens_details", Terms: map[string]st.Term{
		"spec_num_proposed_drafts": st.Draft, "spec_num_correct_drafts": st.Accepted,
		"spec_draft_tokens": st.Draft, "spec_accepted_tokens": st.Accepted, // earlier releases
	}}

	groqTerms = map[string]st.Term{
		"queue_time": st.Queue, "prompt_time": st.Prefill, "completion_time": st.Decode, "total_time": st.Total,
	}
	groqStream = st.Place{
		From: "groq", At: "x_groq.usage", Has: "prompt_time", Unit: 1000, Scheduled: true, Terms: groqTerms,
	}
	groqTimes = st.Place{From: "groq", At: "usage", Has: "queue_time", Unit: 1000, Scheduled: true, Terms: groqTerms}

	cerebrasTimes = st.Place{From: "cerebras", At: "time_info", Unit: 1000, Terms: groqTerms}

	// Its total includes the queue, whose time it does not report.
	tabbyTimes = st.Place{From: "tabbyapi", At: "usage", Has: "prompt_tokens_per_sec", Unit: 1000,
		Terms: map[string]st.Term{
			"prompt_time": st.Prefill, "completion_time": st.Decode, "total_time": st.Total,
		}}
	sambaTimes = st.Place{From: "sambanova", At: "usage", Has: "total_latency", Unit: 1000, Terms: map[string]st.Term{
		"time_to_first_token": st.TTFT, "total_latency": st.Total,
	}}

	// LM Studio has stats, too, in seconds.
	nimTimes = st.Place{From: "nim", At: "stats", Has: "generation_time_in_ms", Unit: 1, Scheduled: true,
		Terms: map[string]st.Term{"time_in_queue_in_ms": st.Queue, "generation_time_in_ms": st.Total}}
	nimTokens = st.Place{From: "nim", At: "stats.response_tokens", Has: "time_to_first_token_in_ms", Unit: 1,
		Scheduled: true, Terms: map[string]st.Term{
			"time_to_first_token_in_ms": st.TTFT, "token_to_token_time_in_ms": st.ITL, "response_token_length": st.Generated,
		}}

	dynamoTimes = st.Place{From: "dynamo", At: "nvext.timing", Unit: 1, Terms: map[string]st.Term{
		"prefill_wait_time_ms": st.Queue, "prefill_time_ms": st.Prefill, "ttft_ms": st.TTFT, "total_time_ms": st.Total,
	}}
	fireworksTimes = st.Place{From: "fireworks", At: "perf_metrics", Unit: 1000, Terms: map[string]st.Term{
		"prefill-queue-duration": st.Queue, "generation-queue-duration": st.Queue, "prefill-duration": st.Prefill,
		"server-time-to-first-token": st.TTFT, "generation-duration": st.Decode, "server-processing-time": st.Total,
		"speculation-prompt-tokens": st.Draft, "speculation-prompt-matched-tokens": st.Accepted,
	}}

	predictedTokens = st.Place{At: "usage.completion_tokens_details", Has: "accepted_prediction_tokens",
		Terms: map[string]st.Term{
			"accepted_prediction_tokens": st.Accepted, "rejected_prediction_tokens": st.Rejected,
		}}

	ollamaDone = st.Place{From: "ollama", Has: "total_duration", Unit: 1e-6, Terms: map[string]st.Term{
		"load_duration": st.Load, "prompt_eval_duration": st.Prefill, "eval_duration": st.Decode, "total_duration": st.Total,
	}}
	bedrockStream = st.Place{From: "bedrock", At: "amazon-bedrock-invocationMetrics", Unit: 1, Terms: map[string]st.Term{
		"firstByteLatency": st.TTFT, "invocationLatency": st.Total,
	}}
)

// The places in headers. Those of one server are named by the dialects that it implements, because TGI and TEI use the
// same fields for different times.
var (
	hostedHeaders = []st.Place{
		{From: "openai", Unit: 1, Terms: map[string]st.Term{"openai-processing-ms": st.Header}},
		{From: "azure", Unit: 1, Terms: map[string]st.Term{"cmp-upstream-response-duration": st.Header}},
		{From: "cerebras", Unit: 1000, Terms: map[string]st.Term{"cerebras-processing-time": st.Header}},
		{From: "bedrock", Unit: 1, Terms: map[string]st.Term{"x-amzn-bedrock-invocation-latency": st.Header}},
		{From: "fireworks", Unit: 1000, Terms: map[string]st.Term{
			"fireworks-prefill-queue-duration": st.Queue, "fireworks-generation-queue-duration": st.Queue,
			"fireworks-prefill-duration": st.Prefill, "fireworks-generation-duration": st.Decode,
			"fireworks-server-time-to-first-token": st.TTFT, "fireworks-server-processing-time": st.Total,
		}},
		{From: "litellm", Unit: 1, Proxy: true, Terms: map[string]st.Term{"x-litellm-overhead-duration-ms": st.Gateway}},
		{From: "kong", Unit: 1, Proxy: true, Terms: map[string]st.Term{"x-kong-proxy-latency": st.Gateway}},
		{From: "envoy", Unit: 1, Proxy: true, Terms: map[string]st.Term{"x-envoy-upstream-service-time": st.Header}},
	}
	tgiHeaders = append([]st.Place{{From: "tgi", Has: "x-time-per-token", Unit: 1, Terms: map[string]st.Term{
		"x-queue-time": st.Queue, "x-total-time": st.Total,
	}}}, hostedHeaders...)
	teiHeaders = append([]st.Place{{From: "tei", Has: "x-tokenization-time", Unit: 1, Terms: map[string]st.Term{
		"x-queue-time": st.Queue, "x-inference-time": st.Prefill, "x-total-time": st.Total,
	}}}, hostedHeaders...)
)

// The tables of the dialects.
var (
	chatTimes = st.NewTable([]st.Place{
		vllmTimes, vllmDraft, llamaTimes, sglangWhole, sglangDraft, groqStream, groqTimes, cerebrasTimes, tabbyTimes,
		sambaTimes, nimTimes, nimTokens, dynamoTimes, fireworksTimes, predictedTokens,
	}, tgiHeaders)
	responsesTimes = st.NewTable([]st.Place{
		vllmTimes, vllmDraft, llamaTimes,
		{From: "vllm", At: "response.metrics", Has: "queue_time_ms", Unit: 1, Scheduled: true, Terms: vllmTerms},
		{At: "response.metrics.speculative_decoding", Has: "num_draft_tokens", Terms: vllmDraftTerms},
	}, hostedHeaders)
	anthropicTimes = st.NewTable([]st.Place{bedrockStream, llamaTimes}, hostedHeaders)
	itemTimes      = st.NewTable(nil, teiHeaders)
	tgiTimes       = st.NewTable(nil, tgiHeaders)
	ollamaTimes    = st.NewTable([]st.Place{ollamaDone}, hostedHeaders)
	sglangTimes    = st.NewTable([]st.Place{sglangMeta}, hostedHeaders)
	anyTimes       = st.NewTable(nil, hostedHeaders)
)

// TimeFields returns the names of header fields in which servers report times, in lower case.
func TimeFields() []string {
	names := append(chatTimes.Fields(), itemTimes.Fields()...)
	slices.Sort(names)
	return slices.Compact(names)
}

// HeaderTimes returns the times in the header of an answer; value returns the value of a field, or an empty string. It
// returns nil if there are none.
func (d Dialect) HeaderTimes(value func(name string) string) *st.Times { return d.times.Header(value) }

// timeAsk is what a body must have for a server to report its times. Others may refuse it, so the server must be
// known.
type timeAsk struct {
	server string // as it names itself in GET /v1/models (owned_by)
	host   string // the end of its host's name; empty: it has none
	key    string // whose value is true
	stream bool   // for streams
	whole  bool   // for other answers
}

var chatAsks = []timeAsk{
	{"sglang", "", "return_meta_info", false, true}, // refused with a stream
	{"sglang", "", "return_spec_tokens_details", true, true},
	{"sglang", "", "return_cached_tokens_details", true, true},
	{"fireworks", ".fireworks.ai", "perf_metrics_in_response", true, true},
}

var completionAsks = chatAsks[1:]

// AskTimes returns the keys whose value must be true in a body for the server to report its times and drafts. The
// server is known by its name, which may be empty, or its host.
func (d Dialect) AskTimes(server, host string, stream bool) (keys []string) {
	for _, a := range d.timeAsks {
		known := a.server == server || a.host != "" && strings.HasSuffix(host, a.host)
		if known && (stream && a.stream || !stream && a.whole) {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// customTerms are the keys of read for what a custom API reports of its own times, in ms and from receipt.
var customTerms = map[string]st.Term{
	"server_queue_ms": st.Queue, "server_load_ms": st.Load, "server_prefill_ms": st.Prefill, "server_ttft_ms": st.TTFT,
	"server_decode_ms": st.Decode, "server_itl_ms": st.ITL, "server_total_ms": st.Total, "gateway_ms": st.Gateway,
	"draft_tokens": st.Draft, "accepted_tokens": st.Accepted,
}

// times returns the times among the results of the expressions, or nil.
func (c *customReader) times(got map[string]any) *st.Times {
	var t *st.Times
	for what, term := range customTerms {
		var ms float64
		switch v := got[what].(type) {
		case float64:
			ms = v
		case int:
			ms = float64(v)
		default:
			continue
		}
		if t == nil {
			t = &st.Times{From: cmp.Or(c.spec.Name, "custom")}
		}
		t.Set(term, ms)
	}
	return t
}
