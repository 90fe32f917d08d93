package define

import "perfpipe/internal/metric"

// tools returns the definitions of the other tools. They were read from the sources of the versions named below.
func tools() []Definition {
	return []Definition{evalscope(), vllm(), sglang(), aiperf(), guidellm(), inferencePerf(), llmperf()}
}

func evalscope() Definition { // 1.14.1, perf/utils/benchmark_util.py
	return Definition{
		Tool: "evalscope", rule: nearest, fromDue: false,
		Why: []string{
			"TPOT is (latency − TTFT)/(n − 1): it runs to the end of the answer, not to the last chunk",
			"ITL is the gap between chunks, however many tokens they have",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toEnd, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "Latency", latency),
		},
	}
}

func vllm() Definition { // bench serve 0.33.0, vllm/benchmarks/serve.py
	return Definition{
		Tool: "vllm", rule: linear, fromDue: true, seconds: true,
		Why: []string{
			"E2EL ends at the last chunk, not at the end of the answer",
			"before 0.33 TTFT is the first chunk, even one of nothing but the role, where that comes early",
			"ITL is the gap between chunks, and counts a last one without text, whose time records lack",
			"percentiles are interpolated (numpy)",
			"peaks are of whole seconds: chunks, not tokens, and all requests that the second saw, not at once",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toLast, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "E2EL", lastOutput),
		},
	}
}

func sglang() Definition { // bench_serving 0.5.23, OpenAI backends, serving.py
	return Definition{
		Tool: "sglang", rule: linear, fromDue: true, seconds: true,
		Why: []string{
			"TPOT is (latency − TTFT)/(n − 1), to the end of the answer",
			"ITL is the gap between chunks; percentiles are interpolated (numpy)",
			"peaks are of whole seconds, as vllm's",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toEnd, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "E2E Latency", latency),
		},
	}
}

func aiperf() Definition { // 0.13.0
	return Definition{
		Tool: "aiperf", rule: linear, fromDue: true,
		Why: []string{
			"its “Inter Token Latency” is one value a request, (last chunk − TTFT)/(n − 1), which others call TPOT; " +
				"gaps are its ICL",
			"request latency ends at the last chunk; percentiles are interpolated (numpy)",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "Time to First Token", ttft),
			perToken("itl_ms", "Inter Token Latency", toLast, 1),
			{Key: "icl_ms", Name: "Inter Chunk Latency", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "Request Latency", lastChunk),
		},
	}
}

func guidellm() Definition { // 0.8.1, schemas/base/request_stats.py
	return Definition{
		Tool: "guidellm", rule: nearest, fromDue: true,
		Why: []string{
			"its TPOT is (last chunk)/n: it counts the TTFT in",
			"its ITL is one value a request, (last chunk − TTFT)/(n − 1), which others call TPOT",
			"percentiles are those of the step function, as ours",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", lastChunk, 0),
			perToken("itl_ms", "ITL", toLast, 1),
			instant("e2e_ms", "Request latency", latency),
		},
	}
}

func inferencePerf() Definition { // 7de5ef2, reportgen/base.py
	return Definition{
		Tool: "inference-perf", rule: linear, fromDue: true,
		Why: []string{
			"TTFT is of content: reasoning does not count",
			"tokens of one chunk share its time, so ITL is zero between them; NTPOT is latency/n",
			"percentiles are interpolated (numpy)",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "TTFT", contentTTFT),
			perToken("tpot_ms", "TPOT", toLast, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addZeroGaps},
			perToken("ntpot_ms", "NTPOT", latency, 0),
			instant("e2e_ms", "Request latency", latency),
		},
	}
}

func llmperf() Definition { // ray-project/llmperf f1d6bed
	return Definition{
		Tool: "llmperf", rule: linear, fromDue: true,
		Why: []string{
			"its “inter token latency” is latency/n: it counts the TTFT in",
			"TTFT is of content: reasoning does not count; percentiles are interpolated (pandas)",
		},
		figures: []metric.Metric{
			instant("ttft_ms", "ttft_s", contentTTFT),
			perToken("itl_ms", "inter_token_latency_s", latency, 0),
			instant("e2e_ms", "end_to_end_latency_s", latency),
		},
	}
}
