package otlp

import (
	"encoding/hex"
	"net/url"
	"strconv"

	"perfpipe/internal/record"
)

// The messages of opentelemetry/proto/trace/v1 in their JSON form: ids are hexadecimal, 64-bit numbers are strings.
type (
	request struct {
		Spans [1]resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource attributes    `json:"resource"`
		Spans    [1]scopeSpans `json:"scopeSpans"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	attributes struct {
		Attributes []attribute `json:"attributes"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		String *string  `json:"stringValue,omitempty"`
		Int    *string  `json:"intValue,omitempty"`
		Double *float64 `json:"doubleValue,omitempty"`
		Bool   *bool    `json:"boolValue,omitempty"`
		Array  *array   `json:"arrayValue,omitempty"`
	}
	array struct {
		Values []value `json:"values"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Events     []event     `json:"events,omitempty"`
		Links      []link      `json:"links,omitempty"`
		Status     *status     `json:"status,omitempty"`
	}
	event struct {
		Time string `json:"timeUnixNano"`
		Name string `json:"name"`
	}
	link struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	status struct {
		Code    int    `json:"code"`
		Message string `json:"message,omitempty"`
	}
)

// Kinds of spans, and the status of a failed one.
const (
	internal = 1
	client   = 3
	failed   = 2
)

func nanos(us int64) string { return strconv.FormatInt(us*1000, 10) }

// list collects attributes; those without a value are left out.
type list []attribute

func (l *list) text(key, v string) {
	if v != "" {
		*l = append(*l, attribute{key, value{String: &v}})
	}
}

func (l *list) int(key string, v int64) {
	if v != 0 {
		s := strconv.FormatInt(v, 10)
		*l = append(*l, attribute{key, value{Int: &s}})
	}
}

func (l *list) float(key string, v float64) {
	if v != 0 {
		*l = append(*l, attribute{key, value{Double: &v}})
	}
}

// operation returns the name of an operation in the semantic conventions of generative AI.
func operation(op string) string {
	switch op {
	case "completion":
		return "text_completion"
	case "embedding":
		return "embeddings"
	case "responses":
		return "chat"
	}
	return op
}

// requestSpan returns the span of a request, with the attributes of the semantic conventions of generative AI if
// there are such.
func requestSpan(r *record.Record) span {
	op := operation(r.Op)
	s := span{
		TraceID: r.TraceID, SpanID: r.SpanID, Name: op, Kind: client, Start: nanos(r.SentUs), End: nanos(r.EndUs()),
	}
	if r.Model != "" {
		s.Name += " " + r.Model
	}
	var l list
	l.text("gen_ai.operation.name", op)
	l.text("gen_ai.provider.name", r.API)
	l.text("gen_ai.response.model", r.Model)
	l.text("gen_ai.response.id", r.ServerID)
	l.text("gen_ai.conversation.id", r.Session)
	if reason := r.FinishReason; reason != "" { // a copy: the record is used again
		l = append(l, attribute{"gen_ai.response.finish_reasons", value{Array: &array{[]value{{String: &reason}}}}})
	}
	l.int("gen_ai.usage.input_tokens", int64(r.PromptTokens))
	l.int("gen_ai.usage.output_tokens", int64(r.CompletionTokens))
	l.int("gen_ai.usage.cache_read.input_tokens", int64(r.CachedTokens))
	l.float("gen_ai.response.time_to_first_chunk", r.TTFTMs/1000)
	l.int("http.response.status_code", int64(r.Status))
	if u, err := url.Parse(r.URL); err == nil {
		l.text("server.address", u.Hostname())
		port, _ := strconv.Atoi(u.Port())
		l.int("server.port", int64(port))
	}
	l.text("perf.id", r.ID)
	l.text("perf.run_id", r.RunID)
	l.text("perf.run", r.Run)
	l.text("perf.phase", r.Phase)
	l.int("perf.turn", int64(r.Turn))
	l.int("perf.depth", int64(r.Depth))
	l.float("perf.queue_ms", r.QueueMs)
	l.float("perf.lag_ms", r.LagMs)
	if r.TTFTMs > 0 {
		s.Events = []event{{nanos(r.SentUs + int64(r.TTFTMs*1000)), "first token"}}
	}
	if e := r.Error; e != nil {
		l.text("error.type", e.Kind)
		s.Status = &status{failed, e.Message}
	}
	s.Attributes = l
	return s
}

// rootID returns the id of the span of a session, which follows from that of the trace.
func rootID(trace string) string {
	b, err := hex.DecodeString(trace)
	if err != nil || len(b) != 16 {
		return ""
	}
	b[8] |= 1 // an id of zeros is none
	return hex.EncodeToString(b[8:])
}
