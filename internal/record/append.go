package record

import (
	"math"
	"slices"
	"strconv"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
)

// Encoder writes records as encoding them would, at a small part of the cost: perf-send writes one for every request. What
// is the same from record to record it writes once and copies.
type Encoder struct {
	of   loadPoint
	text []byte // of of
}

// loadPoint is what the records of a load point have in common, which stands together in their lines.
type loadPoint struct {
	runID, run, mode      string
	rate                  float64
	parallel, number      int
	phase                 string
	api, op, model, where string
}

// AppendJSON implements jsonl.Appender.
func (r *Record) AppendJSON(b []byte) ([]byte, error) { return new(Encoder).Append(b, r) }

// Append writes r after b.
func (e *Encoder) Append(b []byte, r *Record) ([]byte, error) {
	start := len(b)
	w := writer{b: b}
	w.text(`,"id":`, r.ID)
	w.integer(`,"seq":`, r.Seq)
	w.text(`,"session":`, r.Session)
	w.count(`,"turn":`, r.Turn)
	w.count(`,"turns":`, r.Turns)
	w.text(`,"shard":`, r.Shard)
	w.any(`,"labels":`, r.Labels, len(r.Labels) > 0)
	w.loadPoint(e, loadPoint{r.RunID, r.Run, r.Mode, r.Rate, r.Parallel, r.Number, r.Phase, r.API, r.Op, r.Model, r.URL})
	w.integer(`,"scheduled_us":`, r.ScheduledUs)
	w.float(`,"queue_ms":`, r.QueueMs)
	w.integer(`,"sent_us":`, r.SentUs)
	w.float(`,"lag_ms":`, r.LagMs)
	w.text(`,"clock":`, r.Clock)
	w.measure(`,"read_delay_ms":`, r.ReadDelayMs)
	if r.Joined != 0 || r.Says(KeyJoined) {
		w.integer(`,"joined_chunks":`, int64(r.Joined))
	}
	w.measure(`,"client_cpu":`, r.ClientCPU)
	w.measure(`,"input_wait_ms":`, r.InputWaitMs)
	w.measure(`,"output_wait_ms":`, r.OutputWaitMs)
	w.measure(`,"stall_ms":`, r.StallMs)
	w.measure(`,"dns_ms":`, r.DNSMs)
	w.measure(`,"connect_ms":`, r.ConnectMs)
	w.measure(`,"tls_ms":`, r.TLSMs)
	w.measure(`,"stream_wait_ms":`, r.StreamWaitMs)
	w.measure(`,"resent_ms":`, r.ResentMs)
	w.boolean(`,"reused":`, r.Reused)
	w.measure(`,"headers_ms":`, r.HeadersMs)
	w.measure(`,"ttft_ms":`, r.TTFTMs)
	w.measure(`,"reasoning_ttft_ms":`, r.ReasoningTTFTMs)
	w.measure(`,"content_ttft_ms":`, r.ContentTTFTMs)
	w.measure(`,"tool_ttft_ms":`, r.ToolTTFTMs)
	integers(&w, `,"gap_us":`, r.GapUs)
	integers(&w, `,"chunk_tokens":`, r.ChunkTokens)
	w.measure(`,"tpot_ms":`, r.TPOTMs)
	w.float(`,"latency_ms":`, r.LatencyMs)
	w.count(`,"prompt_tokens":`, r.PromptTokens)
	w.count(`,"prompt_tokens_asked":`, r.PromptAsked)
	w.count(`,"completion_tokens":`, r.CompletionTokens)
	if r.CachedTokens != 0 || r.Says(KeyCachedTokens) {
		w.integer(`,"cached_tokens":`, int64(r.CachedTokens))
	}
	w.count(`,"reasoning_tokens":`, r.ReasoningTokens)
	w.count(`,"hidden_tokens":`, r.HiddenTokens)
	w.text(`,"hidden_unknown":`, r.HiddenUnknown)
	w.text(`,"tokens_from":`, r.TokensFrom)
	w.count(`,"items":`, r.Items)
	w.text(`,"finish_reason":`, r.FinishReason)
	w.count(`,"status":`, r.Status)
	w.boolean(`,"ok":`, r.OK)
	w.any(`,"error":`, r.Error, r.Error != nil)
	w.text(`,"retry_after":`, r.RetryAfter)
	w.count(`,"attempts":`, r.Attempts)
	w.count(`,"bytes_sent":`, int(r.BytesSent))
	w.count(`,"bytes_received":`, int(r.BytesReceived))
	w.text(`,"untidy_end":`, r.UntidyEnd)
	w.text(`,"output":`, r.Output)
	w.any(`,"request":`, r.Request, len(r.Request) > 0)
	w.b[start] = '{' // in the place of the first comma
	return append(w.b, '}'), w.err
}

// writer writes the members of an object, a comma before each. Methods that take what may be absent leave zero values out.
type writer struct {
	b   []byte
	err error
}

func (w *writer) loadPoint(e *Encoder, p loadPoint) {
	if e.of != p || e.text == nil {
		one := writer{b: make([]byte, 0, 256)}
		one.text(`,"run_id":`, p.runID)
		one.text(`,"run":`, p.run)
		one.text(`,"mode":`, p.mode)
		one.measure(`,"rate":`, p.rate)
		one.count(`,"parallel":`, p.parallel)
		one.count(`,"number":`, p.number)
		one.text(`,"phase":`, p.phase)
		one.text(`,"api":`, p.api)
		one.text(`,"op":`, p.op)
		one.text(`,"model":`, p.model)
		one.text(`,"url":`, p.where)
		e.of, e.text = p, one.b
		if one.err != nil {
			w.err, e.text = one.err, nil
		}
	}
	w.b = append(w.b, e.text...)
}

func (w *writer) text(key, v string) {
	if v == "" {
		return
	}
	w.b = append(w.b, key...)
	if fastjson.UnescapedASCII(v) == len(v) {
		w.b = append(w.b, '"')
		w.b = append(w.b, v...)
		w.b = append(w.b, '"')
		return
	}
	w.encode(v)
}

func (w *writer) encode(v any) {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil && w.err == nil {
		w.err = err
	}
	w.b = append(w.b, b...)
}

func (w *writer) any(key string, v any, there bool) {
	if there {
		w.b = append(w.b, key...)
		w.encode(v)
	}
}

func (w *writer) integer(key string, v int64) {
	w.b = fastjson.AppendInt(append(w.b, key...), v)
}

func (w *writer) count(key string, v int) {
	if v != 0 {
		w.integer(key, int64(v))
	}
}

func (w *writer) boolean(key string, v bool) {
	w.b = strconv.AppendBool(append(w.b, key...), v)
}

func (w *writer) measure(key string, v float64) {
	if v != 0 {
		w.float(key, v)
	}
}

func (w *writer) float(key string, v float64) {
	w.b = append(w.b, key...)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.encode(v) // an error, as encoding it is
		return
	}
	w.b = fastjson.AppendFloat(w.b, v)
}

func integers[T int | int64](w *writer, key string, list []T) {
	if len(list) == 0 {
		return
	}
	w.b = append(w.b, key...)
	w.b = slices.Grow(w.b, 8*len(list))
	for i, v := range list {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		w.b = fastjson.AppendInt(append(w.b, sep), int64(v))
	}
	w.b = append(w.b, ']')
}
