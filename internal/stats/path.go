package stats

import (
	"cmp"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
)

// paths finds the critical path of every conversation.
func (s *sessions) paths() {
	for name, t := range s.byName {
		if t.Path == 0 {
			t.path()
			s.byName[name] = t
		}
	}
}

// path finds the critical path: it begins at the turn that ended last. A turn was due when the last of those that it
// waited for had ended, and a delay later; so the time of the conversation is that of the turns on the path, and of the
// delays between them.
func (t *session) path() {
	slices.SortFunc(t.graph, func(a, b turn) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.end, b.end)) })
	at := -1
	for i := range t.graph {
		if at < 0 || t.graph[i].end > t.graph[at].end {
			at = i
		}
	}
	t.ServerUs, t.WaitUs, t.Path = 0, 0, 0
	for at >= 0 && t.Path < int64(len(t.graph)) { // turns that wait for one another are on no path
		one := &t.graph[at]
		t.ServerUs += one.end - one.due
		t.Path++
		next := -1
		for _, n := range one.after {
			if i := t.turn(int64(n)); i >= 0 && i != at && (next < 0 || t.graph[i].end > t.graph[next].end) {
				next = i
			}
		}
		from := t.DueUs
		if next >= 0 {
			from = t.graph[next].end
		}
		t.WaitUs += max(0, one.due-from)
		at = next
	}
}

// turn returns the index of a turn in the sorted graph, or -1 if there is no record of it.
func (t *session) turn(n int64) int {
	i, found := slices.BinarySearchFunc(t.graph, n, func(x turn, n int64) int { return cmp.Compare(x.n, n) })
	if !found {
		return -1
	}
	return i
}

// Sessions holds the figures of conversations, which may be the graphs of an agent's requests. If there are very
// many, they are estimated from a sample.
type Sessions struct {
	Count       int64    `json:"count"`
	OK          int64    `json:"ok"`         // those without a failure that are complete
	Incomplete  int64    `json:"incomplete"` // those without a failure of which turns are missing
	Turns       int64    `json:"turns"`
	Skipped     int64    `json:"skipped"`       // requests that were not sent, since one before them failed
	SkippedRate dist.Num `json:"skipped_share"` // of all requests of the conversations
	InFlight    dist.Num `json:"in_flight"`     // averaged over time
	Peak        int64    `json:"peak_in_flight"`
	ServerShare dist.Num `json:"server_share"` // of the time of critical paths; the rest is that of tools and users
}

// summary returns the figures, or nil if there are no conversations.
func (s *sessions) summary(skipped int64, duration dist.Num) *Sessions {
	if len(s.byName) == 0 {
		return nil
	}
	out, server, wait, busy := &Sessions{Skipped: skipped}, int64(0), int64(0), int64(0)
	type edge struct{ at, by int64 }
	var edges []edge
	for _, t := range s.byName {
		switch out.Count++; {
		case t.incomplete():
			out.Incomplete++
		case !t.Failed:
			out.OK++
		}
		out.Turns += t.Turns
		server, wait, busy = server+t.ServerUs, wait+t.WaitUs, busy+t.EndUs-t.DueUs
		edges = append(edges, edge{t.DueUs, 1}, edge{t.EndUs, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	now := int64(0)
	for _, e := range edges {
		now += e.by
		out.Peak = max(out.Peak, now)
	}
	for _, n := range []*int64{&out.Count, &out.OK, &out.Incomplete, &out.Turns, &out.Peak, &busy} {
		*n <<= s.halvings
	}
	out.SkippedRate = ratio(skipped, skipped+out.Turns)
	out.InFlight = (dist.Num(busy) / 1e6).Per(duration)
	out.ServerShare = ratio(server, server+wait)
	return out
}

// good returns the number of conversations all of whose turns meet the limits of requests, and which meet those of
// conversations.
func (s *sessions) good(limits []gate.Limit) (n int64) {
	for _, t := range s.byName {
		if !t.Failed && !t.bad && !t.incomplete() && gate.GoodConversation(&t.Conversation, limits) {
			n++
		}
	}
	return n << s.halvings
}
