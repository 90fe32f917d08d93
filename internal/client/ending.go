package client

import (
	"errors"
	"syscall"
	"time"

	"github.com/tidwall/gjson"

	"perfpipe/internal/record"
)

// ending is how far an answer has come by its own protocol, which the transport's end may follow late, untidily or
// never.
type ending uint8

const (
	going   ending = iota
	settled        // it has all that it must have: finish_reason and usage, or an error; a [DONE] may still come
	ended          // nothing can come that counts: [DONE] and the like
	refused        // more of it is not wanted: the answer has failed for good
)

const (
	// restAfterEnd is how long the end of the body may take after the end of the answer, if the connection is to be used
	// again.
	restAfterEnd = 10 * time.Millisecond
	// restWhenSettled is how long an answer without [DONE] may be silent before it counts as ended.
	restWhenSettled = 250 * time.Millisecond
)

var (
	errOpen    = &failure{record.KindProtocol, errors.New("the body goes on after the end of the answer")}
	errRefused = &failure{record.KindProtocol, errors.New("the answer is refused")}
)

// ending implements sink.
func (r *reply) ending() ending {
	switch {
	case r.over:
		return refused
	case r.done:
		return ended
	case r.settledAt > 0 || r.err != nil:
		return settled
	case r.rec.Status/100 > 2 && r.told():
		return settled
	}
	return going
}

// endedAt is when the answer was complete by its own protocol, µs after sent; 0: it was not, or it has no end of its
// own.
func (r *reply) endedAt() int64 {
	if r.done {
		return r.doneAt
	}
	if r.settledAt > 0 {
		return max(r.settledAt, r.last)
	}
	return 0
}

// many reports whether the request asks for several answers in one, whose ends cannot be told apart.
func (c *call) many() bool { return gjson.GetBytes(c.body, "n").Int() > 1 }

// tidy takes the error of a transport whose answer was complete, and notes it in the record instead.
func (x *exchange) tidy(rec *record.Record, err error) error {
	if err == nil || x.reply.over && rec.Status/100 != 2 {
		return nil
	}
	if e := x.reply.ending(); e != ended && (e != settled || x.reply.err == nil && x.call.many()) {
		return err
	}
	var f *failure
	switch {
	case errors.As(err, &f):
		rec.UntidyEnd = record.UntidyOpen
	case errors.Is(err, errMalformed):
		rec.UntidyEnd = record.UntidyMalformed
	case errors.Is(err, syscall.ECONNRESET):
		rec.UntidyEnd = record.UntidyReset
	default:
		rec.UntidyEnd = record.UntidyClosed
	}
	return nil
}
