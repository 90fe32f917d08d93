// Package record reads and writes the record line: what perf-send writes for each HTTP request, and what perf-stats and
// perf-plot read. It also has the metrics that follow from a single record.
//
// [Record] is the table of the fields. [Encoder] and [Decoder] are several times as fast as a general encoder, because
// records are most of what the programs write and read. It exports many names because the constants of the format are
// among them.
package record

//go:generate go run generate.go

import "github.com/goccy/go-json"

// Record is one line. Instants (*_us) are integer microseconds since the epoch; durations (*_ms) are milliseconds
// with microsecond resolution, counted from SentUs. A key that is absent was not measured.
//
// This is the only place that lists the fields: fields.go and docs/record.schema.json are generated from it, with the
// comments as descriptions (generate.go describes the tags). Run go generate after a change.
type Record struct {
	// The request's custom_id, or one that perf-send made.
	ID string `json:"id,omitempty"`
	// The X-Request-Id of the last HTTP request, unless it is the id: each HTTP request has its own.
	RequestID string `json:"request_id,omitempty"`
	// The server's own name of the request: its header X-Request-Id or Request-Id, unless that repeats ours, or the id in
	// the answer.
	ServerID string `json:"server_id,omitempty"`
	// Counted from 0 over the run, in order of arrival.
	Seq int64 `json:"seq" record:"min=0"`
	// The trace of the request, hexadecimal, with --traceparent or --otlp. A session is a trace.
	TraceID string `json:"trace_id,omitempty"`
	// The span of the request in its trace, which the server's spans have as their parent.
	SpanID string `json:"span_id,omitempty"`
	// The session or conversation that the request belongs to.
	Session string `json:"session,omitempty"`
	// The place of the request among the lines of its session, or turns of its conversation, counted from 1.
	Turn int `json:"turn,omitempty" record:"min=1"`
	// The number of requests that the session was to have.
	Turns int `json:"turns,omitempty" record:"min=1"`
	// The number of requests on the longest way through the session to this one, itself included: 1 for one that waits
	// for no other. The depth of a turn of a conversation is its number.
	Depth int `json:"depth,omitempty" record:"min=1"`
	// The turns that had to end before the request was due. Absent if it waited for none.
	AfterTurns []int `json:"after_turns,omitempty" record:"min=1"`
	// The wait between the end of the last of after_turns, or the start of the session, and scheduled_us: the time of a
	// tool or a user, after speed-up and limit. scheduled_us − delay_ms is when the request was unblocked.
	DelayMs float64 `json:"delay_ms,omitempty" record:"min=0"`
	// The requests of the session that were not sent because this one failed.
	Skipped int `json:"skipped,omitempty" record:"min=0"`
	// Which of several perf-sends sent the request.
	Shard string `json:"shard,omitempty"`
	// Copied from the request, for grouping.
	Labels map[string]string `json:"labels,omitempty"`

	// Tells runs apart when their files are joined. The shards of a run share it.
	RunID string `json:"run_id,omitempty" record:"point"`
	// The run_id of the run of which this one sent what was left (--resume): its first part. Both are one load point.
	Continues string `json:"continues,omitempty" record:"point"`
	// The load point, such as rate=10.
	Run string `json:"run,omitempty" record:"point"`
	// How requests became due.
	Mode string `json:"mode,omitempty" record:"point,enum=open|closed|capped"`
	// The rate asked of the open loop, in requests/s.
	Rate float64 `json:"rate,omitempty" record:"point,min=0"`
	// The concurrency limit.
	Parallel int `json:"parallel,omitempty" record:"point,min=0"`
	// The number of measured requests, or conversations, that the load point was asked for. Absent if it was to send all
	// lines, or had a duration.
	Number int `json:"number,omitempty" record:"point,min=1"`
	// Whether the load point is one of several levels of its run.
	Sweep bool `json:"sweep,omitempty" record:"point"`
	// Warm-up records do not count.
	Phase string `json:"phase,omitempty" record:"point,enum=Phase"`

	// The dialect, or sim for the built-in simulator.
	API string `json:"api,omitempty" record:"point"`
	// The operation: chat, completion, responses, embedding, rerank, …
	Op string `json:"op,omitempty" record:"point"`
	// The model, as the server names it.
	Model string `json:"model,omitempty" record:"point"`
	// The endpoint.
	URL string `json:"url,omitempty" record:"point"`

	// When the request was due.
	ScheduledUs int64 `json:"scheduled_us" record:"key,min=0"`
	// How long it then waited for a slot, in capped mode only.
	QueueMs float64 `json:"queue_ms" record:"key,min=0"`
	// When it was sent, before a connection was asked for.
	SentUs int64 `json:"sent_us" record:"key,min=0"`
	// sent − due − queue: the load generator's own lateness.
	LagMs float64 `json:"lag_ms" record:"key,min=0"`

	// Whose clock took the receive times.
	Clock string `json:"clock,omitempty" record:"enum=kernel|user"`
	// The longest wait between the kernel's stamp and the read.
	ReadDelayMs float64 `json:"read_delay_ms,omitempty" record:"key,min=0"`
	// Output chunks that were read late and together, beyond those that the server sends at once, so that their own
	// times are lost. Present if a late read had several chunks.
	Joined int `json:"joined_chunks,omitempty" record:"zero,min=0"`
	// The share of its CPUs that perf-send used over the second before.
	ClientCPU float64 `json:"client_cpu,omitempty" record:"key,min=0"`

	// The part of lag_ms in which all connections that perf-send may open were in use. Absent below 1, like the next
	// three.
	ConnectionWaitMs float64 `json:"connection_wait_ms,omitempty" record:"min=0"`
	// The part of lag_ms in which no request line had come.
	InputWaitMs float64 `json:"input_wait_ms,omitempty" record:"min=0"`
	// The part of lag_ms in which the slot's record before waited to be written, because stdout or the file took no
	// more.
	OutputWaitMs float64 `json:"output_wait_ms,omitempty" record:"min=0"`
	// The time in which perf-send did not run while the request was under way: it was stopped, starved of CPU, or over
	// the quota of its cgroup.
	StallMs float64 `json:"stall_ms,omitempty" record:"min=0"`
	// The pauses of perf-send, of at least 250 ms each, between the time when the request was due and its end: begin and
	// end of each. The process was stopped, or its machine was.
	PauseUs []int64 `json:"pause_us,omitempty" record:"min=0"`

	// The name look-up. Absent if a connection was reused, like the next two.
	DNSMs float64 `json:"dns_ms,omitempty" record:"min=0"`
	// The TCP handshake.
	ConnectMs float64 `json:"connect_ms,omitempty" record:"min=0"`
	// The TLS handshake.
	TLSMs float64 `json:"tls_ms,omitempty" record:"min=0"`

	// With HTTP/2 or a proxy, the part of ttft_ms spent waiting for a connection that another request opened, or for a
	// free stream of one. Absent if there was no wait.
	StreamWaitMs float64 `json:"stream_wait_ms,omitempty" record:"min=0"`
	// The part of ttft_ms from sent_us to the last attempt. Present if there were several.
	ResentMs float64 `json:"resent_ms,omitempty" record:"min=0"`
	// How long it took to pass the request to the kernel, once there was a connection.
	SendMs float64 `json:"send_ms,omitempty" record:"min=0"`
	// The connection's smoothed round-trip time when the answer ended, as the kernel measured it (TCP_INFO).
	RTTMs float64 `json:"rtt_ms,omitempty" record:"min=0"`
	// The least round-trip time of the last five minutes.
	RTTMinMs float64 `json:"rtt_min_ms,omitempty" record:"min=0"`
	// The segments that this side sent again on the connection since it was asked last, mostly during the exchange.
	// Absent, like the two before, if it was asked less than 5 ms before.
	Retransmits int `json:"retransmits,omitempty" record:"zero,min=0"`
	// Whether an idle connection served the request.
	Reused bool `json:"reused"`

	// When the response's header was received.
	HeadersMs float64 `json:"headers_ms,omitempty" record:"min=0"`
	// The first chunk with output. Absent, like gap_us and tpot_ms, if the answer was not streamed.
	TTFTMs float64 `json:"ttft_ms,omitempty" record:"key,min=0"`
	// The first chunk of reasoning.
	ReasoningTTFTMs float64 `json:"reasoning_ttft_ms,omitempty" record:"min=0"`
	// The first chunk of content.
	ContentTTFTMs float64 `json:"content_ttft_ms,omitempty" record:"min=0"`
	// The first chunk of a tool call.
	ToolTTFTMs float64 `json:"tool_ttft_ms,omitempty" record:"min=0"`
	// From one output chunk to the next: chunk k came at ttft_ms + the sum of the first k gaps.
	GapUs []int64 `json:"gap_us,omitempty" record:"min=0"`
	// Chunks without output after the first with output, such as one with only a finish reason. Of OpenAI's chat and
	// completions.
	EmptyChunks int `json:"empty_chunks,omitempty" record:"min=0"`
	// The tokens of each output chunk, if the server reports them.
	ChunkTokens []int `json:"chunk_tokens,omitempty"`
	// (last chunk − first chunk)/(completion_tokens − 1), for jq. Readers compute it.
	TPOTMs float64 `json:"tpot_ms,omitempty" record:"min=0"`
	// The end of the response.
	LatencyMs float64 `json:"latency_ms" record:"key,min=0"`

	// How long the request waited in the server until it was scheduled, as the server reports it, like all server_ keys.
	ServerQueueMs float64 `json:"server_queue_ms,omitempty" record:"zero"`
	// How long it waited for the model to be in memory.
	ServerLoadMs float64 `json:"server_load_ms,omitempty" record:"zero"`
	// From scheduling to the first token.
	ServerPrefillMs float64 `json:"server_prefill_ms,omitempty" record:"zero"`
	// To the first token, from server_origin.
	ServerTTFTMs float64 `json:"server_ttft_ms,omitempty" record:"zero"`
	// From the first token to the last.
	ServerDecodeMs float64 `json:"server_decode_ms,omitempty" record:"zero"`
	// The mean gap between two tokens.
	ServerITLMs float64 `json:"server_itl_ms,omitempty" record:"zero"`
	// The whole request, from server_origin.
	ServerTotalMs float64 `json:"server_total_ms,omitempty" record:"zero"`
	// Until the header of the response, from receipt. Present for streams whose header reports a time.
	ServerHeadersMs float64 `json:"server_headers_ms,omitempty" record:"zero"`
	// What proxies in front of the server took themselves.
	GatewayMs float64 `json:"gateway_ms,omitempty" record:"zero"`
	// From when server_ttft_ms and server_total_ms count: receipt of the request, or its scheduling.
	ServerOrigin string `json:"server_origin,omitempty" record:"enum=receipt|scheduling"`
	// Who reported the times: the server and the proxies, with commas between them.
	ServerFrom string `json:"server_from,omitempty"`
	// Why the server's times cannot be those of this answer, so that they are in no sum.
	ServerDoubt string `json:"server_doubt,omitempty" record:"enum=Doubt"`

	// The tokens of the prompt.
	PromptTokens int `json:"prompt_tokens,omitempty" record:"key,min=0"`
	// The tokens that the prompt was made of, if the request line reports them, or has token ids.
	PromptAsked int `json:"prompt_tokens_asked,omitempty" record:"min=0"`
	// The tokens of the answer.
	CompletionTokens int `json:"completion_tokens,omitempty" record:"key,min=0"`
	// Those of prompt_tokens that the server found in its cache.
	CachedTokens int `json:"cached_tokens,omitempty" record:"zero,min=0"`
	// Those of completion_tokens that are reasoning.
	ReasoningTokens int `json:"reasoning_tokens,omitempty" record:"key,min=0"`
	// Those of completion_tokens that are billed but never streamed, such as reasoning that the server withholds.
	HiddenTokens int `json:"hidden_tokens,omitempty" record:"min=0"`
	// The tokens that a draft model, or the prediction of the request, proposed.
	DraftTokens int `json:"draft_tokens,omitempty" record:"zero,min=0"`
	// Those of draft_tokens that the model accepted.
	AcceptedTokens int `json:"accepted_tokens,omitempty" record:"zero,min=0"`
	// Why the number of completion_tokens that were streamed is unknown. There is no TPOT then.
	HiddenUnknown string `json:"hidden_unknown,omitempty" record:"enum=Hidden"`
	// The source of the counts. Absent if they are unknown.
	TokensFrom string `json:"tokens_from,omitempty" record:"enum=usage|tokenizer"`
	// Embeddings made, or documents ranked.
	Items int `json:"items,omitempty" record:"key,min=0"`

	// Why the answer ended, in the server's word.
	FinishReason string `json:"finish_reason,omitempty"`
	// The HTTP status.
	Status int `json:"status,omitempty"`
	// Whether the request succeeded.
	OK bool `json:"ok" record:"key"`
	// Why the request failed.
	Error *Error `json:"error,omitempty" record:"rare"`
	// The header of that name, with status 429 or 503.
	RetryAfter string `json:"retry_after,omitempty"`
	// Present if there were several, because an idle connection was found closed or the request was retried. The clock
	// is never restarted.
	Attempts int `json:"attempts,omitempty" record:"min=2"`
	// Bytes sent: with headers by HTTP/1.1 without a proxy, else those of the body.
	BytesSent int64 `json:"bytes_sent,omitempty" record:"min=0"`
	// Bytes received: with headers and framing by HTTP/1.1 without a proxy, else those of the body.
	BytesReceived int64 `json:"bytes_received,omitempty" record:"min=0"`
	// How the transport failed behind an answer that was complete by its own protocol: the end of the body did not
	// come, the connection ended before it, by a reset, or what followed was not HTTP. This is not an error. The
	// connection is not reused.
	UntidyEnd string `json:"untidy_end,omitempty" record:"enum=Untidy"`

	// The text of the answer, with --save-output.
	Output string `json:"output,omitempty" record:"rare"`
	// The request line, with --save-request. It can be sent again.
	Request json.RawMessage `json:"request,omitempty" record:"rare"`

	// Keys are those that the line had. Of a record to write they are those whose zeros are written.
	Keys Keys `json:"-"`
}

// Error is why a request failed.
type Error struct {
	Kind    string `json:"kind"` // one of the Kind constants
	Message string `json:"message"`
}

// The kinds of error.
const (
	KindConnect        = "connect"
	KindConnectTimeout = "connect_timeout"
	KindReadTimeout    = "read_timeout"
	KindTotalTimeout   = "total_timeout"
	KindTLS            = "tls"
	KindHTTP           = "http"      // a status other than 2xx
	KindAPI            = "api"       // an error object in a 2xx answer
	KindProtocol       = "protocol"  // bytes that are not HTTP, SSE or JSON
	KindTruncated      = "truncated" // the connection or the stream ended too early
	KindEmpty          = "empty"     // a 2xx answer without output
	KindCanceled       = "canceled"
	KindRequest        = "request" // could not be sent as asked
)

// The reasons why the number of streamed tokens is unknown.
const (
	HiddenRedacted = "redacted_reasoning" // encrypted or omitted, and not counted separately
	HiddenSummary  = "reasoning_summary"  // a summary was streamed in its place
	HiddenTotal    = "total_disagrees"    // the server's counts do not add up to its total
	HiddenSeveral  = "several_answers"    // those of several answers, which pass each other
)

// The failures of the transport after an answer that is complete by its own protocol.
const (
	UntidyOpen      = "open"      // the body did not end
	UntidyClosed    = "closed"    // the connection ended before the body did
	UntidyReset     = "reset"     // the same by a reset
	UntidyMalformed = "malformed" // what followed was not HTTP
)

// The reasons why a server's times cannot be those of an answer.
const (
	DoubtNegative = "negative" // a time is below zero
	DoubtTTFT     = "ttft"     // they exceed the time to the first token that the client measured
	DoubtLatency  = "latency"  // they exceed the latency that the client measured
	DoubtTokens   = "tokens"   // they are about another number of tokens than the usage
)

// The phases of a load point.
const (
	PhaseWarmup  = "warmup"
	PhaseMeasure = "measure"
)

// SimAPI marks the records of the built-in simulator.
const SimAPI = "sim"
