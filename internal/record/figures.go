package record

import (
	"cmp"
	"math"
	"slices"
)

// LastChunkMs returns when the last output chunk arrived, in ms after SentUs: ttft_ms + Σ gap_us/1000.
func (r *Record) LastChunkMs() float64 { return r.TTFTMs + float64(r.gaps())/1000 }

// gaps returns the time from the first output chunk to the last, in µs.
func (r *Record) gaps() (us int64) {
	gaps := r.GapUs
	for ; len(gaps) >= 4; gaps = gaps[4:] { // independent additions, which the processor overlaps
		us += gaps[0] + gaps[1] + (gaps[2] + gaps[3])
	}
	for _, g := range gaps {
		us += g
	}
	return us
}

// StreamedTokens returns the number of tokens from the first output chunk to the last: completion_tokens less
// hidden_tokens. It is unknown if the server does not report how many it withheld.
func (r *Record) StreamedTokens() (n int, ok bool) {
	n = r.CompletionTokens - r.HiddenTokens
	return n, n > 0 && r.CompletionTokens < 1<<40 && r.HiddenTokens >= 0 && r.HiddenUnknown == ""
}

// EndTokens is the greatest number of tokens without text that may end an answer.
const EndTokens = 2

// onePieceUs is the mean gap, in µs, below which chunks were sent together: no model makes 50,000 chunks a second.
const onePieceUs = 20

// InOnePiece reports whether all chunks of a stream arrived together, as through a proxy that buffers. The times
// between them are the proxy's then, and there is neither ITL nor TPOT.
func (r *Record) InOnePiece() bool { return inOnePiece(r.gaps(), len(r.GapUs)) }

func inOnePiece(us int64, gaps int) bool { return us < onePieceUs*int64(gaps) }

// TPOT returns the time per output token after the first, in ms: (tₙ − t₁)/(n − 1), for streamed answers of n > 1
// tokens in more than one chunk. This is the definition of vLLM's bench serve, applied to the last output chunk and the
// streamed tokens. For a record without gaps it is tpot_ms.
func (r *Record) TPOT() (ms float64, ok bool) { return r.TPOTOf(r.gaps()) }

// TPOTOf is TPOT for a caller that knows the sum of the gaps, in µs.
func (r *Record) TPOTOf(gapsUs int64) (ms float64, ok bool) {
	if len(r.GapUs) == 0 {
		return r.TPOTMs, r.TPOTMs > 0
	}
	n, ok := r.StreamedTokens()
	if r.TTFTMs == 0 || !ok || n < 2 {
		return 0, false
	}
	return float64(gapsUs) / float64(n-1) / 1000, !inOnePiece(gapsUs, len(r.GapUs))
}

// LongestGap returns the longest time from one output chunk to the next, in ms. Like ITL, it is unknown if all chunks
// arrived together, or are those of several answers.
func (r *Record) LongestGap() (ms float64, ok bool) {
	if len(r.GapUs) == 0 || r.HiddenUnknown == HiddenSeveral || r.InOnePiece() {
		return 0, false
	}
	return float64(slices.Max(r.GapUs)) / 1000, true
}

// NoteTPOT sets TPOTMs, for jq, in whole nanoseconds, because more digits mean nothing.
func (r *Record) NoteTPOT() {
	if tpot, ok := r.TPOT(); ok {
		r.TPOTMs = math.Round(tpot*1e6) / 1e6
	}
}

// Lag returns how late the load generator itself was, in ms: lag_ms, or sent − due − queue. It is unknown if the record
// has neither.
func (r *Record) Lag() (ms float64, ok bool) {
	if !r.Lacks(KeyLagMs) {
		return r.LagMs, true
	}
	if r.ScheduledUs == 0 || r.SentUs == 0 {
		return 0, false
	}
	return max(0, float64(r.SentUs-r.ScheduledUs)/1000-r.QueueMs), true
}

// ResponseMs returns the time from when the request was due to its end, in ms: latency + queue + lag. Unlike latency it
// cannot hide the wait that a slow server causes (coordinated omission). If the lag is unknown, it counts from the
// send, and what is negative does not count.
func (r *Record) ResponseMs() float64 {
	lag, _ := r.Lag()
	return r.LatencyMs + max(0, r.QueueMs) + max(0, lag)
}

// EndUs returns the instant of the end of the response.
func (r *Record) EndUs() int64 { return r.SentUs + int64(r.LatencyMs*1000+0.5) }

// Graph returns the depth of a request in its session, and the turns that it waited for. In records of releases that
// did not write them, a session is a chain.
func (r *Record) Graph() (depth int, after []int) {
	if r.Depth < 1 && r.Turn > 1 {
		return r.Turn, []int{r.Turn - 1}
	}
	return cmp.Or(r.Depth, r.Turn), r.AfterTurns
}

// ReportsCached reports whether the server reported the number of cached tokens, which may be 0. One that exceeds the
// prompt cannot be true.
func (r *Record) ReportsCached() bool {
	return (r.CachedTokens > 0 || r.Says(KeyCachedTokens)) && r.CachedTokens <= r.PromptTokens
}

// Streamed reports whether the output arrived in chunks.
func (r *Record) Streamed() bool { return r.TTFTMs > 0 }

// SessionKey identifies the session of a request among those of other runs, load points and shards, which may have the
// same names.
func (r *Record) SessionKey() string {
	return r.RunID + "\x00" + r.Run + "\x00" + r.Shard + "\x00" + r.Session
}
