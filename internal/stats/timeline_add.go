package stats

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// add adds a record that has times and is metric.Sane. It reports whether the times of its chunks are plausible.
func (t *timeline) add(r *record.Record) bool {
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
	return t.tokens(r, end)
}

// lateUs is the time after the end of an answer by which its last chunk may come, in µs, since clocks differ.
const lateUs = 10_000

// tokens counts the prompt tokens when the answer began, and the output tokens when their chunks arrived. If the answer
// was not streamed, both count at its end. It reports whether the times of the chunks are plausible.
func (t *timeline) tokens(r *record.Record, end int64) bool {
	prompt, output := metric.Tokens(r.PromptTokens), metric.Tokens(r.CompletionTokens)
	at := r.SentUs + metric.Micro(r.TTFTMs)
	gaps, valid := total(r.GapUs)
	if r.TTFTMs == 0 || !valid || at < r.SentUs || at+gaps > end+lateUs {
		b, _ := t.at(end)
		b.input += prompt
		b.output += output
		return r.TTFTMs == 0
	}
	page, j, begin := t.find(at)
	page.bins[j].input += prompt
	width := t.width()
	edge := begin + width
	upTo, given := shares(r, output), int64(0)
	for k, gap := range r.GapUs {
		if at += gap; at < edge {
			continue
		}
		sum := upTo(k + 1)
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
	page.bins[j].output += upTo(len(r.GapUs)+1) - given
	return true
}

// total returns the sum of gaps. It reports whether none of them is negative or too large.
func total(gaps []int64) (sum int64, valid bool) {
	var all int64 // bitwise or of all gaps, to compare only once: MaxValue is a power of two
	for ; len(gaps) >= 4; gaps = gaps[4:] {
		a, b, c, d := gaps[0], gaps[1], gaps[2], gaps[3]
		sum += a + b + (c + d)
		all |= a | b | (c | d)
	}
	for _, gap := range gaps {
		sum += gap
		all |= gap
	}
	return sum, uint64(all) < dist.MaxValue
}

// shares returns a function that returns the number of tokens in the first k chunks. k must be at least 1 and must not
// decrease between calls. If the record has no token counts of its chunks, the output is spread evenly over them, in
// whole numbers; tokens that were not streamed count as generated before the first chunk.
func shares(r *record.Record, output int64) func(k int) int64 {
	chunks := len(r.GapUs) + 1
	if len(r.ChunkTokens) != chunks || !metric.Plausible(r.ChunkTokens) {
		hidden := min(int64(max(0, r.HiddenTokens)), output)
		if output -= hidden; output == int64(chunks) && hidden == 0 {
			return func(k int) int64 { return int64(k) }
		}
		return func(k int) int64 { return hidden + int64(k)*output/int64(chunks) }
	}
	var sum int64
	next := 0
	return func(k int) int64 {
		for ; next < k; next++ {
			sum += int64(max(0, r.ChunkTokens[next]))
		}
		return sum
	}
}
