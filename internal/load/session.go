package load

import (
	"fmt"
	"slices"
	"strconv"

	"perfpipe/internal/request"
)

// Session is a graph of requests, which takes one slot and one arrival.
type Session struct {
	Name  string // of its records; empty: the id of the request that stands for it
	Graph *request.Graph

	requests []*Request // nil once they are packed
	packed   packed
}

// NewSession returns the request that stands for the requests of a session. Its error is that of request.NewGraph.
func NewSession(name string, requests []*Request) (*Request, error) {
	lines := make([]*request.Request, len(requests))
	for i, r := range requests {
		lines[i] = &r.Request
	}
	graph, err := request.NewGraph(lines)
	if err != nil {
		return nil, err
	}
	first := lines[0]
	s := &Session{Name: name, requests: requests, Graph: graph}
	for i, r := range requests {
		r.Part = s
		if r.ID == "" {
			r.ID = name + "-" + strconv.Itoa(i+1)
		}
	}
	s.setAgents()
	return &Request{
		Request: request.Request{ID: name, Session: first.Session, AtMs: first.AtMs, Source: first.Source}, Whole: s,
	}, nil
}

// setAgents sets the agents of the requests and what began each: the agent of the deepest of the requests of others
// that its first request waits for.
func (s *Session) setAgents() {
	var parent map[string]string
	for _, r := range s.requests {
		if r.Agent = r.Labels[request.AgentLabel]; r.Agent != "" && parent == nil {
			parent = map[string]string{}
		}
	}
	if parent == nil {
		return
	}
	for _, i := range s.order() {
		r := s.requests[i]
		if r.Agent == "" {
			continue
		}
		if _, known := parent[r.Agent]; !known {
			parent[r.Agent] = s.beginner(i)
		}
		r.Parent = parent[r.Agent]
	}
}

// beginner returns the agent of the deepest parent of a request that is of another agent, or "".
func (s *Session) beginner(i int32) (agent string) {
	deepest := int32(0)
	for _, k := range s.Graph.Parents(i) {
		if a := s.requests[k].Agent; a != s.requests[i].Agent && s.Graph.Depth[k] > deepest {
			agent, deepest = a, s.Graph.Depth[k]
		}
	}
	return agent
}

// NewConversation returns the request that stands for the turns of a conversation: a session whose requests are a
// chain, each with the history of the one before.
func NewConversation(name string, line request.Request) (*Request, error) {
	n := len(line.Turns)
	s := &Session{Name: name, requests: make([]*Request, n), Graph: request.NewChain(n)}
	for i, turn := range line.Turns {
		s.requests[i] = NewRequest(request.Request{
			ID: line.ID, Method: line.Method, URL: line.URL, Headers: line.Headers, Labels: line.Labels,
			Body: turn.Body, DelayMs: turn.DelayMs, Session: line.Session, Source: line.Source,
		})
		if !s.requests[i].HasMessages() {
			return nil, fmt.Errorf("turns[%d].body has no messages", i)
		}
		s.requests[i].Part = s
	}
	line.Turns, line.ID = nil, name
	return &Request{Request: line, Whole: s}, nil
}

// First returns the first of the requests of a session, or r itself.
func (r *Request) First() *Request {
	if r.Whole != nil {
		return r.Whole.Request(0)
	}
	return r
}

// HasHistory reports whether requests of the session continue others.
func (s *Session) HasHistory() bool {
	return s != nil && slices.ContainsFunc(s.Graph.History, func(h int32) bool { return h >= 0 })
}

// Limit retains the n requests of a session that are first by depth, then by line, in their order. It returns the
// number of those it drops.
func (s *Session) Limit(n int) (dropped int) {
	if n <= 0 || n >= len(s.requests) {
		return 0
	}
	place := s.ranks() // of each among those retained; -1: none
	kept := s.requests[:0]
	for i, rank := range place {
		if place[i] = -1; rank < int32(n) {
			place[i] = int32(len(kept))
			kept = append(kept, s.requests[i])
		}
	}
	s.Graph.Limit(place)
	dropped = len(s.requests) - n
	clear(s.requests[n:])
	s.requests = kept
	return dropped
}

// order returns the requests in an order in which parents precede their children.
func (s *Session) order() []int32 {
	order := make([]int32, s.Len())
	for i, k := range s.ranks() {
		order[k] = int32(i)
	}
	return order
}

// ranks returns the place of each request in an order in which parents precede their children: by depth, then by line.
func (s *Session) ranks() []int32 {
	deepest := int32(0)
	for _, d := range s.Graph.Depth {
		deepest = max(deepest, d)
	}
	first := make([]int32, deepest+2) // rank of the first request of each depth
	for _, d := range s.Graph.Depth {
		first[d+1]++
	}
	for d := range deepest + 1 {
		first[d+1] += first[d]
	}
	rank := make([]int32, s.Len())
	for i, d := range s.Graph.Depth {
		rank[i] = first[d]
		first[d]++
	}
	return rank
}
