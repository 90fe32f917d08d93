package client

import (
	"slices"

	"perfpipe/internal/api"
	"perfpipe/internal/record"
)

// tally holds the counts of a server's usage that are not in the record, in tokens.
type tally struct {
	prompt, completion, total int  // of the last usage that has all three
	rejected                  int  // predicted by the request, and not streamed
	after                     bool // a usage followed the last chunk with one
}

// add adds the usage of an event. A usage without tokens is none, and a zero does not replace a count.
func (c *tally) add(rec *received, e *api.Event) {
	u := e.Usage
	if u.Prompt == 0 && u.Completion == 0 {
		return
	}
	c.after = !e.Output()
	if u.Prompt > 0 {
		rec.PromptTokens = u.Prompt
	}
	if u.Completion > 0 {
		rec.CompletionTokens = u.Completion
	}
	if u.CacheKnown {
		rec.CachedTokens = max(rec.CachedTokens, u.Cached)
		rec.Keys |= record.KeyCachedTokens
	}
	if u.Reasoning > 0 {
		rec.ReasoningTokens = u.Reasoning
	}
	if u.Rejected > 0 {
		c.rejected = u.Rejected
	}
	if u.Prompt > 0 && u.Completion > 0 && u.Total > 0 {
		c.prompt, c.completion, c.total = u.Prompt, u.Completion, u.Total
	}
}

// settle makes the record's counts agree at the end of the answer.
func (r *reply) settle() {
	rec := r.rec
	if n, single := r.choices.total(); single {
		if rec.ReasoningTokens > 0 { // of one choice
			n = 0
		}
		rec.CompletionTokens, rec.ChunkTokens = n, rec.ChunkTokens[:0]
	}
	r.chunkTokens()
	if rec.CompletionTokens > 0 {
		r.hidden()
	}
	if rec.CompletionTokens > 0 || rec.PromptTokens > 0 && r.chunks == 0 && !r.generated() {
		rec.TokensFrom = "usage"
	}
}

// generated reports whether the answer has output of tokens.
func (r *reply) generated() bool { return slices.Contains(r.seen[:], true) }

// spareChunks is the number of chunks without a token that an answer may have. If it has more chunks than tokens
// outside of its reasoning, its content includes the reasoning.
const spareChunks = 2

// hidden determines how many of the tokens were not streamed. If the total shows that reasoning is counted apart from
// the other output, as xAI does, it is added to the output.
func (r *reply) hidden() {
	rec, c := r.rec, &r.counts
	reasoning := rec.ReasoningTokens
	agrees := true
	switch rest := c.total - c.prompt - c.completion; {
	case c.total == 0:
		if reasoning > rec.CompletionTokens { // so it is not included
			rec.CompletionTokens += reasoning
		}
	case rest == 0, rest == rec.CachedTokens:
	case rest == reasoning:
		rec.CompletionTokens += reasoning
	default:
		agrees = false
	}
	withheld := reasoning > 0 && !r.seen[api.Reasoning] && r.chunks <= rec.CompletionTokens-reasoning+spareChunks
	hidden := c.rejected
	if withheld {
		hidden += reasoning
	}
	switch {
	case r.chunks == 0: // nothing was streamed
	case r.choices.overlap:
		rec.HiddenUnknown = record.HiddenSeveral
	case r.unseen == api.UnseenRedacted && !withheld:
		rec.HiddenUnknown = record.HiddenRedacted
	case r.unseen == api.UnseenSummary && !withheld:
		rec.HiddenUnknown = record.HiddenSummary
	case !agrees, hidden >= rec.CompletionTokens:
		rec.HiddenUnknown = record.HiddenTotal
	default:
		rec.HiddenTokens = hidden
	}
}

// chunkTokens turns the counts that came with the chunks, most often of all tokens so far, into the tokens of each
// chunk. It drops them if their sum is not the answer's count.
func (r *reply) chunkTokens() {
	rec := r.rec
	list := rec.ChunkTokens
	if len(list) == 0 || len(list) != r.chunks {
		rec.ChunkTokens = list[:0]
		return
	}
	sum, grows, same := 0, true, len(list) > 1
	for i, n := range list {
		sum += n
		grows = grows && (i == 0 || n >= list[i-1])
		same = same && n == list[0]
	}
	apart := !grows || same && list[0] < len(list)-1 // each chunk's own: a total would be larger
	switch {
	case r.counts.after:
		apart = same && sum == rec.CompletionTokens
	case apart && sum > 0:
		rec.CompletionTokens = sum
	case same: // either
		rec.CompletionTokens, rec.ChunkTokens = 0, list[:0]
		return
	}
	last := list[len(list)-1]
	rest := rec.CompletionTokens - last
	switch {
	case sum > 0 && sum == rec.CompletionTokens && (apart || rest > 1): // as they are
	case grows && !same && last > 0 && (rest == 0 || rest == 1): // the end of the text may be a token
		for i := len(list) - 1; i > 0; i-- {
			list[i] -= list[i-1]
		}
	default:
		rec.ChunkTokens = list[:0]
	}
}
