package stats

import (
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// add adds a record that is metric.Timed. It reports whether the times of its chunks are plausible.
func (t *timeline) add(o *metric.Observation) bool {
	r := o.Record
	due, end := metric.DueUs(r), r.SentUs+metric.Micro(r.LatencyMs)
	b, offset := t.at(r.SentUs)
	b.starts++
	b.startUs += offset
	if offset >= r.SentUs-due && due <= r.SentUs { // due in the same bin, which is the usual case
		b.dues++
	} else {
		b, _ = t.at(due)
		b.dues++
	}
	b, offset = t.at(end)
	b.ends++
	b.endUs += offset
	if !r.OK {
		return true
	}
	b.ok++
	return t.tokens(o, end)
}

// lateUs is the time after the end of an answer by which its last chunk may come, in µs, since clocks differ.
const lateUs = 10_000

// tokens counts the prompt tokens when the answer began, and the output tokens when their chunks arrived. If the answer
// was not streamed, both count at its end. It reports whether the times of the chunks are plausible.
func (t *timeline) tokens(r *metric.Observation, end int64) bool {
	prompt, output := metric.Tokens(r.PromptTokens), metric.Tokens(r.CompletionTokens)
	at := r.SentUs + metric.Micro(r.TTFTMs)
	if r.TTFTMs == 0 || !r.GapsValid || at < r.SentUs || at+r.GapsUs > end+lateUs {
		b, _ := t.at(end)
		b.input += prompt
		b.output += output
		return r.TTFTMs == 0
	}
	page, j, begin := t.find(at)
	page.bins[j].input += prompt
	width := t.width()
	edge := begin + width
	tokens, given := sharesOf(r.Record, output), int64(0)
	for k, gap := range r.GapUs {
		if at += gap; at < edge {
			continue
		}
		sum := tokens.upTo(k + 1)
		page.bins[j].output += sum - given
		given = sum
		if j+2 < pageBins { // one or two bins on, the usual case, without an unpredictable branch
			next := 1
			if at >= edge+width {
				next = 2
			}
			j, edge = j+next, edge+int64(next)*width
		}
		for at >= edge && j+1 < pageBins {
			j, edge = j+1, edge+width
		}
		if at >= edge {
			page, j, begin = t.find(at) // this may coarsen the bins
			width = t.width()
			edge = begin + width
		}
	}
	page.bins[j].output += tokens.upTo(len(r.GapUs)+1) - given
	return true
}

// shares spreads the output tokens of an answer over its chunks: by the token counts of the chunks, or else evenly, in
// whole numbers. Tokens that were not streamed count as generated before the first chunk.
type shares struct {
	known                  []int // tokens of each chunk; nil if unknown
	summed                 int   // chunks in sum
	sum                    int64 // of known
	hidden, output, chunks int64 // if unknown; output is without hidden
}

func sharesOf(r *record.Record, output int64) shares {
	chunks := len(r.GapUs) + 1
	if len(r.ChunkTokens) == chunks && metric.Plausible(r.ChunkTokens) {
		return shares{known: r.ChunkTokens}
	}
	hidden := min(int64(max(0, r.HiddenTokens)), output)
	return shares{hidden: hidden, output: output - hidden, chunks: int64(chunks)}
}

// upTo returns the number of tokens in the first k chunks. k must be at least 1 and must not decrease between calls.
func (s *shares) upTo(k int) int64 {
	switch {
	case s.known != nil:
		for ; s.summed < k; s.summed++ {
			s.sum += int64(max(0, s.known[s.summed]))
		}
		return s.sum
	case s.output == s.chunks: // the usual case, without a division
		return s.hidden + int64(k)
	}
	return s.hidden + int64(k)*s.output/s.chunks
}
