package client

import (
	"math"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
	"perfpipe/internal/servertime"
)

// timeFields returns the header fields in which servers report times.
func (c *Config) timeFields() []string {
	if c.NoTimes {
		return nil
	}
	return api.TimeFields()
}

// idFields are the header fields in which servers name a request.
var idFields = []string{"x-request-id", "request-id"}

// noteHeadID takes the server's name of the request from the header, unless it is ours that the server repeats.
func (r *reply) noteHeadID(h *http1.Header) {
	for _, name := range idFields {
		id := h.Field(name)
		if id == "" {
			continue
		}
		var buf [128]byte
		if string(r.call.appendID(buf[:0])) != id {
			r.got.ServerID = id
			return
		}
	}
}

// noteID takes the server's name of the request from the first event of the answer, or from the whole of it.
func (r *reply) noteID(data []byte) {
	r.named = true
	if r.got.ServerID != "" {
		return
	}
	for _, path := range [...]string{"id", "message.id", "response.id"} {
		if id := gjson.GetBytes(data, path); id.Type == gjson.String && id.Str != "" {
			r.got.ServerID = id.Str
			return
		}
	}
}

// timed adds times that the server reported in the body.
func (r *reply) timed(t *servertime.Times) {
	switch {
	case t == nil || r.ep.noTimes:
	case r.times == nil:
		r.times = t
	default:
		r.times.Merge(t)
	}
}

// noteTimes writes the server's times to the record at the end of the answer.
func (r *reply) noteTimes() {
	if r.headTimes != nil {
		r.timed(r.headTimes)
	}
	t, rec := r.times, r.rec
	if t == nil {
		return
	}
	ms := func(term servertime.Term, to *float64, key record.Keys) {
		if v, ok := t.Get(term); ok {
			*to = math.Round(v*1000) / 1000
			rec.Keys |= key
		}
	}
	ms(servertime.Queue, &rec.ServerQueueMs, record.KeyServerQueueMs)
	ms(servertime.Load, &rec.ServerLoadMs, record.KeyServerLoadMs)
	ms(servertime.Prefill, &rec.ServerPrefillMs, record.KeyServerPrefillMs)
	ms(servertime.TTFT, &rec.ServerTTFTMs, record.KeyServerTTFTMs)
	ms(servertime.Decode, &rec.ServerDecodeMs, record.KeyServerDecodeMs)
	ms(servertime.ITL, &rec.ServerITLMs, record.KeyServerITLMs)
	ms(servertime.Gateway, &rec.GatewayMs, record.KeyGatewayMs)
	if _, whole := t.Get(servertime.Total); rec.Streamed() {
		ms(servertime.Header, &rec.ServerHeadersMs, record.KeyServerHeadersMs)
	} else if !whole {
		ms(servertime.Header, &rec.ServerTotalMs, record.KeyServerTotalMs)
	}
	ms(servertime.Total, &rec.ServerTotalMs, record.KeyServerTotalMs)
	for _, c := range [...]struct {
		term servertime.Term
		to   *int
		key  record.Keys
	}{
		{servertime.Draft, &rec.DraftTokens, record.KeyDraftTokens},
		{servertime.Accepted, &rec.AcceptedTokens, record.KeyAcceptedTokens},
	} {
		if v, ok := t.Get(c.term); ok && v >= 0 {
			*c.to = int(v)
			rec.Keys |= c.key
		}
	}
	rec.ServerFrom = t.Sources()
	if rec.Keys&(record.KeyServerTTFTMs|record.KeyServerTotalMs) != 0 {
		rec.ServerOrigin = record.OriginReceipt
		if t.Scheduled {
			rec.ServerOrigin = record.OriginScheduling
		}
	}
	rec.ServerDoubt = r.doubt()
}

// doubt returns why the server's times cannot be those of this answer, or an empty string. Tokens that are reported
// beside the times must be those of the usage: otherwise they are one of several sequences.
func (r *reply) doubt() string {
	rec := r.rec
	if n, ok := r.times.Get(servertime.Generated); ok && rec.TokensFrom == "usage" && int(n) != rec.CompletionTokens {
		return record.DoubtTokens
	}
	evaluated, ok1 := r.times.Get(servertime.Evaluated)
	cached, ok2 := r.times.Get(servertime.Cached)
	if ok1 && ok2 && rec.PromptTokens > 0 && int(evaluated+cached) != rec.PromptTokens {
		return record.DoubtTokens
	}
	return rec.Doubt()
}
