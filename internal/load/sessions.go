package load

import (
	"sync"
	"time"
)

// sessions sends the requests of sessions, except the first of each, which the worker that began the session sends. The
// zero value has no workers; they are started for the first session.
type sessions struct {
	once    sync.Once
	queue   dueQueue
	workers workers
	done    sync.WaitGroup
}

// startSessions starts the workers unless they have been started.
func (ph *phase) startSessions() {
	ph.sessions.once.Do(func() {
		s := &ph.sessions
		sleep, free := ph.e.sleeper()
		s.queue.stop, s.queue.sleep = ph.stop, sleep
		s.queue.drop = func(one *session) {
			if one.close() {
				ph.workers.release(slot{free: time.Now(), waited: ph.e.waited()}, ph.keepsSlots())
			}
		}
		s.workers = workers{limit: ph.p.Conns, fresh: func() slot { return slot{} }, next: ph.nextOfSession, do: ph.do}
		if ph.p.Mode == Open && ph.p.Limit > 1 { // both kinds of workers need connections
			s.workers.limit = ph.p.Limit / 2
			ph.workers.allow(ph.p.Limit - s.workers.limit)
		}
		s.done.Go(func() {
			defer free()
			s.workers.run()
		})
	})
}

// end ends the workers. All sessions must have ended.
func (s *sessions) end() {
	if s.queue.stop != nil {
		s.queue.close()
		s.done.Wait()
	}
}

// nextOfSession waits for the next request of a session that is due.
func (ph *phase) nextOfSession(s slot) (job, error) {
	d, err := ph.sessions.queue.next(ph.start)
	due := ph.start.Add(d.at)
	return job{due: due, waited: ph.e.waited(), conns: s.after(due), session: d.session, index: d.index}, err
}

// begin begins a session and makes the first of its requests that of the flight, unless none is due at once.
func (ph *phase) begin(f *flight) (some bool) {
	ph.startSessions()
	ph.workers.keep()
	ph.e.Counts.Sessions.Begun.Add(1)
	s := newSession(ph, &f.job)
	first, some := s.start(&f.job)
	if some {
		f.job = first
	} else {
		ph.landed(f, slot{free: f.due, waited: ph.e.waited()}, s.close())
	}
	return some
}

// landed ends a flight of a session. free is the slot of the session, which is free if the session is over.
func (ph *phase) landed(f *flight, free slot, over bool) {
	first := f.w == &ph.workers
	if over {
		ph.workers.release(free, !first && ph.keepsSlots())
	}
	switch {
	case !first:
		f.w.end(f, free, true)
	case ph.keepsSlots():
		f.w.end(f, free, over)
	default:
		f.w.end(f, slot{free: time.Now(), waited: ph.e.waited()}, true)
	}
}

// keepsSlots reports whether sessions keep their slots until they end. In an open loop, slots are connections.
func (ph *phase) keepsSlots() bool { return ph.p.Mode != Open }

// delay returns how long a request waits after the last of its parents, or after the start of its session, if its line
// has delay_ms.
func (ph *phase) delay(ms float64) time.Duration {
	speed := ph.p.Speedup
	if speed == 0 {
		speed = 1
	}
	d := time.Duration(ms / speed * float64(time.Millisecond)).Truncate(time.Microsecond)
	if most := ph.e.Sessions.MaxDelay; most > 0 {
		d = min(d, most)
	}
	return d
}

// over reports whether the duration is over at t, so that no request starts.
func (ph *phase) over(t time.Time) bool {
	return ph.p.Duration > 0 && t.Sub(ph.start) >= ph.p.Duration
}
