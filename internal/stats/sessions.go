package stats

import (
	"math/bits"
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
	byName   map[string]session // by shard and session, separated by a zero byte
}

type session struct {
	metric.Conversation
	lastTurn int // the highest turn seen
}

func (s *sessions) add(r *record.Record) {
	if r.Session == "" || !metric.Sane(r) {
		return
	}
	t := session{metric.Conversation{DueUs: metric.DueUs(r), EndUs: r.EndUs(), Turns: 1, Failed: !r.OK}, r.Turn}
	t.AnswerUs = t.EndUs
	if r.Streamed() {
		t.AnswerUs = r.SentUs + metric.Micro(r.TTFTMs)
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
	if t.lastTurn > have.lastTurn || t.lastTurn == have.lastTurn && t.AnswerUs > have.AnswerUs {
		have.lastTurn, have.AnswerUs = t.lastTurn, t.AnswerUs
	}
	have.DueUs, have.EndUs = min(have.DueUs, t.DueUs), max(have.EndUs, t.EndUs)
	have.Turns += t.Turns
	have.Failed = have.Failed || t.Failed
	s.byName[name] = have
}

func (s *sessions) halve() {
	for len(s.byName) > maxSessions {
		s.halvings++
		s.drop()
	}
}

// drop removes the conversations that are not in the sample.
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

// dist returns the distribution of a figure of the conversations. A conversation with a failed turn counts as +∞, since
// it was not completed.
func (s *sessions) dist(limit int, of func(*metric.Conversation) (int64, bool)) *dist.Dist {
	d := &dist.Dist{Limit: limit}
	for _, t := range s.byName {
		if v, finite := of(&t.Conversation); finite {
			d.Add(v)
		} else {
			d.AddInf()
		}
	}
	return d
}
