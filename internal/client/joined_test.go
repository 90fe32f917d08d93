package client

import (
	"testing"
	"time"

	"perfpipe/internal/record"
)

// A chunkRead is a read with its delay, and the number of output chunks in each HTTP chunk of it.
type chunkRead struct {
	late   time.Duration
	pieces []int
}

// Chunks that a server sends together have not lost their times, however late they are read.
func TestJoined(t *testing.T) {
	const in, late = 100 * time.Microsecond, 3 * time.Millisecond
	many := func(n int, reads ...chunkRead) (all []chunkRead) {
		for range n {
			all = append(all, reads...)
		}
		return all
	}
	for _, test := range []struct {
		name   string
		framed bool
		reads  []chunkRead
		want   int
		told   bool // the record has the key
	}{
		{"one at a time, late", true, many(5, chunkRead{late, []int{1}}), 0, false},
		{"two at once by the server, in one piece, all late", true, many(9, chunkRead{late, []int{2}}), 0, true},
		{"two at once by the server, in two pieces", true, many(9, chunkRead{in, []int{1, 1}},
			chunkRead{late, []int{1, 1}}), 0, true},
		{"four at once without pieces", false, many(9, chunkRead{in, []int{4}}, chunkRead{late, []int{4}}), 0, true},
		{"one at a time, three read together", true, many(4, chunkRead{in, []int{1}}, chunkRead{late, []int{1, 1, 1}}),
			8, true},
		{"one at a time without pieces, three read together", false, many(4, chunkRead{in, []int{1}},
			chunkRead{late, []int{3}}), 8, true},
		{"pieces of two, three read together", true, many(4, chunkRead{in, []int{2}}, chunkRead{late, []int{2, 2, 2}}),
			8, true},
		{"the whole answer in one read", false, []chunkRead{{late, []int{50}}}, 0, true},
		{"together, but in time", false, many(5, chunkRead{in, []int{3}}), 0, false},
	} {
		rec := new(record.Record)
		r := reply{rec: rec, trip: new(trip)}
		r.joined.framed = test.framed
		for i, read := range test.reads {
			r.at, r.trip.Delay = int64(1000*(i+1)), read.late
			for _, n := range read.pieces {
				r.joined.frame++
				for range n {
					r.chunk()
				}
			}
		}
		r.got.into(rec)
		r.joined.into(rec)
		if rec.Joined != test.want || rec.Says(record.KeyJoined) != test.told {
			t.Errorf("%s: %d, told: %v; want %d, %v", test.name, rec.Joined, rec.Says(record.KeyJoined), test.want,
				test.told)
		}
	}
}
