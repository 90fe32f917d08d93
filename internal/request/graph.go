package request

import (
	"fmt"
	"slices"
	"strings"
)

// Graph is the order in which the requests of a session start. Requests are identified by their indices.
type Graph struct {
	Parents  [][]int32 // the requests that must have ended before each starts, in ascending order
	Children [][]int32 // the requests that wait for each
	History  []int32   // the request whose messages and reply precede those of each; -1: none
	Depth    []int32   // the requests on the longest path to each, itself included
}

// SessionError is why lines do not form a session.
type SessionError struct {
	Reason string // session-unknown-id, -other-session, -apart, -cycle, -twice or -no-messages
	Text   string
	ID     string // that is unknown
}

// Error returns the text.
func (e *SessionError) Error() string { return e.Text }

// NewGraph returns the graph of the lines of a session, whose parents may follow their children. Its error is the
// *jsonl.LineError of the first line that is wrong, and wraps a *SessionError.
func NewGraph(lines []*Request) (*Graph, error) {
	index := make(map[string]int32, len(lines))
	for i, r := range lines {
		if r.ID == "" {
			continue
		}
		if first, twice := index[r.ID]; twice {
			return nil, r.wrong("session-twice", "custom_id %.60q is that of line %d, too", r.ID, lines[first].Source.Line)
		}
		index[r.ID] = int32(i)
	}
	g := newGraph(len(lines))
	for i, r := range lines {
		if err := g.link(int32(i), r, index); err != nil {
			return nil, err
		}
	}
	for i, h := range g.History {
		if h < 0 {
			continue
		}
		for _, r := range [2]*Request{lines[h], lines[i]} {
			if !r.HasMessages() {
				return nil, r.wrong("session-no-messages", "body has no list of messages, and history joins such lists")
			}
		}
	}
	return g, g.order(lines)
}

// NewChain returns the graph of n requests, each of which continues the one before.
func NewChain(n int) *Graph {
	g := newGraph(n)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
		g.Depth[i], g.History[i] = int32(i+1), int32(i-1)
		if i > 0 {
			g.Parents[i], g.Children[i-1] = list[i-1:i:i], list[i:i+1:i+1]
		}
	}
	return g
}

func newGraph(n int) *Graph {
	return &Graph{
		Parents: make([][]int32, n), Children: make([][]int32, n), History: make([]int32, n), Depth: make([]int32, n),
	}
}

// HasMessages reports whether the body has messages, which a history needs.
func (r *Request) HasMessages() bool {
	_, ok := messagesOf(r.Body)
	return ok
}

// link finds the parents of request i.
func (g *Graph) link(i int32, r *Request, index map[string]int32) error {
	g.History[i] = -1
	if r.History != "" {
		k, ok := index[r.History]
		if !ok {
			return r.unknown("history", r.History)
		}
		g.History[i] = k
		g.Parents[i] = append(g.Parents[i], k)
	}
	for _, id := range r.After {
		k, ok := index[id]
		if !ok {
			return r.unknown("after", id)
		}
		g.Parents[i] = append(g.Parents[i], k)
	}
	slices.Sort(g.Parents[i])
	g.Parents[i] = slices.Compact(g.Parents[i])
	for _, k := range g.Parents[i] {
		g.Children[k] = append(g.Children[k], i)
	}
	return nil
}

// order computes the depths. Its error is a cycle.
func (g *Graph) order(lines []*Request) error {
	waits := make([]int32, len(lines))
	var ready []int32
	for i, parents := range g.Parents {
		if waits[i] = int32(len(parents)); len(parents) == 0 {
			ready = append(ready, int32(i))
			g.Depth[i] = 1
		}
	}
	ordered := 0
	for ; ordered < len(ready); ordered++ {
		i := ready[ordered]
		for _, k := range g.Children[i] {
			g.Depth[k] = max(g.Depth[k], g.Depth[i]+1)
			if waits[k]--; waits[k] == 0 {
				ready = append(ready, k)
			}
		}
	}
	if ordered == len(lines) {
		return nil
	}
	return g.cycle(lines, waits)
}

// cycle returns the error of the cycle with the first line among the requests that wait for one another.
func (g *Graph) cycle(lines []*Request, waits []int32) error {
	at := int32(slices.IndexFunc(waits, func(n int32) bool { return n > 0 }))
	seen := map[int32]int{}
	var way []int32 // each waits for the next
	for {
		if from, again := seen[at]; again {
			way = way[from:]
			break
		}
		seen[at] = len(way)
		way = append(way, at)
		for _, k := range g.Parents[at] {
			if waits[k] > 0 {
				at = k
				break
			}
		}
	}
	start := slices.Index(way, slices.Min(way))
	way = slices.Concat(way[start:], way[:start+1])
	var names []string
	for n, i := range way {
		if n == 4 && len(way) > 6 {
			names = append(names, "…")
		}
		if n < 4 || n >= len(way)-2 || len(way) <= 6 {
			names = append(names, fmt.Sprintf("%.40q", lines[i].ID))
		}
	}
	list := strings.Join(names, " after ")
	return lines[way[0]].wrong("session-cycle", "a cycle of requests that wait for one another: %s", list)
}

func (r *Request) unknown(member, id string) error {
	return r.Source.Wrap(&SessionError{
		Reason: "session-unknown-id", ID: id,
		Text: fmt.Sprintf("%s: no request of session %.60q has the custom_id %.60q", member, r.Session, id),
	})
}

// wrong returns the error of a line of a session.
func (r *Request) wrong(reason, format string, args ...any) error {
	return r.Source.Wrap(&SessionError{Reason: reason, Text: fmt.Sprintf(format, args...)})
}
