package load

import "context"

// flight is a request in flight, or the requests of a session that follow one another without a wait.
type flight struct {
	job
	w       *workers
	pending Pending // nil: the request was not begun yet
	wake    func()  // onWake, created once
	turn    *turn   // of a session
	next    *flight // in a list
}

// onWake has a worker go on with the flight.
func (f *flight) onWake() {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.woken.push(f)
	f.w.call()
}

// flights is a list of flights, first in, first out.
type flights struct{ first, last *flight }

func (l *flights) push(f *flight) {
	if l.first == nil {
		l.first = f
	} else {
		l.last.next = f
	}
	l.last = f
}

// pop returns the first flight if one is wanted; nil: there is none.
func (l *flights) pop(wanted bool) *flight {
	f := l.first
	if f == nil || !wanted {
		return nil
	}
	l.first, f.next = f.next, nil
	return f
}

// do goes on with a flight until it waits or has ended.
func (ph *phase) do(f *flight) {
	if f.pending == nil && f.session == nil && f.req.Whole != nil && !ph.begin(f) {
		return
	}
	for {
		rec := ph.exchange(f)
		if rec == nil || !ph.land(f, rec) {
			return
		}
	}
}

// exchange sends the request of a flight, or goes on with it. If it returns nil, the flight may be another worker's.
func (ph *phase) exchange(f *flight) *Record {
	if f.pending == nil {
		if rec := ph.prepare(f); rec != nil {
			return rec
		}
		ph.e.Counts.InFlight.Add(1)
		if s, ok := ph.e.Doer.(Starter); ok {
			f.pending = s.Begin(ph.hard, f.req, f.wake)
		} else {
			f.pending = &waiting{ph.e.Doer, ph.hard, f.req}
		}
	}
	rec := f.pending.Go()
	if rec != nil { // it is no longer in flight when it is written, which may take long
		f.pending = nil
		ph.e.Counts.InFlight.Add(-1)
	}
	return rec
}

// prepare completes the request of a flight before it is sent. It returns a record if it cannot be.
func (ph *phase) prepare(f *flight) *Record {
	if f.session != nil {
		return f.session.prepare(f)
	}
	if f.req.Seq = f.seq; f.req.ID == "" {
		f.req.ID = ph.e.id(f.line)
	} else {
		f.req.RunID = ph.e.RunID
	}
	return nil
}

// land emits the record of a flight. It reports whether the flight has another request to send.
func (ph *phase) land(f *flight, rec *Record) (more bool) {
	if f.session != nil {
		return f.session.land(f, rec)
	}
	s := ph.finish(rec, f.job)
	ph.e.Counts.Done.Add(1)
	f.w.end(f, s, true)
	return false
}

// waiting is a request of a Doer that waits itself.
type waiting struct {
	doer Doer
	ctx  context.Context
	req  *Request
}

// Go implements Pending.
func (w *waiting) Go() *Record { return w.doer.Do(w.ctx, w.req) }
