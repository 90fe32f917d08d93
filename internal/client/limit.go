package client

import (
	"perfpipe/internal/record"
	"perfpipe/internal/sse"
)

// The most of an answer that is read unless Config.MaxAnswer says otherwise, bytes after decompression. Real answers
// stay far below: the embeddings of two thousand texts of 1,024 dimensions have 40 MB, and a stream of a hundred
// thousand tokens 30.
const (
	mostHeld     = 64 << 20 // in memory at once: a body in one piece, or one event of a stream
	mostStreamed = 1 << 30  // of a stream, of which only numbers are kept
	mostChunks   = 1 << 20  // whose times are kept
)

// limit is how much of an answer is read.
type limit struct {
	held, streamed int64 // most bytes at once and in all
	run, all       int64 // bytes since the last event and in all
}

func (c *Config) limit(keeps bool) limit {
	l := limit{held: mostHeld, streamed: mostStreamed}
	if n := c.MaxAnswer; n > 0 {
		l.held, l.streamed = n, n
	}
	if keeps {
		l.streamed = l.held
	}
	return l
}

// input takes the next bytes of the body, after decompression. It reports whether more are wanted.
func (r *reply) input(b []byte) bool {
	if r.over {
		return false
	}
	r.limit.run += int64(len(b))
	r.limit.all += int64(len(b))
	r.plain(b)
	switch {
	case r.limit.run > r.limit.held:
		r.refuse(fail(record.KindProtocol, "%d bytes of the answer without an end (--max-answer-bytes)", r.limit.held))
	case r.limit.all > r.limit.streamed:
		r.refuse(fail(record.KindProtocol, "the answer is longer than %d bytes (--max-answer-bytes)", r.limit.streamed))
	case r.chunks > mostChunks || len(r.odd) > mostChunks:
		r.refuse(fail(record.KindProtocol, "the answer has more than %d chunks", mostChunks))
	}
	return !r.over
}

// refuse ends an answer of which no more is wanted, and frees what it holds. The body of an HTTP error is read no
// further, which changes nothing of the error.
func (r *reply) refuse(err error) {
	if r.over = true; r.rec.Status/100 != 2 {
		return
	}
	r.fail(err)
	r.whole, r.sse = nil, sse.Parser{}
}
