package record

// field is one that the scanner knows.
type field struct {
	key  string // with quotes and colon
	bit  Keys   // 0 where its absence says no more than zero
	read func(*scanner, *Record) bool
}

// fields are in the order in which perf-send writes them. Those of error, output and request are not here: they are rare
// or long.
var fields = [...]field{
	{`"id":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.ID) }},
	{`"seq":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Seq) }},
	{`"session":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Session) }},
	{`"turn":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Turn) }},
	{`"turns":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Turns) }},
	{`"shard":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Shard) }},
	{`"labels":`, 0, func(s *scanner, r *Record) bool { return s.labels(&r.Labels) }},
	{`"run_id":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.RunID) }},
	{`"run":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Run) }},
	{`"mode":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Mode) }},
	{`"rate":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.Rate) }},
	{`"parallel":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Parallel) }},
	{`"number":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Number) }},
	{`"phase":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Phase) }},
	{`"api":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.API) }},
	{`"op":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Op) }},
	{`"model":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Model) }},
	{`"url":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.URL) }},
	{`"scheduled_us":`, KeyScheduledUs, func(s *scanner, r *Record) bool { return integer(s, &r.ScheduledUs) }},
	{`"queue_ms":`, KeyQueueMs, func(s *scanner, r *Record) bool { return s.float(&r.QueueMs) }},
	{`"sent_us":`, KeySentUs, func(s *scanner, r *Record) bool { return integer(s, &r.SentUs) }},
	{`"lag_ms":`, KeyLagMs, func(s *scanner, r *Record) bool { return s.float(&r.LagMs) }},
	{`"clock":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.Clock) }},
	{`"read_delay_ms":`, KeyReadDelayMs, func(s *scanner, r *Record) bool { return s.float(&r.ReadDelayMs) }},
	{`"joined_chunks":`, KeyJoined, func(s *scanner, r *Record) bool { return integer(s, &r.Joined) }},
	{`"client_cpu":`, KeyClientCPU, func(s *scanner, r *Record) bool { return s.float(&r.ClientCPU) }},
	{`"input_wait_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.InputWaitMs) }},
	{`"output_wait_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.OutputWaitMs) }},
	{`"stall_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.StallMs) }},
	{`"dns_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.DNSMs) }},
	{`"connect_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.ConnectMs) }},
	{`"tls_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.TLSMs) }},
	{`"stream_wait_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.StreamWaitMs) }},
	{`"resent_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.ResentMs) }},
	{`"reused":`, 0, func(s *scanner, r *Record) bool { return s.boolean(&r.Reused) }},
	{`"headers_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.HeadersMs) }},
	{`"ttft_ms":`, KeyTTFTMs, func(s *scanner, r *Record) bool { return s.float(&r.TTFTMs) }},
	{`"reasoning_ttft_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.ReasoningTTFTMs) }},
	{`"content_ttft_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.ContentTTFTMs) }},
	{`"tool_ttft_ms":`, 0, func(s *scanner, r *Record) bool { return s.float(&r.ToolTTFTMs) }},
	{`"gap_us":`, 0, func(s *scanner, r *Record) bool { return list(s, &r.GapUs) }},
	{`"chunk_tokens":`, 0, func(s *scanner, r *Record) bool { return list(s, &r.ChunkTokens) }},
	{`"tpot_ms":`, 0, func(s *scanner, r *Record) bool {
		if len(r.GapUs) > 0 {
			return s.skip()
		}
		return s.float(&r.TPOTMs)
	}},
	{`"latency_ms":`, KeyLatencyMs, func(s *scanner, r *Record) bool { return s.float(&r.LatencyMs) }},
	{`"prompt_tokens":`, KeyPromptTokens, func(s *scanner, r *Record) bool { return integer(s, &r.PromptTokens) }},
	{`"prompt_tokens_asked":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.PromptAsked) }},
	{`"completion_tokens":`, KeyCompletionTokens, func(s *scanner, r *Record) bool { return integer(s, &r.CompletionTokens) }},
	{`"cached_tokens":`, KeyCachedTokens, func(s *scanner, r *Record) bool { return integer(s, &r.CachedTokens) }},
	{`"reasoning_tokens":`, KeyReasoningTokens, func(s *scanner, r *Record) bool { return integer(s, &r.ReasoningTokens) }},
	{`"hidden_tokens":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.HiddenTokens) }},
	{`"hidden_unknown":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.HiddenUnknown) }},
	{`"tokens_from":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.TokensFrom) }},
	{`"items":`, KeyItems, func(s *scanner, r *Record) bool { return integer(s, &r.Items) }},
	{`"finish_reason":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.FinishReason) }},
	{`"status":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Status) }},
	{`"ok":`, KeyOK, func(s *scanner, r *Record) bool { return s.boolean(&r.OK) }},
	{`"retry_after":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.RetryAfter) }},
	{`"attempts":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.Attempts) }},
	{`"bytes_sent":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.BytesSent) }},
	{`"bytes_received":`, 0, func(s *scanner, r *Record) bool { return integer(s, &r.BytesReceived) }},
	{`"untidy_end":`, 0, func(s *scanner, r *Record) bool { return s.text(&r.UntidyEnd) }},
}
