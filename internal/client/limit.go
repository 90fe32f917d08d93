package client

import (
	"perfpipe/internal/record"
	"perfpipe/internal/sse"
)

// The default limits of an answer. Real ones are far below: the embeddings of two thousand texts in 1,024 dimensions
// have 40 MB, and a stream of a hundred thousand tokens has 30 MB.
const (
	maxBuffered = 64 << 20 // bytes in memory at once: of a whole body, or of one event of a stream
	maxStreamed = 1 << 30  // bytes of a stream, of which only numbers are stored
	maxChunks   = 1 << 20  // output chunks, whose times are stored
)

// limit bounds what is read of an answer, in bytes after decompression.
type limit struct {
	buffered, streamed int64 // the most at once and in all
	run, all           int64 // received since the last event and in all
}

// limit returns the limit of an answer. buffers reports whether all of its text is stored.
func (c *Config) limit(buffers bool) limit {
	l := limit{buffered: maxBuffered, streamed: maxStreamed}
	if n := c.MaxAnswer; n > 0 {
		l.buffered, l.streamed = n, n
	}
	if buffers {
		l.streamed = l.buffered
	}
	return l
}

// input reads the next bytes of the body, after decompression. It reports whether more are wanted.
func (r *reply) input(b []byte) bool {
	if r.over {
		return false
	}
	r.limit.run += int64(len(b))
	r.limit.all += int64(len(b))
	r.plain(b)
	switch {
	case r.limit.run > r.limit.buffered:
		r.refuse(failFor("too-long", record.KindProtocol, "%d bytes of the answer without an end", r.limit.buffered))
	case r.limit.all > r.limit.streamed:
		r.refuse(failFor("too-long", record.KindProtocol, "the answer is longer than %d bytes", r.limit.streamed))
	case r.chunks > maxChunks || len(r.odd) > maxChunks:
		r.refuse(fail(record.KindProtocol, "the answer has more than %d chunks", maxChunks))
	}
	return !r.over
}

// refuse ends an answer that exceeds a limit and frees its memory. The rest of an HTTP error is not read, and the error
// stays what it is.
func (r *reply) refuse(err error) {
	if r.over = true; r.got.Status/100 != 2 {
		return
	}
	r.fail(err)
	r.whole, r.sse = nil, sse.Parser{}
}
