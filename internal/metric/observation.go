package metric

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Observation is a record with the figures that several metrics derive from its gaps, so that they are computed once.
type Observation struct {
	*record.Record
	GapsUs     int64 // sum of the gaps
	GapsValid  bool  // no gap is negative or too large
	TPOTMs     float64
	HasTPOT    bool
	InOnePiece bool // all chunks arrived at once
}

// Observe returns the Observation of a record.
func Observe(r *record.Record) Observation {
	o := Observation{Record: r}
	o.GapsUs, o.GapsValid = total(r.GapUs)
	if o.GapsValid {
		o.TPOTMs, o.HasTPOT = r.TPOTOf(o.GapsUs)
	}
	o.InOnePiece = !o.HasTPOT && o.GapsValid && r.InOnePiece()
	return o
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

// DueUs returns when a request was due, in µs since the epoch. It is the time of the send for records of other tools
// that have no other.
func DueUs(r *record.Record) int64 {
	if r.ScheduledUs > 0 {
		return r.ScheduledUs
	}
	return r.SentUs
}

// Timed reports whether a record has the times of a flight: when it was sent, and how long it took. It also reports
// whether its times are plausible, which they may be if they are incomplete.
func Timed(r *record.Record) (timed, plausible bool) {
	plausible = sane(r)
	return plausible && r.SentUs != 0 && !r.Lacks(record.KeyLatencyMs), plausible
}

// sane reports whether the times of a record are plausible: due and sent within 36,000 years of the epoch, with a
// latency below dist.MaxValue.
func sane(r *record.Record) bool {
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
