package servermetrics

// fold combines the values of a metric's label sets, which are those of one engine each.
type fold int

const (
	sum fold = iota
	mean
)

// known is one metric of one server; key is its name here, which is the same for all servers.
type known struct {
	server, name, key string
	fold              fold
}

// table is in order of preference: if a server reports a key under two names, the first one counts.
var table = []known{
	{"vllm", "vllm:num_requests_running", "running", sum},
	{"vllm", "vllm:num_requests_waiting", "waiting", sum},
	{"vllm", "vllm:kv_cache_usage_perc", "kv_cache", mean},
	{"vllm", "vllm:gpu_cache_usage_perc", "kv_cache", mean}, // before 0.10
	{"vllm", "vllm:prompt_tokens_total", "prompt_tokens", sum},
	{"vllm", "vllm:generation_tokens_total", "completion_tokens", sum},
	{"vllm", "vllm:prefix_cache_queries_total", "prefix_queries", sum},
	{"vllm", "vllm:prefix_cache_hits_total", "prefix_hits", sum},
	{"vllm", "vllm:num_preemptions_total", "preemptions", sum},
	{"vllm", "vllm:spec_decode_num_drafts_total", "drafts", sum},
	{"vllm", "vllm:spec_decode_num_draft_tokens_total", "draft_tokens", sum},
	{"vllm", "vllm:spec_decode_num_accepted_tokens_total", "accepted_tokens", sum},

	{"sglang", "sglang:num_running_reqs", "running", sum},
	{"sglang", "sglang:num_queue_reqs", "waiting", sum},
	{"sglang", "sglang:token_usage", "kv_cache", mean},
	{"sglang", "sglang:prompt_tokens_total", "prompt_tokens", sum},
	{"sglang", "sglang:generation_tokens_total", "completion_tokens", sum},
	{"sglang", "sglang:cached_tokens_total", "prefix_hits", sum},
	{"sglang", "sglang:cache_hit_rate", "prefix_hit_rate", mean},
	{"sglang", "sglang:num_retracted_reqs", "preempted", sum},
	{"sglang", "sglang:num_retracted_requests_total", "preemptions", sum},
	{"sglang", "sglang:spec_verify_calls_total", "drafts", sum},
	{"sglang", "sglang:spec_accept_length", "accept_length", mean},
	{"sglang", "sglang:spec_accept_rate", "accept_rate", mean},

	{"tgi", "tgi_batch_current_size", "running", sum},
	{"tgi", "tgi_queue_size", "waiting", sum},
	{"tgi", "tgi_request_input_length", "prompt_tokens", sum}, // the sums of histograms
	{"tgi", "tgi_request_generated_tokens", "completion_tokens", sum},

	{"llamacpp", "llamacpp:requests_processing", "running", sum},
	{"llamacpp", "llamacpp:requests_deferred", "waiting", sum},
	{"llamacpp", "llamacpp:kv_cache_usage_ratio", "kv_cache", mean}, // no longer there
	{"llamacpp", "llamacpp:prompt_tokens_total", "prompt_tokens", sum},
	{"llamacpp", "llamacpp:tokens_predicted_total", "completion_tokens", sum},
	{"llamacpp", "llamacpp:prompt_tokens_cached_total", "prefix_hits", sum},
	{"llamacpp", "llamacpp:spec_decode_num_drafts_total", "drafts", sum},
	{"llamacpp", "llamacpp:spec_decode_num_draft_tokens_total", "draft_tokens", sum},
	{"llamacpp", "llamacpp:spec_decode_num_accepted_tokens_total", "accepted_tokens", sum},

	{"lmdeploy", "lmdeploy:num_requests_running", "running", sum},
	{"lmdeploy", "lmdeploy:num_requests_waiting", "waiting", sum},
	{"lmdeploy", "lmdeploy:gpu_cache_usage_perc", "kv_cache", mean},
	{"lmdeploy", "lmdeploy:prompt_tokens_total", "prompt_tokens", sum},
	{"lmdeploy", "lmdeploy:generation_tokens_total", "completion_tokens", sum},
	{"lmdeploy", "lmdeploy:cached_tokens_total", "prefix_hits", sum},
	{"lmdeploy", "lmdeploy:prefix_cache_hit_rate", "prefix_hit_rate", mean},

	{"trtllm", "trtllm_num_requests_running", "running", sum},
	{"trtllm", "trtllm_num_requests_waiting", "waiting", sum},
	{"trtllm", "trtllm_kv_cache_utilization", "kv_cache", mean},
	{"trtllm", "trtllm_prompt_tokens_total", "prompt_tokens", sum},
	{"trtllm", "trtllm_generation_tokens_total", "completion_tokens", sum},
	{"trtllm", "trtllm_prompt_cached_tokens_total", "prefix_hits", sum},
	{"trtllm", "trtllm_kv_cache_hit_rate", "prefix_hit_rate", mean},
	{"trtllm", "trtllm_spec_decode_num_draft_tokens_total", "draft_tokens", sum},
	{"trtllm", "trtllm_spec_decode_num_accepted_tokens_total", "accepted_tokens", sum},
	{"trtllm", "trtllm_spec_decode_acceptance_length", "accept_length", mean},

	{"dynamo", "dynamo_frontend_inflight_requests", "running", sum},
	{"dynamo", "dynamo_frontend_queued_requests", "waiting", sum},
	{"dynamo", "dynamo_frontend_output_tokens_total", "completion_tokens", sum},
}

// knownTime is a histogram of times, in seconds, that a server keeps of its own requests.
type knownTime struct {
	server, name, key string // key is the metric of the records that it stands beside
}

// times is in order of preference, as table is.
var times = []knownTime{
	{"vllm", "vllm:time_to_first_token_seconds", "ttft_ms"},
	{"vllm", "vllm:inter_token_latency_seconds", "itl_ms"},
	{"vllm", "vllm:time_per_output_token_seconds", "itl_ms"}, // before 0.11
	{"vllm", "vllm:e2e_request_latency_seconds", "latency_ms"},
	{"sglang", "sglang:time_to_first_token_seconds", "ttft_ms"},
	{"sglang", "sglang:inter_token_latency_seconds", "itl_ms"},
	{"sglang", "sglang:e2e_request_latency_seconds", "latency_ms"},
	{"lmdeploy", "lmdeploy:time_to_first_token_seconds", "ttft_ms"},
	{"lmdeploy", "lmdeploy:e2e_request_latency_seconds", "latency_ms"},
	{"trtllm", "trtllm_time_to_first_token_seconds", "ttft_ms"},
	{"trtllm", "trtllm_e2e_request_latency_seconds", "latency_ms"},
	{"dynamo", "dynamo_frontend_time_to_first_token_seconds", "ttft_ms"},
	{"dynamo", "dynamo_frontend_inter_token_latency_seconds", "itl_ms"},
	{"dynamo", "dynamo_frontend_request_duration_seconds", "latency_ms"},
	{"tgi", "tgi_request_duration", "latency_ms"},
}
