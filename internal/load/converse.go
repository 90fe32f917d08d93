package load

import (
	"context"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// converse sends the turns of a conversation, each with the history so far, which holds the server's own replies. A
// later turn is due at its delay after the end of the previous one. A turn that fails ends the conversation.
func (ph *phase) converse(j job) (s slot) {
	defer ph.e.Counts.InFlight.Add(-1)
	var history request.History
	s = slot{free: time.Now()}
	for i, turn := range j.req.Turns {
		if i > 0 {
			if ph.ended(j.due) || waitUntil(ph.stop, j.due) != nil {
				return s
			}
			ph.number(&j)
		} else if j.req.ID == "" {
			j.req.ID = ph.e.id(j.line)
		}
		body, err := history.Next(turn.Body)
		req := NewRequest(request.Request{
			ID: j.req.ID, Method: j.req.Method, URL: j.req.URL, Headers: j.req.Headers, Labels: j.req.Labels,
			Body: body, Source: j.req.Source,
		})
		req.Endpoint, req.WantReply = j.req.Endpoint, true
		var rec *Record
		if err == nil {
			rec = ph.e.Doer.Do(ph.hard, req)
		} else {
			rec = ph.refused(req, err)
		}
		rec.Session, rec.Turn, rec.Turns = j.req.ID, i+1, len(j.req.Turns)
		ok, reply := rec.OK, rec.Reply
		ph.e.Counts.InFlight.Add(-1) // before its record is written, which may take long
		s = ph.finish(rec, j)
		ph.e.Counts.InFlight.Add(1)
		if !ok {
			return s
		}
		history.Reply(reply)
		if i+1 < len(j.req.Turns) {
			delay := time.Duration(j.req.Turns[i+1].DelayMs * float64(time.Millisecond))
			j.due, j.queued, j.output, j.waited = s.free.Add(delay), 0, s.output, s.waited
		}
	}
	return s
}

// ended reports whether the duration is over at t, so that no request starts.
func (ph *phase) ended(t time.Time) bool {
	return ph.p.Duration > 0 && t.Sub(ph.start) >= ph.p.Duration
}

// refused returns the record of a turn whose body could not be built.
func (ph *phase) refused(req *Request, err error) *Record {
	return &Record{Record: record.Record{
		ID: req.ID, Labels: req.Labels, SentUs: ph.e.Ns(time.Now()) / 1000,
		Error: &record.Error{Kind: record.KindRequest, Message: err.Error()},
	}}
}

// waitUntil waits by Go's timers, which may be 1 ms late.
func waitUntil(ctx context.Context, t time.Time) error {
	d := time.Until(t)
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
