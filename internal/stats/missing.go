package stats

import (
	"fmt"
	"slices"

	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// missing counts, for each element of wanted, the records that lack it. Records of other tools may lack some keys.
type missing [len(wanted)]int64

// earlyUs is the time by which a request may be sent before it is due, in µs, since clocks differ.
const earlyUs = 10_000

// spareChunks is how many chunks an answer may have beyond its tokens, such as that of a tool's name.
const spareChunks = 2

// wanted lists what the figures need from records, each with a note on the effect of records that lack it.
var wanted = [...]struct {
	key   string // name in states
	lacks func(*metric.Observation) bool
	note  string // completes "N of M records …"
}{
	{"ok", func(r *metric.Observation) bool { return r.Lacks(record.KeyOK) },
		"have no ok: those without an error or an error status count as successes"},
	{"sent_us", func(r *metric.Observation) bool { return r.SentUs == 0 },
		"have no send time (sent_us), and are left out of what depends on time"},
	{"latency_ms", func(r *metric.Observation) bool { return r.SentUs != 0 && r.Lacks(record.KeyLatencyMs) },
		"have no end (latency_ms), and are left out of what depends on time"},
	{"lag_ms", func(r *metric.Observation) bool { _, known := r.Lag(); return !known },
		"have no lag (lag_ms, or scheduled_us and sent_us): their response time counts from the send"},
	{"prompt_tokens", func(r *metric.Observation) bool {
		return r.OK && r.PromptTokens == 0 && r.Lacks(record.KeyPromptTokens)
	},
		"are successes without prompt_tokens, which count as 0"},
	{"completion_tokens", func(r *metric.Observation) bool {
		return r.OK && metric.Generates(r.Record) && r.CompletionTokens == 0 && r.Lacks(record.KeyCompletionTokens)
	}, "are successes without completion_tokens, which count as 0"},
	{"gap_us", func(r *metric.Observation) bool {
		return r.OK && r.Streamed() && r.CompletionTokens > 1 && len(r.GapUs) == 0 && r.TPOTMs <= 0
	}, "are answers streamed in one chunk, or without gap_us, and have no TPOT and no ITL"},
	{"late_pieces", func(r *metric.Observation) bool {
		return r.OK && r.Streamed() && r.InOnePiece && readLate(r.Record)
	}, "are streams that were read late and all at once, and have no TPOT and no ITL"},
	{"pieces", func(r *metric.Observation) bool {
		return r.OK && r.Streamed() && r.InOnePiece && !readLate(r.Record)
	},
		"are streams that arrived in one piece, as through a proxy that buffers or compresses, and have no TPOT and no ITL"},
	{"tool_first", func(r *metric.Observation) bool {
		return r.OK && r.HasTPOT && r.ToolTTFTMs > 0 && r.ToolTTFTMs <= r.TTFTMs && len(r.GapUs) > 0 &&
			r.CompletionTokens > len(r.GapUs)+1+record.EndTokens && len(r.ChunkTokens) == 0
	}, "begin with a tool call: a server may withhold its tokens until the name is complete, which makes TTFT longer " +
		"and TPOT shorter than the model's"},
	{"few_tokens", func(r *metric.Observation) bool {
		n := r.CompletionTokens - r.HiddenTokens
		return r.OK && r.HasTPOT && len(r.GapUs)+1 > n+n/10+spareChunks
	}, "have fewer tokens than chunks of output: either the server counts too few, and TPOT and tokens/s are wrong, or " +
		"a chunk is not a whole token, and ITL is not that of tokens"},
	{"order", func(r *metric.Observation) bool { return r.OK && r.LatencyMs > 0 && r.TTFTMs > r.LatencyMs+0.001 },
		"ended before their first output (latency_ms is below ttft_ms), which is impossible"},
	{"last_output", func(r *metric.Observation) bool {
		return r.OK && r.LatencyMs > 0 && r.GapsValid && r.TTFTMs <= r.LatencyMs &&
			r.TTFTMs+float64(r.GapsUs)/1000 > r.LatencyMs+0.001
	}, "ended before their last output (latency_ms is below ttft_ms and the sum of gap_us), which is impossible"},
	{"zero_ttft", func(r *metric.Observation) bool { return r.OK && r.TTFTMs == 0 && r.Says(record.KeyTTFTMs) },
		"have a ttft_ms of 0, and are taken as not streamed"},
	{"contradiction", func(r *metric.Observation) bool {
		return r.OK && !r.Lacks(record.KeyOK) && (r.Error != nil || r.Status >= 400)
	}, "are ok in spite of an error or an error status, and count as successes"},
	{"unit", func(r *metric.Observation) bool { return !inMicroseconds(r.SentUs) },
		"have a sent_us that seems not to be in µs since the epoch: what depends on time is wrong by that factor"},
	{"sent_early", func(r *metric.Observation) bool { return r.SentUs > 0 && r.SentUs < r.ScheduledUs-earlyUs },
		"were sent before they were due (sent_us is below scheduled_us), as if a clock had been set back: " +
			"what depends on time may be wrong"},
	{"due", func(r *metric.Observation) bool {
		waited := float64(r.SentUs-r.ScheduledUs)/1000 - r.QueueMs - r.LagMs // ms beyond those that the record accounts for
		return r.ScheduledUs > 0 && !r.Lacks(record.KeyLagMs) && waited > earlyUs/1000
	}, "were due earlier than their lag_ms and queue_ms imply (scheduled_us): throughput counts from the former, " +
		"response time from the latter"},
	{"hidden_tokens", func(r *metric.Observation) bool { return r.OK && r.HiddenTokens > r.CompletionTokens },
		"have no TPOT: they hide more tokens than they have (hidden_tokens is above completion_tokens)"},
	{"redacted_reasoning", hidden(record.HiddenRedacted),
		"have no TPOT: reasoning that was not streamed is among their tokens, and not counted apart (redacted_reasoning)"},
	{"reasoning_summary", hidden(record.HiddenSummary),
		"have no TPOT: a summary was streamed in the place of the reasoning that their tokens count (reasoning_summary)"},
	{"several_answers", hidden(record.HiddenSeveral),
		"have no TPOT and no ITL: each has several answers, whose tokens interleave (several_answers)"},
	{"total_disagrees", hidden(record.HiddenTotal),
		"have no TPOT: the server's counts of tokens do not add up to its total (total_disagrees)"},
}

// inMicroseconds reports whether a time may be in µs since the epoch: it is not what seconds (2017 to 2049),
// milliseconds or nanoseconds since the epoch would be.
func inMicroseconds(t int64) bool {
	seconds := t >= 1.5e9 && t < 2.5e9
	milliseconds := t >= 1e12 && t < 1e13
	nanoseconds := t >= 1e17
	return !seconds && !milliseconds && !nanoseconds
}

// hidden returns a function that reports whether the number of streamed tokens is unknown for the given reason.
func hidden(why string) func(*metric.Observation) bool {
	return func(r *metric.Observation) bool { return r.OK && r.Streamed() && r.HiddenUnknown == why }
}

func (m *missing) add(r *metric.Observation) {
	for i := range wanted {
		if wanted[i].lacks(r) {
			m[i]++
		}
	}
}

// of returns the number of records that lack the element of wanted with the given key.
func (m *missing) of(key string) int64 {
	for i := range wanted {
		if wanted[i].key == key {
			return m[i]
		}
	}
	return 0
}

// notes returns a note for each element, or each of those with the given keys, that some of total records lack.
func (m *missing) notes(total int64, keys ...string) (notes []string) {
	for i, n := range m {
		if n > 0 && (keys == nil || slices.Contains(keys, wanted[i].key)) {
			notes = append(notes, fmt.Sprintf("%d of %d records %s", n, total, wanted[i].note))
		}
	}
	return notes
}
