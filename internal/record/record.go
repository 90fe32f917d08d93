// Package record is the record line: what perf-send writes for every HTTP request and what perf-stats and perf-plot
// read, with the metrics that follow from one record alone.
package record

import (
	"math"

	"github.com/goccy/go-json"
)

// Record is one line. Instants (*_us) are integer microseconds since the epoch; durations (*_ms) are milliseconds
// with microsecond resolution, counted from SentUs. A key that is absent was not measured.
type Record struct {
	ID      string            `json:"id,omitempty"`
	Seq     int64             `json:"seq"` // counted from 0 over the run, in order of arrival
	Session string            `json:"session,omitempty"`
	Turn    int               `json:"turn,omitempty"`  // counted from 1, in conversations
	Turns   int               `json:"turns,omitempty"` // that the conversation was to have
	Shard   string            `json:"shard,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`

	RunID    string  `json:"run_id,omitempty"` // tells runs apart; shards of one run share it
	Run      string  `json:"run,omitempty"`    // the load point, such as "rate=10"
	Mode     string  `json:"mode,omitempty"`   // open, closed or capped
	Rate     float64 `json:"rate,omitempty"`   // asked, requests/s
	Parallel int     `json:"parallel,omitempty"`
	Number   int     `json:"number,omitempty"` // asked: measured requests of the load point, or conversations; 0: all lines
	Phase    string  `json:"phase,omitempty"`  // warmup or measure

	API   string `json:"api,omitempty"` // the dialect, or sim for the built-in simulator
	Op    string `json:"op,omitempty"`  // chat, completion, …
	Model string `json:"model,omitempty"`
	URL   string `json:"url,omitempty"`

	ScheduledUs int64   `json:"scheduled_us"` // when it was due
	QueueMs     float64 `json:"queue_ms"`     // wait for a slot, capped mode only
	SentUs      int64   `json:"sent_us"`
	LagMs       float64 `json:"lag_ms"` // sent − due − queue: the load generator's own lateness

	Clock       string  `json:"clock,omitempty"` // kernel or user receive times
	ReadDelayMs float64 `json:"read_delay_ms,omitempty"`
	Joined      int     `json:"joined_chunks,omitempty"` // output chunks that were read late and together, and so lost their own times
	ClientCPU   float64 `json:"client_cpu,omitempty"`    // share of its CPUs that perf-send used over the last second

	// What held up perf-send itself; absent below 1 ms, as it mostly is.
	InputWaitMs  float64 `json:"input_wait_ms,omitempty"`  // of the lag: no request line had come
	OutputWaitMs float64 `json:"output_wait_ms,omitempty"` // of the lag: the record before could not be written
	StallMs      float64 `json:"stall_ms,omitempty"`       // of the request's time: perf-send did not run

	DNSMs     float64 `json:"dns_ms,omitempty"`
	ConnectMs float64 `json:"connect_ms,omitempty"`
	TLSMs     float64 `json:"tls_ms,omitempty"`

	// Parts of the times below that are not the answer's; absent where there was no such wait, as there mostly is none.
	StreamWaitMs float64 `json:"stream_wait_ms,omitempty"` // HTTP/2: until a connection had a free stream
	ResentMs     float64 `json:"resent_ms,omitempty"`      // from sent_us to when the request went out for the last time
	Reused       bool    `json:"reused"`

	HeadersMs       float64 `json:"headers_ms,omitempty"`
	TTFTMs          float64 `json:"ttft_ms,omitempty"`
	ReasoningTTFTMs float64 `json:"reasoning_ttft_ms,omitempty"`
	ContentTTFTMs   float64 `json:"content_ttft_ms,omitempty"`
	ToolTTFTMs      float64 `json:"tool_ttft_ms,omitempty"`
	GapUs           []int64 `json:"gap_us,omitempty"` // between one output chunk and the next
	ChunkTokens     []int   `json:"chunk_tokens,omitempty"`
	TPOTMs          float64 `json:"tpot_ms,omitempty"` // for jq; readers call TPOT
	LatencyMs       float64 `json:"latency_ms"`        // end of the response

	PromptTokens     int    `json:"prompt_tokens,omitempty"`
	PromptAsked      int    `json:"prompt_tokens_asked,omitempty"` // that the request was made of, if its line says so
	CompletionTokens int    `json:"completion_tokens,omitempty"`
	CachedTokens     int    `json:"cached_tokens,omitempty"`
	ReasoningTokens  int    `json:"reasoning_tokens,omitempty"`
	HiddenTokens     int    `json:"hidden_tokens,omitempty"`  // of CompletionTokens: paid for and never streamed
	HiddenUnknown    string `json:"hidden_unknown,omitempty"` // one of the Hidden constants: why HiddenTokens is not known
	TokensFrom       string `json:"tokens_from,omitempty"`    // usage or tokenizer; absent: the counts are unknown
	Items            int    `json:"items,omitempty"`          // embeddings made, or documents ranked

	FinishReason  string `json:"finish_reason,omitempty"`
	Status        int    `json:"status,omitempty"` // HTTP
	OK            bool   `json:"ok"`
	Error         *Error `json:"error,omitempty"`
	RetryAfter    string `json:"retry_after,omitempty"` // as the server said it, with status 429 or 503
	Attempts      int    `json:"attempts,omitempty"`    // more than 1: a kept connection was found closed, or a retry
	BytesSent     int64  `json:"bytes_sent,omitempty"`
	BytesReceived int64  `json:"bytes_received,omitempty"`
	UntidyEnd     string `json:"untidy_end,omitempty"` // how the transport failed behind a complete answer: one of the Untidy constants

	Output  string          `json:"output,omitempty"`  // only with --save-output
	Request json.RawMessage `json:"request,omitempty"` // only with --save-request: the request line

	EndNs  int64 `json:"-"` // when the last byte came, ns since the epoch; 0: not known
	DoneNs int64 `json:"-"` // when it had been read

	Keys  Keys            `json:"-"` // that its line had; of one that was not read those that it shall have though they are zero
	Reply json.RawMessage `json:"-"` // the assistant's message, for the next turn of a conversation
	Body  json.RawMessage `json:"-"` // what was sent
	Want  int             `json:"-"` // tokens that the answer must have, since it was asked to ignore its end; 0: any
}

// Error says why a request failed.
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
	KindTruncated      = "truncated" // ended before its end
	KindEmpty          = "empty"     // a good answer without output
	KindCanceled       = "canceled"
	KindRequest        = "request" // could not be sent as asked
)

// Why it is not known how many of the tokens were streamed.
const (
	HiddenRedacted = "redacted_reasoning" // encrypted or left out, and not counted apart
	HiddenSummary  = "reasoning_summary"  // a summary was streamed in its place
	HiddenTotal    = "total_disagrees"    // the server's counts do not add up to its total
)

// How the transport can fail behind an answer that is complete by its own protocol.
const (
	UntidyOpen      = "open"      // the end of the body did not come
	UntidyClosed    = "closed"    // the connection ended before the body did
	UntidyReset     = "reset"     // the same by a reset
	UntidyMalformed = "malformed" // what followed was not HTTP
)

// The phases of a load point.
const (
	PhaseWarmup  = "warmup"
	PhaseMeasure = "measure"
)

// SimAPI marks the records of the built-in simulator.
const SimAPI = "sim"

// LastChunkMs is when the last output chunk arrived, ms after SentUs: ttft_ms + Σ gap_us/1000.
func (r *Record) LastChunkMs() float64 { return r.TTFTMs + float64(r.gaps())/1000 }

// gaps is the time from the first output chunk to the last, µs.
func (r *Record) gaps() (us int64) {
	gaps := r.GapUs
	for ; len(gaps) >= 4; gaps = gaps[4:] { // additions that need not wait for each other
		us += gaps[0] + gaps[1] + (gaps[2] + gaps[3])
	}
	for _, g := range gaps {
		us += g
	}
	return us
}

// StreamedTokens is n: the tokens that came from the first output chunk to the last, which is completion_tokens less
// hidden_tokens. It is not known if the server does not tell how many it kept back.
func (r *Record) StreamedTokens() (n int, ok bool) {
	n = r.CompletionTokens - r.HiddenTokens
	return n, n > 0 && r.HiddenUnknown == ""
}

// onePieceUs is the mean gap below which chunks were sent together: no model makes 50,000 of them a second.
const onePieceUs = 20

// InOnePiece reports whether all chunks of a stream arrived together, as they do through a proxy that buffers: the times
// between them are the proxy's, and there is neither ITL nor TPOT.
func (r *Record) InOnePiece() bool { return inOnePiece(r.gaps(), len(r.GapUs)) }

func inOnePiece(us int64, gaps int) bool { return us < onePieceUs*int64(gaps) }

// TPOT is the time per output token after the first, in ms: (tₙ − t₁)/(n − 1), defined for streamed answers of n > 1
// tokens in more than one chunk (the definition of vLLM's bench serve, on the last output chunk and the tokens that were
// streamed). Of records without the gaps it is the TPOT that they say.
func (r *Record) TPOT() (ms float64, ok bool) {
	if len(r.GapUs) == 0 {
		return r.TPOTMs, r.TPOTMs > 0
	}
	n, ok := r.StreamedTokens()
	if r.TTFTMs == 0 || !ok || n < 2 {
		return 0, false
	}
	us := r.gaps()
	return float64(us) / float64(n-1) / 1000, !inOnePiece(us, len(r.GapUs))
}

// NoteTPOT lets the record say its TPOT, for jq, in whole nanoseconds: more digits tell nothing.
func (r *Record) NoteTPOT() {
	if tpot, ok := r.TPOT(); ok {
		r.TPOTMs = math.Round(tpot*1e6) / 1e6
	}
}

// Lag is how late the load generator itself was, in ms: sent − due − queue, which lag_ms says. It is not known of records
// that say neither.
func (r *Record) Lag() (ms float64, ok bool) {
	if !r.Lacks(KeyLagMs) {
		return r.LagMs, true
	}
	if r.ScheduledUs == 0 || r.SentUs == 0 {
		return 0, false
	}
	return max(0, float64(r.SentUs-r.ScheduledUs)/1000-r.QueueMs), true
}

// ResponseMs is the time from when the request was due to its end: latency + queue + lag. Unlike latency it cannot hide
// the wait that a slow server causes (coordinated omission). Where the lag is not known it counts from the send.
func (r *Record) ResponseMs() float64 {
	lag, _ := r.Lag()
	return r.LatencyMs + r.QueueMs + lag
}

// EndUs is the instant of the end of the response.
func (r *Record) EndUs() int64 { return r.SentUs + int64(r.LatencyMs*1000+0.5) }

// Streamed says whether the answer's output arrived in chunks.
func (r *Record) Streamed() bool { return r.TTFTMs > 0 }
