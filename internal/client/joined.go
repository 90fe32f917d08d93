package client

import (
	"math"
	"time"

	"perfpipe/internal/record"
)

// joined counts the output chunks of a stream that lost their own times because they were read late, together with
// the chunk before: the kernel keeps one stamp for all bytes that wait in a connection. Chunks that the server sent
// together lose nothing: those in one HTTP chunk, and as many in a late read as a read in time has.
type joined struct {
	framed bool  // the transfer coding is chunked: each write of the server is one HTTP chunk
	frame  int32 // the HTTP chunk being read
	last   int32 // the HTTP chunk of the last output chunk

	together int32 // output chunks in the same read as the one before, but in another HTTP chunk
	late     int32 // of them in late reads
	sent     bool  // a late read has chunks that the server sent together
	reads    int32 // late reads with such chunks
	at       int64 // of the last of these reads, µs
}

// lateRead is the delay of a read, ns, from which chunks that it found together may have come one after the other.
const lateRead = int64(time.Millisecond)

// add counts a chunk with the same time, µs, as the one before, in a read that was late by delay, ns.
func (j *joined) add(at, delay int64) {
	if j.framed && j.frame == j.last {
		j.sent = j.sent || delay >= lateRead
		return
	}
	if j.together++; delay < lateRead {
		return
	}
	if j.late++; at != j.at {
		j.at = at
		j.reads++
	}
}

// into writes the count to the record, also if it is 0, once there were such chunks: without the key, readers of
// records estimate it from gap_us.
func (j *joined) into(rec *record.Record) {
	if j.late > 0 || j.sent {
		rec.Keys |= record.KeyJoined
	}
	if j.late == 0 {
		return
	}
	reads := int32(1)
	for _, gap := range rec.GapUs {
		if gap > 0 {
			reads++
		}
	}
	if reads == 1 { // the whole answer in one read
		return
	}
	usual := 0.0 // chunks beyond the first in a read in time
	if inTime := reads - j.reads; inTime > 0 {
		usual = float64(j.together-j.late) / float64(inTime)
	}
	rec.Joined = int(math.Round(max(0, float64(j.late)-usual*float64(j.reads))))
}
