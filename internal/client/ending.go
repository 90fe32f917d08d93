package client

import (
	"errors"
	"syscall"

	"perfpipe/internal/api"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
)

// Phase implements http1.Sink. An answer has settled when it has a finish reason and usage, or an error: then a [DONE]
// may still follow, which ends it.
func (r *reply) Phase() http1.Phase {
	switch {
	case r.over:
		return http1.Refused
	case r.done:
		return http1.Ended
	case r.settledAt > 0 || r.err != nil:
		return http1.Settled
	case r.got.Status/100 > 2 && r.wholeError():
		return http1.Settled
	}
	return http1.Going
}

// endedAt returns when the answer was complete by its own protocol, µs after sent; 0: it was not, or its protocol has
// no end.
func (r *reply) endedAt() int64 {
	if r.done {
		return r.doneAt
	}
	if r.settledAt > 0 {
		return max(r.settledAt, r.last)
	}
	return 0
}

// Several implements http1.Sink. Output after a finish reason shows that it was that of another answer, or of none.
func (r *reply) Several() bool { return r.resumed || r.choices.several() || api.Several(r.call.Body) }

// tidy returns the error of a transport, or nil if the answer was complete. In that case it records in rec.UntidyEnd
// how the transport failed.
func (x *exchange) tidy(rec *record.Record, err error) error {
	if err == nil || x.reply.over && x.reply.got.Status/100 != 2 {
		return nil
	}
	if e := x.reply.Phase(); e != http1.Ended && (e != http1.Settled || x.reply.err == nil && x.reply.Several()) {
		return err
	}
	var f *http1.Error
	switch {
	case errors.As(err, &f):
		rec.UntidyEnd = record.UntidyOpen
	case errors.Is(err, http1.ErrMalformed):
		rec.UntidyEnd = record.UntidyMalformed
	case errors.Is(err, syscall.ECONNRESET):
		rec.UntidyEnd = record.UntidyReset
	default:
		rec.UntidyEnd = record.UntidyClosed
	}
	return nil
}
