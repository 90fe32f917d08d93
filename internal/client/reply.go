package client

import (
	"cmp"
	"fmt"
	"strings"

	"llmperf/internal/api"
	"llmperf/internal/record"
	"llmperf/internal/sse"
)

// maxErrorBody is as much as is kept of the body of an answer that is an error.
const maxErrorBody = 64 << 10

// reply reads one response into its record.
type reply struct {
	rec      *record.Record
	ep       *endpoint
	read     func([]byte) (api.Event, error)
	lines    bool // a stream is JSON lines
	keepText bool
	message  *message // of a conversation's turn; nil: nobody wants it
	trace    func(line []byte)
	sent     int64 // ns since the epoch
	trip     *trip // what the transport measures of it; nil: nothing

	sse      sse.Parser
	onEvent  sse.Event // event, made once
	events   bool      // the answer is a stream of events
	whole    []byte    // an answer in one piece
	at       int64     // of the bytes being read, µs after sent
	last     int64     // of the last output chunk
	chunks   int
	joined   joined
	tokens   int // counted so far by a server that counts in each chunk
	done     bool
	doneAt   int64
	shape    api.Shape
	now      api.Event // the one being read
	usage    api.Usage // its
	text     strings.Builder
	err      error
	location string    // where the answer says that its resource is
	unpack   *unpacker // of a compressed answer
}

func (r *reply) begin(rec *record.Record, ep *endpoint, sent int64, keepText bool) {
	whole := r.whole[:0]
	if cap(whole) > 1<<20 {
		whole = nil // one huge answer must not stay in memory for good
	}
	onEvent, events := r.onEvent, r.sse
	*r = reply{}
	r.rec, r.ep, r.read, r.lines, r.keepText, r.sent = rec, ep, ep.reader(), ep.stream && ep.dialect.Lines, keepText, sent
	r.onEvent, r.whole, r.sse = onEvent, whole, events
	r.sse.Reset()
	if r.onEvent == nil {
		r.onEvent = r.event
	}
}

func (r *reply) us(at int64) int64 { return max(0, at-r.sent) / 1000 }

func ms(us int64) float64 { return float64(us) / 1000 }

func (r *reply) head(h *header, at int64) {
	r.rec.Status, r.location = h.Status, h.Location
	r.rec.HeadersMs = ms(r.us(at))
	if r.trace != nil {
		r.trace(fmt.Appendf(nil, "HTTP %d %s", h.Status, h.ContentType))
	}
	r.joined.framed = h.Chunked
	r.events = h.Status/100 == 2 && (h.ContentType == typeEvents || r.lines)
	if h.Encoding != "" {
		if r.unpack = newUnpacker(h.Encoding, r.plain); r.unpack == nil {
			r.fail(fail(record.KindProtocol, "the answer is compressed in an unknown way (%s)", h.Encoding))
		}
	}
	if h.Status == 429 || h.Status == 503 {
		r.rec.RetryAfter = h.RetryAfter
	}
}

func (r *reply) body(b []byte, at int64) {
	r.at = r.us(at)
	r.joined.frame++
	if r.unpack != nil {
		r.unpack.push(b)
		return
	}
	r.plain(b)
}

// plain takes the next bytes of the body when they are not compressed any more.
func (r *reply) plain(b []byte) {
	switch {
	case r.events && r.lines:
		r.sse.FeedLines(b, r.onEvent)
		return
	case r.events:
		r.sse.Feed(b, r.onEvent)
		return
	}
	if r.rec.Status/100 != 2 && len(r.whole)+len(b) > maxErrorBody {
		b = b[:max(0, maxErrorBody-len(r.whole))]
	}
	r.whole = append(r.whole, b...)
}

func (r *reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reply) event(_, data []byte) {
	if r.trace != nil {
		r.trace(append([]byte("data: "), data...))
	}
	if r.done || r.err != nil {
		return
	}
	if text, kind, ok := r.shape.Match(data); ok {
		if len(text) > 0 {
			r.output(kind)
			if r.keepText {
				r.text.Write(text)
			}
			if r.message != nil && kind == api.Content {
				r.message.content.Write(text)
			}
		}
		return
	}
	e, byHeart, err := r.decode(data)
	if err != nil {
		r.fail(&failure{record.KindProtocol, err})
		return
	}
	if e.Output() {
		r.firsts(e)
		if r.chunk(); r.chunks == 2 { // a stream of one token is over before a shape pays
			r.learn(data, e, byHeart)
		}
		if e.Usage != nil {
			r.rec.ChunkTokens = append(r.rec.ChunkTokens, e.Usage.CompletionTokens-r.tokens)
			r.tokens = e.Usage.CompletionTokens
		}
	}
	r.take(e)
	if e.Done {
		r.done, r.doneAt = true, r.at
	}
}

// decode reads an event, which is valid until the next and as long as data; mostly it is one known by heart.
func (r *reply) decode(data []byte) (e *api.Event, byHeart bool, err error) {
	if m := r.ep.memo; m != nil && m.Match(data, &r.now, &r.usage) {
		return &r.now, true, nil
	}
	return &r.now, false, r.decodeWhole(data)
}

// decodeWhole is kept off the stacks of the many streams that seldom need it.
//
//go:noinline
func (r *reply) decodeWhole(data []byte) (err error) {
	r.now, err = r.read(data)
	return err
}

// learn makes the shape of an event, for those like it that follow.
//
//go:noinline
func (r *reply) learn(data []byte, e *api.Event, byHeart bool) {
	if byHeart {
		r.shape, _ = r.ep.memo.LearnMatched(data, e)
		return
	}
	r.learnWhole(data, e)
}

//go:noinline
func (r *reply) learnWhole(data []byte, e *api.Event) { r.shape, _ = r.ep.dialect.Learn(data, *e) }

// output counts a chunk of one kind.
func (r *reply) output(k api.Kind) {
	r.first(k)
	r.chunk()
}

func (r *reply) firsts(e *api.Event) {
	for i, text := range [...]string{e.Content, e.Reasoning, e.Tool} {
		if text != "" {
			r.first(api.Kind(i + 1))
		}
	}
}

// first marks the first output of a kind.
func (r *reply) first(k api.Kind) {
	f := &r.rec.ContentTTFTMs
	switch k {
	case api.Reasoning:
		f = &r.rec.ReasoningTTFTMs
	case api.Tool:
		f = &r.rec.ToolTTFTMs
	}
	if *f == 0 {
		*f = ms(r.at)
	}
}

func (r *reply) chunk() {
	if r.chunks++; r.chunks == 1 {
		r.rec.TTFTMs = ms(r.at)
	} else {
		if r.at == r.last && r.trip != nil {
			r.joined.add(r.at, r.trip.delay)
		}
		r.rec.GapUs = append(r.rec.GapUs, r.at-r.last)
	}
	r.last, r.joined.last = r.at, r.joined.frame
}

// take copies what an event says besides its output.
func (r *reply) take(e *api.Event) {
	if r.keepText {
		r.text.WriteString(e.Reasoning)
		r.text.WriteString(e.Content)
		r.text.WriteString(e.Tool)
	}
	if r.message != nil {
		r.message.add(e)
	}
	if e.Items > 0 {
		r.rec.Items = e.Items
	}
	if e.Err != "" {
		r.fail(&failure{record.KindAPI, fmt.Errorf("%s", e.Err)})
	}
	if e.Model != "" {
		r.rec.Model = e.Model
	}
	if e.Finish != "" {
		r.rec.FinishReason = e.Finish
	}
	if u := e.Usage; u != nil {
		r.rec.TokensFrom = "usage"
		r.rec.PromptTokens, r.rec.CompletionTokens = u.PromptTokens, u.CompletionTokens
		if u.PromptDetails != nil {
			r.rec.CachedTokens = u.PromptDetails.Cached
			r.rec.Keys |= record.KeyCachedTokens
		}
		if u.CompletionDetails != nil {
			r.rec.ReasoningTokens = u.CompletionDetails.Reasoning
		}
	}
}

// finish judges the response when it is whole, or when err has ended it; end is when its last byte came.
func (r *reply) finish(err error, end int64) {
	rec := r.rec
	rec.LatencyMs = ms(r.us(end))
	output := false
	if r.unpack != nil {
		if cut := r.unpack.close(); cut != nil && err == nil {
			r.fail(cut)
		}
		r.unpack = nil
	}
	if r.trace != nil && !r.events {
		r.trace(r.whole)
	}
	switch {
	case err != nil:
		r.fail(err)
	case rec.Status/100 != 2:
		r.err = r.refusal()
	case r.events:
		if r.lines {
			r.sse.EndLines(r.onEvent)
		} else {
			r.sse.End(r.onEvent)
		}
		output = r.chunks > 0
		if r.done {
			rec.LatencyMs = ms(r.doneAt)
		} else if rec.FinishReason == "" && !r.ep.dialect.NoFinish {
			r.fail(fail(record.KindTruncated, "the stream ended without %s", cmp.Or(r.ep.dialect.Ending, "finish_reason and [DONE]")))
		}
	default:
		output = r.readWhole()
	}
	if r.err == nil && !output && rec.CompletionTokens == 0 {
		r.err = fail(record.KindEmpty, "the answer has no output")
	}
	if len(rec.ChunkTokens) != r.chunks {
		rec.ChunkTokens = rec.ChunkTokens[:0]
	}
	rec.NoteTPOT()
	r.joined.into(rec)
	rec.OK = r.err == nil
	if r.err != nil {
		rec.Error = describe(r.err)
	}
}

func (r *reply) readWhole() (output bool) {
	e, _, err := r.decode(r.whole)
	if err != nil {
		r.fail(&failure{record.KindProtocol, err})
		return false
	}
	r.take(e)
	return e.Output()
}
