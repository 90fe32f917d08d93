package metric

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Observation is a record, with the figures that several metrics derive from all its gaps.
type Observation struct {
	*record.Record
	TPOTMs     float64
	HasTPOT    bool
	InOnePiece bool // all chunks arrived together
}

// Observe returns the Observation of a record.
func Observe(r *record.Record) Observation {
	o := Observation{Record: r}
	o.TPOTMs, o.HasTPOT = r.TPOT()
	o.InOnePiece = !o.HasTPOT && r.InOnePiece()
	return o
}

// DueUs returns the instant at which a request was due, µs since the epoch. Records of other tools may have only that of
// the send.
func DueUs(r *record.Record) int64 {
	if r.ScheduledUs > 0 {
		return r.ScheduledUs
	}
	return r.SentUs
}

// Sane reports whether the times of a record are possible: instants of the first 36,000 years, and a latency of less than
// twelve days.
func Sane(r *record.Record) bool {
	due := DueUs(r)
	return r.SentUs >= 0 && r.SentUs <= 1<<60 && due >= 0 && due <= 1<<60 && Micro(r.LatencyMs) >= 0
}

// Tokens returns a count to be summed: 0 if it is negative or absurd, as a Dist refuses it.
func Tokens(n int) int64 {
	if n < 0 || n >= dist.MaxValue {
		return 0
	}
	return int64(n)
}

// Micro returns ms in µs, rounded. NaN becomes negative, which a Dist refuses.
func Micro(ms float64) int64 { return Whole(ms * 1000) }

// Whole returns v rounded, or -1 if a Dist refuses it.
func Whole(v float64) int64 {
	if v >= 0 && v < dist.MaxValue {
		return int64(v + 0.5)
	}
	return -1
}

// Generates reports whether the request asked for output tokens.
func Generates(r *record.Record) bool {
	return r.Op != "embedding" && r.Op != "rerank" && r.Op != "score"
}

// maxChunkTokens bounds the tokens that the chunks of one answer may count: each has a value of its own.
const maxChunkTokens = 1 << 20

// Plausible reports whether the chunks of one answer may have that many tokens each.
func Plausible(chunkTokens []int) bool {
	sum := 0
	for _, n := range chunkTokens {
		if n > maxChunkTokens {
			return false
		}
		sum += max(0, n)
	}
	return sum <= maxChunkTokens
}
