package stats

import (
	"maps"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
)

type sessionsState struct {
	Halvings int
	Partial  bool
	Names    []string
	Of       []sessionState
}

type sessionState struct {
	DueUs, EndUs   int64
	Turns          int64
	Total, Skipped int64
	AnswerUs       int64
	Failed, Bad    bool
	Graph          []turnState
}

type turnState struct {
	N, DueUs, EndUs int64
	After           []int32
}

func (s *sessions) state() sessionsState {
	out := sessionsState{Halvings: s.halvings, Partial: s.partial, Names: slices.Sorted(maps.Keys(s.byName))}
	for _, name := range out.Names {
		t := s.byName[name]
		one := sessionState{
			DueUs: t.DueUs, EndUs: t.EndUs, Turns: t.Turns, Total: t.total, Skipped: t.skipped, AnswerUs: t.AnswerUs,
			Failed: t.Failed, Bad: t.bad,
		}
		for _, n := range t.graph {
			one.Graph = append(one.Graph, turnState{n.n, n.due, n.end, n.after})
		}
		out.Of = append(out.Of, one)
	}
	return out
}

func (s *sessionsState) restore() (*sessions, error) {
	if len(s.Names) != len(s.Of) {
		return nil, dist.ErrState
	}
	out := &sessions{halvings: s.Halvings, partial: s.Partial, byName: map[string]session{}}
	for i, name := range s.Names {
		t := s.Of[i]
		one := session{total: t.Total, skipped: t.Skipped, bad: t.Bad, Conversation: metric.Conversation{
			DueUs: t.DueUs, EndUs: t.EndUs, AnswerUs: t.AnswerUs, Turns: t.Turns, Failed: t.Failed,
		}}
		for _, n := range t.Graph {
			one.graph = append(one.graph, turn{n: n.N, due: n.DueUs, end: n.EndUs, after: n.After})
		}
		out.turns += len(one.graph)
		out.byName[name] = one
	}
	return out, nil
}
