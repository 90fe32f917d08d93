package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
	"perfpipe/internal/sse"
)

// maxErrorBody is as much as is kept of the body of an answer that is an error.
const maxErrorBody = 64 << 10

// reply reads one response into its record.
type reply struct {
	rec      *record.Record
	call     *call
	ep       *endpoint
	read     func([]byte) (api.Event, error)
	keepText bool
	message  *message // of a conversation's turn; nil: nobody wants it
	trace    func(line []byte)
	sent     clock.Nanos
	trip     *trip // what the transport measures of it; nil: nothing

	sse       sse.Parser
	onEvent   sse.Event // event, made once
	framing   framing
	events    bool   // announced by the head: the answer is a stream of events
	whole     []byte // an answer in one piece, or the beginning of one whose framing is not known yet
	held      bool   // whole is the first of what may be JSON lines
	heldAt    int64  // when it came, µs after sent
	at        int64  // of the bytes being read, µs after sent
	last      int64  // of the last output chunk
	chunks    int
	joined    joined
	odd       []int64 // times of chunks that may be output; they are if there is no other
	counts    tally
	seen      [4]bool // the kinds of output that came, by api.Kind
	unseen    api.Unseen
	words     string // text in the place of an event, such as a heartbeat
	key       string // of text that is not known to be output
	done      bool
	doneAt    int64
	settledAt int64 // of the last event since there are both a finish_reason and usage; 0: there are not
	over      bool  // more of the answer is not wanted
	limit     limit
	shape     api.Shape
	now       api.Event // the one being read
	usage     api.Usage // its
	text      strings.Builder
	err       error
	location  string    // where the answer says that its resource is
	coding    string    // as the head has it, until the first byte of the body; "": none
	unpack    *unpacker // of a compressed answer
}

func (r *reply) begin(rec *record.Record, c *call, keepText bool) {
	whole, odd := r.whole[:0], r.odd[:0]
	if cap(whole) > 1<<20 {
		whole = nil // one huge answer must not stay in memory for good
	}
	onEvent, events := r.onEvent, r.sse
	*r = reply{}
	r.rec, r.call, r.ep, r.read, r.keepText, r.sent = rec, c, c.ep, c.ep.reader(), keepText, c.Start
	r.onEvent, r.whole, r.odd, r.sse = onEvent, whole, odd, events
	r.limit = new(Config).limit(keepText)
	r.sse.Reset()
	if r.onEvent == nil {
		r.onEvent = r.event
	}
}

// us returns an instant in µs after sent.
func (r *reply) us(at clock.Nanos) int64 { return max(0, at-r.sent).Micros() }

func ms(us int64) float64 { return float64(us) / 1000 }

// Head implements http1.Sink.
func (r *reply) Head(h *http1.Header, at clock.Nanos) {
	r.rec.Status, r.location = h.Status, h.Location
	r.rec.HeadersMs = ms(r.us(at))
	if r.trace != nil {
		r.trace(fmt.Appendf(nil, "HTTP %d %s", h.Status, h.ContentType))
	}
	r.joined.framed = h.Chunked
	r.events = h.ContentType == "text/event-stream"
	if h.Status/100 != 2 {
		r.framing = asWhole
	}
	r.coding = codingOf(h.Encoding)
	if h.Status == 429 || h.Status == 503 {
		r.rec.RetryAfter = h.RetryAfter
	}
}

// Body implements http1.Sink.
func (r *reply) Body(b []byte, at clock.Nanos) {
	r.at = r.us(at)
	r.joined.frame++
	if r.coding != "" && len(b) > 0 {
		r.openCoding(b[0])
	}
	if r.unpack != nil {
		r.unpack.push(b)
		return
	}
	r.input(b)
}

func (r *reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// event takes one event. What differs from the event before in its text alone is not decoded.
func (r *reply) event(name, data []byte) {
	r.limit.run = 0
	if r.trace != nil {
		r.trace(append([]byte("data: "), data...))
	}
	if r.done || r.err != nil {
		return
	}
	if len(name) > 0 && sse.IsError(name) {
		r.fail(&http1.Error{Kind: record.KindAPI, Err: errors.New(api.ErrorEvent(data))})
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
	if r.framing == asJSON && !r.release(data) {
		return
	}
	r.decoded(data)
}

func (r *reply) decoded(data []byte) {
	e, byHeart, err := r.decode(data)
	if err != nil {
		r.fail(&http1.Error{Kind: record.KindProtocol, Err: err})
		return
	}
	switch {
	case e.Items > 0: // no chunk of an output
	case e.Output():
		r.firsts(e)
		if r.chunk(); r.chunks == 2 { // a stream of one token is over before a shape pays
			r.learn(data, e, byHeart)
		}
		if e.Usage != nil {
			r.rec.ChunkTokens = append(r.rec.ChunkTokens, e.Usage.Completion)
		}
	case e.Odd:
		r.odd = append(r.odd, r.at)
	}
	if e.Aside != nil {
		r.aside(e.Aside)
	}
	r.take(e)
	if e.Done {
		r.done, r.doneAt = true, r.at
	} else if r.rec.FinishReason != "" && r.rec.CompletionTokens > 0 {
		r.settledAt = r.at
	}
}

// aside takes what is neither output nor count. Words in the place of an event are the error that they say they are, or
// heartbeats: then they matter only if the stream breaks off.
func (r *reply) aside(a *api.Aside) {
	if a.Key != "" && r.key == "" {
		r.key = a.Key
	}
	if a.Words == "" {
		return
	}
	if r.words = a.Words; failureWords.MatchString(a.Words) {
		r.fail(&http1.Error{Kind: record.KindAPI, Err: errors.New(a.Words)})
	}
}

var failureWords = regexp.MustCompile(`(?i)\b(internal server )?error\b|exception\b|traceback|timed out|crashed`)

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
	if e.Media {
		r.first(api.Content)
	}
}

// first marks the first output of a kind.
func (r *reply) first(k api.Kind) {
	if r.seen[k] {
		return
	}
	r.seen[k] = true
	f := &r.rec.ContentTTFTMs
	switch k {
	case api.Reasoning:
		f = &r.rec.ReasoningTTFTMs
	case api.Tool:
		f = &r.rec.ToolTTFTMs
	}
	*f = ms(r.at)
}

func (r *reply) chunk() {
	if r.chunks++; r.chunks == 1 {
		r.rec.TTFTMs = ms(r.at)
	} else {
		if r.at == r.last && r.trip != nil {
			r.joined.add(r.at, int64(r.trip.Delay))
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
		r.fail(&http1.Error{Kind: record.KindAPI, Err: errors.New(e.Err)})
	}
	if e.Model != "" {
		r.rec.Model = e.Model
	}
	if e.Finish != "" {
		r.rec.FinishReason = e.Finish
	}
	if e.Unseen != 0 {
		r.unseen = e.Unseen
	}
	if e.Usage != nil {
		r.counts.add(r.rec, e)
	}
}

// finish judges the response when it is whole, or when err has ended it; end is when its last byte came.
func (r *reply) finish(err error, end clock.Nanos) {
	rec := r.rec
	rec.LatencyMs = ms(r.us(end))
	output := false
	if r.unpack != nil {
		if cut := r.unpack.close(); cut != nil && err == nil {
			if r.endedAt() == 0 {
				r.fail(cut)
			} else if rec.UntidyEnd == "" {
				rec.UntidyEnd = record.UntidyMalformed
			}
		}
		r.unpack = nil
	}
	if r.trace != nil && !r.streamed() {
		r.trace(r.whole)
	}
	switch {
	case r.refused(err):
		r.err = r.refusal()
	case err != nil:
		r.fail(err)
	case r.streamed():
		output = r.endStream()
	default:
		output = r.readWhole()
	}
	r.settle()
	if r.err == nil && !output && rec.CompletionTokens == 0 {
		r.err = r.empty()
	}
	rec.NoteTPOT()
	r.joined.into(rec)
	rec.OK = r.err == nil
	if r.err != nil {
		rec.Error = describe(r.err)
	}
}

// endStream is the end of a stream's body.
func (r *reply) endStream() (output bool) {
	if r.framing == asEvents {
		r.sse.End(r.onEvent)
	} else {
		r.sse.EndLines(r.onEvent)
	}
	if r.held { // one JSON value, which is no stream
		return r.readWhole()
	}
	rec := r.rec
	switch {
	case r.endedAt() > 0:
		rec.LatencyMs = ms(r.endedAt())
	case rec.FinishReason != "" || r.ep.dialect.NoFinish || rec.Items > 0:
	case r.words != "":
		r.fail(fail(record.KindAPI, "%s", r.words))
	default:
		ending := cmp.Or(r.ep.dialect.Ending, "finish_reason and [DONE]")
		r.fail(fail(record.KindTruncated, "the stream ended without %s%s", ending, r.stray()))
	}
	if r.chunks == 0 && rec.CompletionTokens > 0 && r.err == nil {
		for _, r.at = range r.odd {
			r.output(api.Content)
		}
	}
	return r.chunks > 0 || rec.Items > 0
}

func (r *reply) readWhole() (output bool) {
	if len(bytes.TrimSpace(r.whole)) == 0 {
		r.fail(fail(record.KindEmpty, "the answer is empty"))
		return false
	}
	e, _, err := r.decode(r.whole)
	if err == nil && e.Aside != nil && e.Aside.Words != "" {
		err = fmt.Errorf("not a JSON answer: %.80q", e.Aside.Words)
		if e.Aside.Words[0] == '<' {
			err = fmt.Errorf("not a JSON answer but a page: %s", api.ErrorMessage(r.whole))
		}
	}
	if err != nil {
		r.fail(&http1.Error{Kind: record.KindProtocol, Err: err})
		return false
	}
	r.seen[api.Reasoning] = e.Reasoning != ""
	r.take(e)
	return e.Output()
}
