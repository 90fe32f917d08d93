package client

import (
	"math"
	"time"

	"perfpipe/internal/record"
)

// joined counts the output chunks of a stream that were read late, together with the one before, and so lost their own
// times: the kernel keeps one stamp for all that waits in a connection. What the server itself sends together loses
// nothing: the chunks in one piece of HTTP's chunked coding, and as many in a late read as there are in one in time.
type joined struct {
	framed bool // the coding is chunked: a server's write is a piece of it
	frame  int  // the piece being read
	last   int  // the piece of the last output chunk

	together int   // chunks that came in the same read as the one before, in another piece
	late     int   // of them in late reads
	reads    int   // late reads with such chunks
	at       int64 // of the last of these reads, µs
}

// lateRead is the wait before a read from which what it found together may have come one after the other.
const lateRead = int64(time.Millisecond)

// add counts a chunk that came at the same time as the one before, in a read that was late by delay, ns.
func (j *joined) add(at, delay int64) {
	if j.framed && j.frame == j.last {
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

// into writes the count, zero too if some came together late: readers of records without it go by gap_us.
func (j *joined) into(rec *record.Record) {
	if j.late == 0 {
		return
	}
	rec.Keys |= record.KeyJoined
	reads := 1
	for _, gap := range rec.GapUs {
		if gap > 0 {
			reads++
		}
	}
	if reads == 1 { // an answer in one piece
		return
	}
	usual := 0.0 // chunks beyond the first in a read in time
	if inTime := reads - j.reads; inTime > 0 {
		usual = float64(j.together-j.late) / float64(inTime)
	}
	rec.Joined = int(math.Round(max(0, float64(j.late)-usual*float64(j.reads))))
}
