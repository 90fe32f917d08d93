package record

import "perfpipe/internal/fastjson"

// field is one that the scanner knows.
type field struct {
	key  string // with quotes and colon
	bit  Keys   // 0 where its absence says no more than zero
	read func([]byte, *Record) int
}

// fields are in the order in which perf-send writes them. Those of error, output and request are not here: they are rare
// or long.
var fields = [...]field{
	{`"id":`, 0, func(b []byte, r *Record) int { return readText(b, &r.ID) }},
	{`"seq":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Seq) }},
	{`"session":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Session) }},
	{`"turn":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Turn) }},
	{`"turns":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Turns) }},
	{`"shard":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Shard) }},
	{`"labels":`, 0, func(b []byte, r *Record) int { return readLabels(b, &r.Labels) }},
	{`"run_id":`, 0, func(b []byte, r *Record) int { return readText(b, &r.RunID) }},
	{`"run":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Run) }},
	{`"mode":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Mode) }},
	{`"rate":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.Rate) }},
	{`"parallel":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Parallel) }},
	{`"number":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Number) }},
	{`"phase":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Phase) }},
	{`"api":`, 0, func(b []byte, r *Record) int { return readText(b, &r.API) }},
	{`"op":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Op) }},
	{`"model":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Model) }},
	{`"url":`, 0, func(b []byte, r *Record) int { return readText(b, &r.URL) }},
	{`"scheduled_us":`, KeyScheduledUs, func(b []byte, r *Record) int { return fastjson.Int(b, &r.ScheduledUs) }},
	{`"queue_ms":`, KeyQueueMs, func(b []byte, r *Record) int { return fastjson.Float(b, &r.QueueMs) }},
	{`"sent_us":`, KeySentUs, func(b []byte, r *Record) int { return fastjson.Int(b, &r.SentUs) }},
	{`"lag_ms":`, KeyLagMs, func(b []byte, r *Record) int { return fastjson.Float(b, &r.LagMs) }},
	{`"clock":`, 0, func(b []byte, r *Record) int { return readText(b, &r.Clock) }},
	{`"read_delay_ms":`, KeyReadDelayMs, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ReadDelayMs) }},
	{`"joined_chunks":`, KeyJoined, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Joined) }},
	{`"client_cpu":`, KeyClientCPU, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ClientCPU) }},
	{`"input_wait_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.InputWaitMs) }},
	{`"output_wait_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.OutputWaitMs) }},
	{`"stall_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.StallMs) }},
	{`"dns_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.DNSMs) }},
	{`"connect_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ConnectMs) }},
	{`"tls_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.TLSMs) }},
	{`"stream_wait_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.StreamWaitMs) }},
	{`"resent_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ResentMs) }},
	{`"reused":`, 0, func(b []byte, r *Record) int { return fastjson.Bool(b, &r.Reused) }},
	{`"headers_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.HeadersMs) }},
	{`"ttft_ms":`, KeyTTFTMs, func(b []byte, r *Record) int { return fastjson.Float(b, &r.TTFTMs) }},
	{`"reasoning_ttft_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ReasoningTTFTMs) }},
	{`"content_ttft_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ContentTTFTMs) }},
	{`"tool_ttft_ms":`, 0, func(b []byte, r *Record) int { return fastjson.Float(b, &r.ToolTTFTMs) }},
	{`"gap_us":`, 0, func(b []byte, r *Record) int { return fastjson.Ints(b, &r.GapUs) }},
	{`"chunk_tokens":`, 0, func(b []byte, r *Record) int { return fastjson.Ints(b, &r.ChunkTokens) }},
	{`"tpot_ms":`, 0, func(b []byte, r *Record) int {
		if len(r.GapUs) > 0 {
			return fastjson.SkipNumber(b)
		}
		return fastjson.Float(b, &r.TPOTMs)
	}},
	{`"latency_ms":`, KeyLatencyMs, func(b []byte, r *Record) int { return fastjson.Float(b, &r.LatencyMs) }},
	{`"prompt_tokens":`, KeyPromptTokens, func(b []byte, r *Record) int { return fastjson.Int(b, &r.PromptTokens) }},
	{`"prompt_tokens_asked":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.PromptAsked) }},
	{`"completion_tokens":`, KeyCompletionTokens, func(b []byte, r *Record) int { return fastjson.Int(b, &r.CompletionTokens) }},
	{`"cached_tokens":`, KeyCachedTokens, func(b []byte, r *Record) int { return fastjson.Int(b, &r.CachedTokens) }},
	{`"reasoning_tokens":`, KeyReasoningTokens, func(b []byte, r *Record) int { return fastjson.Int(b, &r.ReasoningTokens) }},
	{`"hidden_tokens":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.HiddenTokens) }},
	{`"hidden_unknown":`, 0, func(b []byte, r *Record) int { return readText(b, &r.HiddenUnknown) }},
	{`"tokens_from":`, 0, func(b []byte, r *Record) int { return readText(b, &r.TokensFrom) }},
	{`"items":`, KeyItems, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Items) }},
	{`"finish_reason":`, 0, func(b []byte, r *Record) int { return readText(b, &r.FinishReason) }},
	{`"status":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Status) }},
	{`"ok":`, KeyOK, func(b []byte, r *Record) int { return fastjson.Bool(b, &r.OK) }},
	{`"retry_after":`, 0, func(b []byte, r *Record) int { return readText(b, &r.RetryAfter) }},
	{`"attempts":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.Attempts) }},
	{`"bytes_sent":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.BytesSent) }},
	{`"bytes_received":`, 0, func(b []byte, r *Record) int { return fastjson.Int(b, &r.BytesReceived) }},
	{`"untidy_end":`, 0, func(b []byte, r *Record) int { return readText(b, &r.UntidyEnd) }},
}
