package request

import (
	"fmt"
	"slices"
	"strings"
)

// Graph is the order in which the requests of a session start. Requests are identified by their indices.
type Graph struct {
	History []int32 // the request whose messages and reply precede those of each; -1: none
	Depth   []int32 // the requests on the longest path to each, itself included

	parents, children lists
}

// Len returns the number of requests.
func (g *Graph) Len() int { return len(g.Depth) }

// Parents returns the requests that must have ended before request i starts, in ascending order.
func (g *Graph) Parents(i int32) []int32 { return g.parents.of(i) }

// Children returns the requests that wait for request i, in ascending order.
func (g *Graph) Children(i int32) []int32 { return g.children.of(i) }

// lists has a list for each request: graphs are many, and a slice of each would take more memory than its numbers.
type lists struct {
	ends []int32 // of each list in all
	all  []int32
}

func (l *lists) of(i int32) []int32 {
	begin := int32(0)
	if i > 0 {
		begin = l.ends[i-1]
	}
	return l.all[begin:l.ends[i]:l.ends[i]]
}

// end ends the list of the next request, which was appended to all.
func (l *lists) end() { l.ends = append(l.ends, int32(len(l.all))) }

// inverse returns for each request those in whose lists it is.
func (l *lists) inverse() lists {
	n := len(l.ends)
	inv := lists{make([]int32, n), make([]int32, len(l.all))}
	for _, k := range l.all {
		inv.ends[k]++
	}
	end := int32(0)
	for k, count := range inv.ends { // from here on, where the next number of each list is put
		inv.ends[k] = end
		end += count
	}
	for i := range n {
		for _, k := range l.of(int32(i)) {
			inv.all[inv.ends[k]] = int32(i)
			inv.ends[k]++
		}
	}
	return inv
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
	g.children = g.parents.inverse()
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
	for i := range int32(n) {
		g.Depth[i], g.History[i] = i+1, i-1
		if i > 0 {
			g.parents.all = append(g.parents.all, i-1)
		}
		g.parents.end()
	}
	g.children = g.parents.inverse()
	return g
}

func newGraph(n int) *Graph {
	numbers := make([]int32, 3*n)
	return &Graph{
		History: numbers[:n:n], Depth: numbers[n : 2*n : 2*n],
		parents: lists{ends: numbers[2*n : 2*n], all: make([]int32, 0, n)},
	}
}

// Limit retains the requests with a place, which is that of each among those retained, in ascending order, or negative.
// No retained request may have a parent that is not.
func (g *Graph) Limit(place []int32) {
	kept := newGraph(0)
	for i, k := range place {
		if k < 0 {
			continue
		}
		for _, p := range g.Parents(int32(i)) {
			kept.parents.all = append(kept.parents.all, place[p])
		}
		kept.parents.end()
		kept.Depth = append(kept.Depth, g.Depth[i])
		h := g.History[i]
		if h >= 0 {
			h = place[h]
		}
		kept.History = append(kept.History, h)
	}
	kept.children = kept.parents.inverse()
	*g = *kept
}

// HasMessages reports whether the body has messages, which a history needs.
func (r *Request) HasMessages() bool {
	_, ok := messagesOf(r.Body)
	return ok
}

// link adds the parents of request i, the next one.
func (g *Graph) link(i int32, r *Request, index map[string]int32) error {
	p := &g.parents
	begin := len(p.all)
	g.History[i] = -1
	if r.History != "" {
		k, ok := index[r.History]
		if !ok {
			return r.unknown("history", r.History)
		}
		g.History[i] = k
		p.all = append(p.all, k)
	}
	for _, id := range r.After {
		k, ok := index[id]
		if !ok {
			return r.unknown("after", id)
		}
		p.all = append(p.all, k)
	}
	list := p.all[begin:]
	slices.Sort(list)
	p.all = p.all[:begin+len(slices.Compact(list))]
	p.end()
	return nil
}

// order computes the depths. Its error is a cycle.
func (g *Graph) order(lines []*Request) error {
	waits := make([]int32, len(lines))
	var ready []int32
	for i := range int32(len(lines)) {
		if waits[i] = int32(len(g.Parents(i))); waits[i] == 0 {
			ready = append(ready, i)
			g.Depth[i] = 1
		}
	}
	ordered := 0
	for ; ordered < len(ready); ordered++ {
		i := ready[ordered]
		for _, k := range g.Children(i) {
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
		for _, k := range g.Parents(at) {
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
