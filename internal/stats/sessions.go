package stats

import (
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// maxSessions bounds the conversations that are told apart. Beyond, every second one is forgotten, by the hash of its
// name: so the sample depends neither on the order of the records nor on how they were sharded.
const maxSessions = 1 << 16

// sessions follows conversations over their turns.
type sessions struct {
	halvings int // only names whose hash ends in so many zero bits are kept
	byName   map[string]session
}

type session struct {
	dueUs, endUs int64 // of the first turn, of the last to end
	turns        int64
	lastTurn     int
	answerUs     int64 // when the last turn's output began
	failed       bool
}

func (s *sessions) add(r *record.Record) {
	if r.Session == "" || !sane(r) {
		return
	}
	t := session{dueUs: due(r), endUs: r.EndUs(), turns: 1, lastTurn: r.Turn, failed: !r.OK}
	t.answerUs = t.endUs
	if r.Streamed() {
		t.answerUs = r.SentUs + micro(r.TTFTMs)
	}
	s.put(r.Shard+"\x00"+r.Session, t)
}

func (s *sessions) put(name string, t session) {
	have, found := s.byName[name]
	if !found {
		if trailingZeros(name) < s.halvings {
			return
		}
		if s.byName == nil {
			s.byName = map[string]session{}
		}
		s.byName[strings.Clone(name)] = t
		if len(s.byName) > maxSessions {
			s.halve()
		}
		return
	}
	if t.lastTurn > have.lastTurn || t.lastTurn == have.lastTurn && t.answerUs > have.answerUs {
		have.lastTurn, have.answerUs = t.lastTurn, t.answerUs
	}
	have.dueUs, have.endUs = min(have.dueUs, t.dueUs), max(have.endUs, t.endUs)
	have.turns += t.turns
	have.failed = have.failed || t.failed
	s.byName[name] = have
}

func (s *sessions) halve() {
	for len(s.byName) > maxSessions {
		s.halvings++
		s.drop()
	}
}

// drop forgets the names that the present sample has no place for.
func (s *sessions) drop() {
	for name := range s.byName {
		if trailingZeros(name) < s.halvings {
			delete(s.byName, name)
		}
	}
}

func (s *sessions) merge(o *sessions) {
	if o.halvings > s.halvings {
		s.halvings = o.halvings
		s.drop()
	}
	for name, t := range o.byName {
		s.put(name, t)
	}
}

func trailingZeros(name string) int { return bits.TrailingZeros64(xxhash.Sum64String(name)) }

// conversations is the time from a conversation's first turn being due to its last end. One with a failed turn is +∞:
// it never came to its end.
func (g *group) conversations() dist.Dist {
	return g.sessions.dist(g.limit, func(t session) int64 { return t.endUs - t.dueUs })
}

// answers is the time from a conversation's first turn being due to the first output of its last turn.
func (g *group) answers() dist.Dist {
	return g.sessions.dist(g.limit, func(t session) int64 { return t.answerUs - t.dueUs })
}

func (g *group) turns() dist.Dist {
	d := dist.Dist{Limit: g.limit}
	for _, t := range g.sessions.byName {
		d.Add(t.turns)
	}
	return d
}

func (s *sessions) dist(limit int, of func(session) int64) dist.Dist {
	d := dist.Dist{Limit: limit}
	for _, t := range s.byName {
		if t.failed {
			d.AddInf()
		} else {
			d.Add(of(t))
		}
	}
	return d
}
