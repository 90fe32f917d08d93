package client

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
	"perfpipe/internal/servertime"
	"perfpipe/internal/sse"
)

// maxErrorBody is the most that is stored of the body of an HTTP error, bytes.
const maxErrorBody = 64 << 10

// reply reads one response into its record.
type reply struct {
	rec     *record.Record // is completed at the end
	got     received
	call    *call
	ep      *endpoint
	read    func([]byte) (api.Event, error)
	message *message // of a conversation's turn; nil: it is not wanted
	trace   func(line []byte)
	sent    clock.Nanos
	trip    *trip

	sse       sse.Parser
	onEvent   sse.Event // event, created once
	framing   framing
	events    bool   // the Content-Type is that of events
	whole     []byte // an answer that is not a stream, or the beginning of one whose framing is not known
	held      bool   // whole may be the first of JSON lines
	heldAt    int64  // when it was received, µs after sent
	at        int64  // of the bytes being read, µs after sent
	last      int64  // of the last output chunk, µs after sent
	chunks    int
	deltas    bool // one of them was a delta
	joined    joined
	odd       []int64 // times of chunks, µs after sent, that are output if there is no other
	counts    tally
	seen      [4]bool // the kinds of output that were received, by api.Kind
	unseen    api.Unseen
	words     string // text instead of an event, such as a heartbeat
	key       string // of text that is not known to be output
	done      bool
	doneAt    int64 // µs after sent
	settledAt int64 // µs after sent: of the last event, once there are a finish reason and usage; else 0
	resumed   bool  // there was output after that
	choices   choices
	named     bool // the server's name of the request was looked for
	over      bool // the rest of the answer is not wanted
	limit     limit
	shape     api.Shape
	text      *strings.Builder // of the output; nil: it is not kept
	err       error
	location  string            // the header
	coding    string            // Content-Encoding, until the first byte of the body; empty: none
	unpack    *unpacker         // of a compressed answer
	times     *servertime.Times // nil: none were reported in the body
	headTimes *servertime.Times // nil: none were reported in the header
}

// begin prepares r for the answer to c, except its trip, its limit and its record. It reuses the memory of the answer
// before.
func (r *reply) begin(c *call, keepText bool) {
	gaps, tokens := r.got.GapUs[:0], r.got.ChunkTokens[:0]
	whole, odd := r.whole[:0], r.odd[:0]
	if cap(whole) > 1<<20 {
		whole = nil // do not hold the memory of a huge answer
	}
	onEvent, events := r.onEvent, r.sse
	*r = reply{}
	r.call, r.ep, r.read, r.sent = c, c.ep, c.ep.reader(), c.Start
	r.got.GapUs, r.got.ChunkTokens = gaps, tokens
	if keepText {
		r.text = new(strings.Builder)
	}
	r.onEvent, r.whole, r.odd, r.sse = onEvent, whole, odd, events
	r.sse.Reset()
	if r.onEvent == nil {
		r.onEvent = r.event
	}
}

// us returns an instant in µs after sent.
func (r *reply) us(at clock.Nanos) int64 { return max(0, at-r.sent).Micros() }

// ms returns µs in ms.
func ms(us int64) float64 { return float64(us) / 1000 }

// Head implements http1.Sink.
func (r *reply) Head(h *http1.Header, at clock.Nanos) {
	r.got.Status, r.location = h.Status, h.Location
	r.got.HeadersMs = ms(r.us(at))
	if r.trace != nil {
		r.trace(fmt.Appendf(nil, "HTTP %d %s", h.Status, h.ContentType))
	}
	r.joined.framed = h.Chunked
	if len(h.Fields) > 0 {
		r.noteHeadID(h)
		r.headTimes = r.ep.dialect.HeaderTimes(h.Field)
	}
	r.events = h.ContentType == "text/event-stream"
	if h.Status/100 != 2 {
		r.framing = asWhole
	}
	r.coding = codingOf(h.Encoding)
	if h.Status == 429 || h.Status == 503 {
		r.got.RetryAfter = h.RetryAfter
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

// fail sets the error of the answer unless it has one.
func (r *reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// event reads one event. One that differs from the event before only in its text is not decoded.
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
			if r.text != nil {
				r.text.Write(text)
			}
			if r.message != nil && kind == api.Content {
				r.message.content.Write(text)
			}
		} else {
			r.noOutput()
		}
		return
	}
	if r.framing == asJSON && !r.release(data) {
		return
	}
	r.decoded(data)
}

// decoded decodes one event and reads it.
func (r *reply) decoded(data []byte) {
	if !r.named {
		r.noteID(data)
	}
	buf := eventPool.Get().(*event)
	defer eventPool.Put(buf)
	e := &buf.Event
	cached, err := r.decode(data, buf)
	if err != nil {
		r.fail(&http1.Error{Kind: record.KindProtocol, Err: err})
		return
	}
	if e.Output() && e.Whole && r.deltas { // MiniMax ends a stream so
		e.DropOutput()
	}
	switch {
	case e.Items > 0: // not a chunk of output
	case e.Output():
		r.deltas = r.deltas || !e.Whole
		r.firsts(e)
		if r.chunk(); r.chunks == 2 { // a stream of one token ends before a shape pays
			r.learn(data, e, cached)
		}
		if e.Usage != nil {
			r.got.ChunkTokens = append(r.got.ChunkTokens, e.Usage.Completion)
		}
	case e.Odd:
		r.odd = append(r.odd, r.at)
	case e.Finish != "" || e.Usage == nil && e.Aside == nil && !e.Done:
		r.noOutput()
	}
	if e.Aside != nil {
		r.aside(e.Aside)
	}
	r.take(e)
	r.choices.add(e)
	if e.Done {
		r.done, r.doneAt = true, r.at
	} else if r.got.FinishReason != "" && r.got.CompletionTokens > 0 && !r.choices.unfinished() {
		r.settledAt = r.at
	}
}

// noOutput counts a chunk without output. It is a step of the engine all the same, such as that of the end token.
func (r *reply) noOutput() {
	if r.chunks > 0 && r.ep.dialect.Name == "openai" {
		r.got.EmptyChunks++
	}
}

// aside reads what is neither output nor count. Words instead of an event are an error if they read like one, else
// heartbeats, which matter only if the stream is truncated.
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

// event is an event being read.
type event struct {
	api.Event
	usage api.Usage // perhaps that of Event
}

// eventPool is shared by all replies: a stream needs one for a moment only.
var eventPool = sync.Pool{New: func() any { return new(event) }}

// decode decodes an event, which is valid as long as data. cached reports whether its layout was cached, as most are.
func (r *reply) decode(data []byte, e *event) (cached bool, err error) {
	if m := r.ep.memo; m != nil && m.Match(data, &e.Event, &e.usage) {
		return true, nil
	}
	e.Event, err = r.read(data)
	return false, err
}

// learn learns the shape of an event, for the events like it that follow.
func (r *reply) learn(data []byte, e *api.Event, cached bool) {
	if cached {
		r.shape, _ = r.ep.memo.LearnMatched(data, e)
		return
	}
	r.shape, _ = r.ep.dialect.Learn(data, *e)
}

// output counts a chunk of one kind.
func (r *reply) output(k api.Kind) {
	r.first(k)
	r.chunk()
}

// firsts records the times of the first output of all kinds in an event.
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

// first records the time of the first output of a kind.
func (r *reply) first(k api.Kind) {
	if r.seen[k] {
		return
	}
	r.seen[k] = true
	f := &r.got.ContentTTFTMs
	switch k {
	case api.Reasoning:
		f = &r.got.ReasoningTTFTMs
	case api.Tool:
		f = &r.got.ToolTTFTMs
	}
	*f = ms(r.at)
}

// chunk records the time of a chunk of output.
func (r *reply) chunk() {
	if r.chunks++; r.chunks == 1 {
		r.got.TTFTMs = ms(r.at)
	} else {
		if r.at == r.last && r.trip != nil {
			r.joined.add(r.at, int64(r.trip.Delay))
		}
		r.got.GapUs = append(r.got.GapUs, r.at-r.last)
	}
	r.resumed = r.resumed || r.settledAt > 0
	r.last, r.joined.last = r.at, r.joined.frame
}

// take copies the text of an event and all its other data except the time of its output.
func (r *reply) take(e *api.Event) {
	if r.text != nil {
		r.text.WriteString(e.Reasoning)
		r.text.WriteString(e.Content)
		r.text.WriteString(e.Tool)
	}
	if r.message != nil {
		r.message.add(e)
	}
	if e.Items > 0 {
		r.got.Items = e.Items
	}
	if e.Err != "" {
		r.fail(&http1.Error{Kind: record.KindAPI, Err: errors.New(e.Err)})
	}
	if e.Model != "" {
		r.got.Model = e.Model
	}
	if e.Finish != "" {
		r.got.FinishReason = e.Finish
	}
	if e.Unseen != 0 {
		r.unseen = e.Unseen
	}
	if e.Usage != nil {
		r.counts.add(&r.got, e)
		r.choices.count(e)
	}
	if e.Times != nil {
		r.timed(e.Times)
	}
}
