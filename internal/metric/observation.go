package metric

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Observation is a record with the figures that several metrics derive from its gaps, so that they are computed once.
type Observation struct {
	*record.Record
	TPOTMs     float64
	HasTPOT    bool
	InOnePiece bool // all chunks arrived at once
}

// Observe returns the Observation of a record.
func Observe(r *record.Record) Observation {
	o := Observation{Record: r}
	o.TPOTMs, o.HasTPOT = r.TPOT()
	o.InOnePiece = !o.HasTPOT && r.InOnePiece()
	return o
}

// DueUs returns when a request was due, in µs since the epoch. It is the time of the send for records of other tools
// that have no other.
func DueUs(r *record.Record) int64 {
	if r.ScheduledUs > 0 {
		return r.ScheduledUs
	}
	return r.SentUs
}

// Sane reports whether the times of a record are plausible: due and sent within 36,000 years of the epoch, with a
// latency below dist.MaxValue.
func Sane(r *record.Record) bool {
	due := DueUs(r)
	return r.SentUs >= 0 && r.SentUs <= 1<<60 && due >= 0 && due <= 1<<60 && Micro(r.LatencyMs) >= 0
}

// Tokens returns n, or 0 if a Dist would reject it, so that an implausible count does not distort a sum.
func Tokens(n int) int64 {
	if n < 0 || n >= dist.MaxValue {
		return 0
	}
	return int64(n)
}

// Micro converts ms to µs, rounded. It returns -1, which a Dist rejects, if the result is out of range or NaN.
func Micro(ms float64) int64 { return Whole(ms * 1000) }

// Whole rounds v. It returns -1, which a Dist rejects, if v is out of the range of a Dist or NaN.
func Whole(v float64) int64 {
	if v >= 0 && v < dist.MaxValue {
		return int64(v + 0.5)
	}
	return -1
}

// Generates reports whether the operation of a request generates output tokens.
func Generates(r *record.Record) bool {
	return r.Op != "embedding" && r.Op != "rerank" && r.Op != "score"
}

// maxChunkTokens limits the tokens of all chunks of one answer, since each token adds a value to a Dist.
const maxChunkTokens = 1 << 20

// Plausible reports whether the token counts of the chunks of one answer are within maxChunkTokens.
func Plausible(chunkTokens []int) bool {
	sum := 0
	for _, n := range chunkTokens {
		if n < 0 || n > maxChunkTokens {
			return false
		}
		sum += n
	}
	return sum <= maxChunkTokens
}
