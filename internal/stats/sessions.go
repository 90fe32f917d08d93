package stats

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// maxSessions limits the conversations in sessions. Each time there are more, half of them are dropped, chosen by the
// hash of the name, so that the sample depends neither on the order of the records nor on their sharding.
const maxSessions = 1 << 16

// sessions tracks conversations over their turns.
type sessions struct {
	halvings int                // number of trailing zero bits that the hash of a name must have to be kept
	byName   map[string]session // by SessionKey
	turns    int                // of all kept conversations
	partial  bool               // there are records of conversations that are in none of these
}

type session struct {
	metric.Conversation
	total   int64  // its turns, sent or not; 0: unknown
	skipped int64  // turns that were not sent, since one before them failed
	bad     bool   // a turn does not meet the limits of goodput
	graph   []turn // its turns, in no order
}

// incomplete reports whether turns are missing although none failed: the run ended before them, the session began
// midway, or their records are not here. Its times are not those of the session.
func (t *session) incomplete() bool { return !t.Failed && t.Turns+t.skipped < t.total }

// forks reports whether the session may have several requests in flight: several turns begin it, or wait for the same
// turn.
func (t *session) forks() bool {
	next := map[int32]int64{} // the turn that waits for a turn; for none: 0
	for _, one := range t.graph {
		after := one.after
		if len(after) == 0 {
			after = []int32{0}
		}
		for _, n := range after {
			if other, found := next[n]; found && other != one.n {
				return true
			}
			next[n] = one.n
		}
	}
	return false
}

// fork reports whether any session forks.
func (s *sessions) fork() bool {
	for _, t := range s.byName {
		if t.forks() {
			return true
		}
	}
	return false
}

// turn is the place of a turn in the graph of its session.
type turn struct {
	n, end, due int64 // its number; µs since the epoch
	after       []int32
}

// maxTurns limits the turns of all conversations, as maxSessions does their number.
const maxTurns = 1 << 20

func (s *sessions) add(r *record.Record, good bool) {
	if r.Session == "" {
		return
	}
	if timed, _ := metric.Timed(r); !timed {
		s.partial = true
		return
	}
	t := session{total: int64(r.Turns), skipped: int64(max(0, r.Skipped)), bad: !good,
		Conversation: metric.Conversation{DueUs: metric.DueUs(r), EndUs: r.EndUs(), Turns: 1, Failed: !r.OK}}
	t.AnswerUs = t.EndUs
	if first := metric.Micro(r.TTFTMs); r.Streamed() && first >= 0 {
		t.AnswerUs = r.SentUs + first
	}
	one := turn{n: int64(r.Turn), due: t.DueUs, end: t.EndUs}
	_, after := r.Graph()
	for _, n := range after {
		one.after = append(one.after, int32(min(n, math.MaxInt32)))
	}
	t.graph = []turn{one}
	s.put(r.SessionKey(), t)
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
		t.graph = slices.Clone(t.graph) // another sessions may append to it
		s.byName[strings.Clone(name)] = t
		s.turns += len(t.graph)
		s.halve()
		return
	}
	if t.EndUs > have.EndUs || t.EndUs == have.EndUs && t.AnswerUs > have.AnswerUs {
		have.AnswerUs = t.AnswerUs
	}
	have.total, have.skipped = max(have.total, t.total), have.skipped+t.skipped
	have.DueUs, have.EndUs = min(have.DueUs, t.DueUs), max(have.EndUs, t.EndUs)
	have.Turns += t.Turns
	have.Failed, have.bad = have.Failed || t.Failed, have.bad || t.bad
	have.graph, have.Path = append(have.graph, t.graph...), 0 // the path is no longer known
	s.turns += len(t.graph)
	s.byName[name] = have
	s.halve()
}

func (s *sessions) halve() {
	for len(s.byName) > maxSessions || s.turns > maxTurns && len(s.byName) > 1 {
		s.halvings++
		s.drop()
	}
}

// drop removes the conversations that are not in the sample.
func (s *sessions) drop() {
	for name, t := range s.byName {
		if trailingZeros(name) < s.halvings {
			s.turns -= len(t.graph)
			delete(s.byName, name)
		}
	}
}

func (s *sessions) merge(o *sessions) {
	if o.halvings > s.halvings {
		s.halvings = o.halvings
		s.drop()
	}
	s.partial = s.partial || o.partial
	for name, t := range o.byName {
		s.put(name, t)
	}
}

func trailingZeros(name string) int { return bits.TrailingZeros64(xxhash.Sum64String(name)) }

// dist returns the distribution of a figure of the conversations that are complete. One with a failed turn counts as
// +∞, since it was not completed.
func (s *sessions) dist(limit int, of func(*metric.Conversation) (int64, bool)) *dist.Dist {
	d := &dist.Dist{Limit: limit}
	for _, t := range s.byName {
		switch v, finite := of(&t.Conversation); {
		case t.incomplete():
		case finite:
			d.Add(v)
		default:
			d.AddInf()
		}
	}
	return d
}
