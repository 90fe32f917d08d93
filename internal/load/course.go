package load

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// session is a session under way.
type session struct {
	*Session
	ph     *phase
	head   *Request
	name   string
	due    time.Time     // when it was due
	queued time.Duration // it then waited for its slot

	mu    sync.Mutex
	open  int // requests that are due or in flight
	left  int // requests that have neither been sent nor skipped
	state []progress
}

// progress is the state of a request of a session.
type progress struct {
	waits   int32         // parents that have not ended
	uses    int32         // requests to come that continue its history
	gone    bool          // it is not sent: it was skipped or passed
	ready   time.Duration // end of the last of its parents, from the start of the phase
	history *request.History
}

func newSession(ph *phase, j *job) *session {
	j.req.Whole.pack()
	n := j.req.Whole.Len()
	s := &session{
		Session: j.req.Whole, ph: ph, head: j.req, due: j.due, queued: j.queued, left: n, state: make([]progress, n),
	}
	if s.name = s.Name; s.name == "" {
		s.name = ph.e.id(j.line)
	}
	for i := range int32(n) {
		s.state[i].waits = int32(len(s.Graph.Parents(i)))
		if h := s.Graph.History[i]; h >= 0 {
			s.state[h].uses++
		}
	}
	return s
}

// start opens the requests that wait for no other, and returns the first of them if it is due at once.
func (s *session) start(j *job) (first job, some bool) {
	base := j.due.Add(j.queued).Sub(s.ph.start)
	part := 1.0 // of the delay of requests whose parents were passed
	if s.ph.e.Sessions.Midway && j.fresh {
		rng := rand.New(rand.NewPCG(s.ph.e.Sessions.Seed, uint64(j.line)))
		s.pass(rng.IntN(len(s.state)))
		part = rng.Float64()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++ // for first, or until all are open, so that the session does not end before
	for i := range int32(len(s.state)) {
		st := &s.state[i]
		if st.gone || st.waits > 0 {
			continue
		}
		delay := s.ph.delay(s.packed.items[i].delayMs)
		if len(s.Graph.Parents(i)) > 0 {
			delay = time.Duration(float64(delay) * part).Truncate(time.Microsecond)
		}
		if st.ready = base; delay == 0 && !some && s.may(s.due) {
			some = true
			first = *j
			first.session, first.index = s, i
			continue
		}
		s.push(i, base+delay)
	}
	return first, some
}

// may reports whether a request that is due at t starts.
func (s *session) may(t time.Time) bool { return !s.ph.over(t) && s.ph.stop.Err() == nil }

// push opens a request that is due later. One that is due after the duration holds the slot to the end: if it did not,
// the end of a run would be a burst of sessions that begin.
func (s *session) push(i int32, at time.Duration) {
	if s.ph.over(s.ph.start.Add(at)) {
		at += time.Hour // never
	}
	if s.ph.stop.Err() == nil && s.ph.sessions.queue.push(due{at: at, session: s, index: i}) {
		s.open++
	}
}

// turn is what a session needs at the end of a request.
type turn struct {
	delay  time.Duration    // between the end of the last parent and the due time
	before *request.History // that the request continues
	own    []byte           // its own messages
}

// prepare makes the request of a flight, behind its history. It returns a record if it cannot.
func (s *session) prepare(f *flight) *Record {
	i := f.index
	s.ph.number(&f.job)
	s.mu.Lock()
	f.turn = &turn{delay: f.due.Sub(s.ph.start) - s.state[i].ready}
	if len(s.Graph.Parents(i)) == 0 && f.turn.delay <= 0 {
		f.due, f.queued = s.due, s.queued
	}
	req := s.Request(i)
	if req.ID == "" {
		req.ID = s.name
	}
	req.RunID, req.Seq, req.Of = s.ph.e.RunID, f.seq, s.name
	s.left--
	req.Final = s.left == 0 && s.open == 1
	before := s.take(i)
	req.WantReply = s.state[i].uses > 0
	s.mu.Unlock()
	if before != nil || req.WantReply {
		whole, mine, tools, err := before.Next(req.Body)
		if err != nil {
			return s.refused(req, err)
		}
		s.ph.e.Counts.Sessions.tools(tools)
		f.turn.before, f.turn.own = before, mine
		req.Body, req.Owner, req.memory = whole, nil, nil // others use the memory of the messages
		req.History = ""                                  // it is in the body, for a line that is kept
	}
	f.req = req
	return nil
}

// land emits a record, and opens what its request unblocks. The first of these that is due at once becomes the request
// of the flight; land reports whether there is one.
func (s *session) land(f *flight, rec *Record) (more bool) {
	i, t := f.index, f.turn
	var history *request.History // of the requests that continue it
	if rec.OK && f.req.WantReply {
		history = t.before.With(t.own, rec.Reply)
	}
	f.turn = nil
	rec.Session, rec.Turn, rec.Turns, rec.Depth = s.name, int(i)+1, len(s.state), int(s.Graph.Depth[i])
	rec.DelayMs = float64(max(0, t.delay).Microseconds()) / 1000
	for _, k := range s.Graph.Parents(i) {
		rec.AfterTurns = append(rec.AfterTurns, int(k)+1)
	}
	endNs, _ := s.ph.endOf(rec)
	end := s.ph.e.wholeMicrosecond(s.ph.e.instant(endNs))
	at, next := s.complete(i, rec, history, end.Sub(s.ph.start))
	free := s.ph.finish(rec, f.job)
	if next < 0 {
		s.ph.landed(f, free, s.close())
		return false
	}
	s.mu.Lock()
	s.open-- // the request that was sent
	s.mu.Unlock()
	f.job = job{due: at, output: free.output, waited: free.waited, session: s, index: next}
	return true
}

// take returns the history that request i continues, once for each request: the last one to continue it frees it.
func (s *session) take(i int32) (before *request.History) {
	h := s.Graph.History[i]
	if h < 0 {
		return nil
	}
	st := &s.state[h]
	before = st.history
	if st.uses > 0 {
		if st.uses--; st.uses == 0 {
			st.history = nil
		}
	}
	return before
}

// refused returns the record of a request whose body could not be built.
func (s *session) refused(req *Request, err error) *Record {
	return &Record{Record: record.Record{
		ID: req.ID, Labels: req.Labels, SentUs: s.ph.e.Ns(time.Now()) / 1000,
		Error: &record.Error{Kind: record.KindRequest, Message: err.Error()},
	}}
}

// complete opens the requests that a request unblocks, at its end. It returns the first of them that is due at once, or
// -1. If the request failed, it skips those that follow from it.
func (s *session) complete(i int32, rec *Record, after *request.History, end time.Duration) (at time.Time, next int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next = -1; !rec.OK {
		if rec.Error == nil || rec.Error.Kind != record.KindCanceled {
			rec.Skipped = s.skip(s.Graph.Children(i))
		}
		return at, next
	}
	if s.state[i].uses > 0 {
		s.state[i].history = after
	}
	for _, k := range s.Graph.Children(i) {
		st := &s.state[k]
		st.ready = max(st.ready, end)
		if st.waits--; st.waits > 0 || st.gone {
			continue
		}
		if s.unanswered(k) {
			n := s.skip([]int32{k})
			rec.Skipped += n
			s.ph.e.Counts.Sessions.Unanswered.Add(int64(n))
			continue
		}
		due := st.ready + s.ph.delay(s.packed.items[k].delayMs)
		if next < 0 && due == st.ready && s.may(s.ph.start.Add(due)) {
			at, next = s.ph.start.Add(due), k
			s.open++
			continue
		}
		s.push(k, due)
	}
	return at, next
}

// unanswered reports whether a request is not to be sent because its history has no calls for its results of tools.
func (s *session) unanswered(i int32) bool {
	h := s.Graph.History[i]
	return h >= 0 && s.ph.e.Sessions.SkipUnanswered && !s.state[h].history.Answers(s.body(i))
}

// skip skips requests and those that follow from them. It returns how many had not been skipped before.
func (s *session) skip(list []int32) (n int) {
	for list = slices.Clone(list); len(list) > 0; {
		last := len(list) - 1
		i := list[last]
		if list = list[:last]; s.state[i].gone {
			continue
		}
		s.state[i].gone = true
		n++
		s.take(i)
		list = append(list, s.Graph.Children(i)...)
	}
	s.left -= n
	return n
}

// unknownReply stands in the history for the reply to a request that was not sent.
var unknownReply = []byte(`{"role":"assistant","content":"…"}`)

// pass passes the first n requests: they count as ended at the start of the session.
func (s *session) pass(n int) {
	for _, i := range s.order()[:n] {
		st := &s.state[i]
		st.gone = true
		before := s.take(i)
		if st.uses > 0 {
			if own, _, err := before.Own(s.body(i)); err == nil {
				st.history = before.With(own, unknownReply)
			}
		}
		for _, k := range s.Graph.Children(i) {
			s.state[k].waits--
		}
	}
	s.left -= n
	s.ph.e.Counts.Sessions.Passed.Add(int64(n))
}

// close notes that a request is no longer open. It reports whether the session is over.
func (s *session) close() bool {
	s.mu.Lock()
	s.open--
	over, left := s.open == 0, s.left
	s.mu.Unlock()
	if !over {
		return false
	}
	c := &s.ph.e.Counts
	c.Sessions.Unsent.Add(int64(left))
	c.Done.Add(1)
	s.head.Release()
	return true
}

func (c *SessionCounts) tools(n request.ToolCounts) {
	if n != (request.ToolCounts{}) {
		c.Mapped.Add(int64(n.Mapped))
		c.AsUser.Add(int64(n.AsUser))
		c.Empty.Add(int64(n.Empty))
	}
}
