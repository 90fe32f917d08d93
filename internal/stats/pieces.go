package stats

import "perfpipe/internal/record"

// pieces counts streams by whether all of their chunks have one time. If that read was late, the record alone does
// not show whether the server sent them at once, too: the streams that were not read late do.
type pieces struct {
	Spread int64 // streams that arrived in several pieces
	Whole  int64 // streams in one piece that was not read late
	Late   int64 // chunks after the first of streams in one piece that was
}

func (p *pieces) add(r *record.Record, inOnePiece bool) {
	switch {
	case len(r.GapUs) == 0:
	case !inOnePiece:
		p.Spread++
	case r.ReadDelayMs < lateRead:
		p.Whole++
	case readLate(r):
		p.Late += int64(len(r.GapUs))
	}
}

func (p *pieces) merge(o pieces) {
	p.Spread += o.Spread
	p.Whole += o.Whole
	p.Late += o.Late
}

// joined returns the number of the late chunks that lost their own times, if the server sends as many streams at once
// as the others show. Without others, it may send all of them so.
func (p *pieces) joined() float64 {
	return float64(p.Late) * float64(p.Spread) / float64(max(1, p.Spread+p.Whole))
}

// readLate reports whether a stream in one piece was read late, and may have been sent in several.
func readLate(r *record.Record) bool {
	return r.ReadDelayMs >= lateRead && r.Says(record.KeyJoined) && r.Joined == 0
}
