package client

import (
	"bytes"
	"cmp"
	"fmt"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
)

// finish completes the record at the end of the answer, or when err has ended it. end is when its last byte was
// received.
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
	r.got.into(rec)
	r.settle()
	r.noteTimes()
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

// endStream ends the body of a stream and reports whether there was output.
func (r *reply) endStream() (output bool) {
	if r.framing == asEvents {
		r.sse.End(r.onEvent)
	} else {
		r.sse.EndLines(r.onEvent)
	}
	if r.held { // one JSON value is not a stream
		return r.readWhole()
	}
	rec := r.rec
	switch {
	case !r.done && r.choices.several() && r.choices.unfinished():
		r.fail(fail(record.KindTruncated, "the stream ended before all of its choices had a finish_reason"))
	case r.endedAt() > 0:
		rec.LatencyMs = ms(r.endedAt())
	case r.got.FinishReason != "" || r.ep.dialect.NoFinish || r.got.Items > 0:
	case r.words != "":
		r.fail(fail(record.KindAPI, "%s", r.words))
	default:
		ending := cmp.Or(r.ep.dialect.Ending, "finish_reason and [DONE]")
		r.fail(fail(record.KindTruncated, "the stream ended without %s%s", ending, r.stray()))
	}
	if r.chunks == 0 && r.got.CompletionTokens > 0 && r.err == nil {
		for _, r.at = range r.odd {
			r.output(api.Content)
		}
	}
	return r.chunks > 0 || r.got.Items > 0
}

// readWhole reads an answer that is not a stream and reports whether it has output.
func (r *reply) readWhole() (output bool) {
	if len(bytes.TrimSpace(r.whole)) == 0 {
		r.fail(fail(record.KindEmpty, "the answer is empty"))
		return false
	}
	e := eventPool.Get().(*event)
	defer eventPool.Put(e)
	_, err := r.decode(r.whole, e)
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
	r.noteID(r.whole)
	r.seen[api.Reasoning] = e.Reasoning != ""
	r.take(&e.Event)
	return e.Output()
}
