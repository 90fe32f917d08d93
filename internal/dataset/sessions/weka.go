package sessions

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/goccy/go-json"
)

// Weka reads traces of coding agents in Weka's format, that of AgentX: one object is a session, whose calls have the
// length of the whole prompt and hashes of its blocks. A subagent is an entry with calls of its own.
//
// Calls do not name those that they wait for. They follow from the recorded times: a call waits for the calls of its
// session that had ended when it started. Streams of calls that were recorded interleaved are told apart by their
// blocks.
type Weka struct {
	relative int // subagents whose times count from their start
	untimed  int // calls without api_time
}

type wekaTrace struct {
	ID        string        `json:"id"`
	BlockSize int64         `json:"block_size"`
	Scope     string        `json:"hash_id_scope"`
	Requests  []wekaRequest `json:"requests"`
}

// wekaRequest is a call, or a subagent with calls.
type wekaRequest struct {
	T         float64  `json:"t"`
	Type      string   `json:"type"`
	Model     string   `json:"model"`
	In        *int64   `json:"in"`
	Out       *int64   `json:"out"`
	Hashes    []int64  `json:"hash_ids"`
	APITime   *float64 `json:"api_time"`
	ThinkTime *float64 `json:"think_time"`

	Agent    string        `json:"agent_id"`
	Kind     string        `json:"subagent_type"`
	Duration *float64      `json:"duration_ms"`
	Requests []wekaRequest `json:"requests"`
}

const wekaBlock = 64

// Decode reads one session.
func (d *Weka) Decode(value []byte, line int) ([]*Session, error) {
	var t wekaTrace
	if err := json.Unmarshal(value, &t); err != nil {
		return nil, fmt.Errorf("not a Weka trace: %w", err)
	}
	switch {
	case t.Requests == nil:
		return nil, errors.New("a Weka trace without requests")
	case t.BlockSize < 0:
		return nil, fmt.Errorf("block_size is %d", t.BlockSize)
	case t.Scope != "" && t.Scope != "local" && t.Scope != "global":
		return nil, fmt.Errorf("hash_id_scope is %q: want local or global", t.Scope)
	}
	t.BlockSize = cmp.Or(t.BlockSize, wekaBlock)
	if err := checkRequests(t.Requests, "requests", 0); err != nil {
		return nil, err
	}
	g := &wekaGraph{trace: &t, line: line, decoder: d}
	g.relative = countsFromSpawn(t.Requests)
	g.add("", g.streams("", t.Requests, 0), t.Requests, nil, 0)
	s := g.session()
	if len(s.Calls) == 0 {
		return nil, nil
	}
	return []*Session{s}, nil
}

// End returns nothing: each value is complete.
func (d *Weka) End() iter.Seq2[*Session, error] { return none }

// maxNesting limits subagents of subagents.
const maxNesting = 32

func checkRequests(all []wekaRequest, where string, depth int) error {
	for i := range all {
		r, at := &all[i], where+"["+strconv.Itoa(i)+"]"
		switch {
		case math.Abs(r.T) > 1e12:
			return fmt.Errorf("%s: t is %g", at, r.T)
		case r.Type == "subagent":
			if depth == maxNesting {
				return fmt.Errorf("%s: subagents nested more than %d deep", at, maxNesting)
			}
			if err := checkRequests(r.Requests, at+".requests", depth+1); err != nil {
				return err
			}
			continue
		case r.Type != "n" && r.Type != "s":
			return fmt.Errorf("%s: type is %q: want n, s or subagent", at, r.Type)
		case r.In == nil || r.Out == nil:
			return fmt.Errorf("%s: a call needs in and out", at)
		}
		if err := checkTokens(*r.In, *r.Out); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

// countsFromSpawn reports whether the times within subagents count from the start of the subagent: in most of them
// some call would otherwise precede it.
func countsFromSpawn(all []wekaRequest) bool {
	before, after := 0, 0
	for i := range all {
		e := &all[i]
		if e.Type != "subagent" || len(e.Requests) == 0 || e.T <= 0 {
			continue
		}
		first := math.Inf(1)
		for k := range e.Requests {
			first = min(first, e.Requests[k].T)
		}
		if first+epsilon < e.T {
			before++
		} else {
			after++
		}
	}
	return before > after
}

// epsilon is the precision of recorded times, in s.
const epsilon = 1e-6

func (r *wekaRequest) end() float64 {
	if r.APITime == nil || !(*r.APITime > 0) {
		return r.T
	}
	return r.T + *r.APITime
}

// wekaCall is a call on its way into the graph.
type wekaCall struct {
	*wekaRequest
	outer int // index in the list of the trace or subagent
	scope int // calls of a scope are ordered by their times
	agent string

	prev  *wekaCall   // of the same stream
	spawn *wekaCall   // of the parent, before the subagent
	joins []*wekaCall // last calls of subagents that ended before this one
	index int         // in the session
}

// wekaGraph collects the calls of a trace.
type wekaGraph struct {
	trace    *wekaTrace
	decoder  *Weka
	line     int
	relative bool
	scopes   int
	all      []*wekaCall
}

// streams divides the calls of an agent's list, whose times are shifted by base, into those of its streams.
func (g *wekaGraph) streams(parent string, list []wekaRequest, base float64) [][]*wekaCall {
	var calls []*wekaCall
	for i := range list {
		r := &list[i]
		if r.Type == "subagent" {
			r.T += base
			continue
		}
		if r.T += base; r.APITime == nil {
			g.decoder.untimed++
		}
		calls = append(calls, &wekaCall{wekaRequest: r, outer: i, scope: g.scopes, index: -1})
	}
	g.scopes++
	streams := chainsOf(calls)
	for k, stream := range streams {
		agent := parent
		if k > 0 {
			agent += "+" + strconv.Itoa(k)
		}
		for i, c := range stream {
			if c.agent = agent; i > 0 {
				c.prev = stream[i-1]
			}
		}
		g.all = append(g.all, stream...)
	}
	return streams
}

// add adds the subagents of a list, whose own calls are in streams, and returns all streams. A stream begins after the
// call that spawned it: parent for the first one, and one of that for the others.
func (g *wekaGraph) add(agent string, streams [][]*wekaCall, list []wekaRequest, parent []*wekaCall,
	outer int) [][]*wekaCall {
	var main []*wekaCall
	if len(streams) > 0 {
		main = streams[0]
	}
	all := slices.Clone(streams)
	for k, s := range streams {
		first := s[0]
		if first.spawn = spawn(parent, first, outer); k > 0 && first.spawn == nil {
			first.spawn = spawn(main, first, first.outer)
		}
	}
	for i := range list {
		e := &list[i]
		if e.Type != "subagent" || len(e.Requests) == 0 {
			continue
		}
		base := 0.0
		if g.relative {
			base = e.T
			g.decoder.relative++
		}
		name := cmp.Or(e.Agent, "subagent "+strconv.Itoa(i))
		if agent != "" {
			name = agent + "/" + name
		}
		inner := g.add(name, g.streams(name, e.Requests, base), e.Requests, main, i)
		g.join(main, i, e, inner)
		all = append(all, inner...)
	}
	return all
}

// spawn returns the last call of a stream that precedes an index of the list and had ended when c started.
func spawn(stream []*wekaCall, c *wekaCall, outer int) (last *wekaCall) {
	for _, s := range stream {
		if s.outer < outer && s.end() <= c.T+epsilon && (last == nil || s.outer > last.outer) {
			last = s
		}
	}
	return last
}

// join makes the first call of the parent that started after the end of a subagent wait for it.
func (g *wekaGraph) join(parent []*wekaCall, outer int, e *wekaRequest, streams [][]*wekaCall) {
	end := e.T
	switch {
	case e.Duration != nil:
		end += max(0, *e.Duration/1000)
	default:
		for _, s := range streams {
			for _, c := range s {
				end = max(end, c.end())
			}
		}
	}
	var first *wekaCall
	for _, c := range parent {
		if c.outer > outer && c.T+epsilon >= end && (first == nil || c.outer < first.outer) {
			first = c
		}
	}
	if first == nil {
		return // it continues in the background
	}
	for _, s := range streams {
		first.joins = append(first.joins, s[len(s)-1])
	}
}

// session orders the calls by time and finds what each waits for.
func (g *wekaGraph) session() *Session {
	slices.SortStableFunc(g.all, func(a, b *wekaCall) int { return cmp.Compare(a.T, b.T) })
	s := &Session{ID: g.trace.ID, Calls: make([]Call, len(g.all))}
	done := newFrontier(g.all)
	start := 0.0
	if len(g.all) > 0 {
		start = g.all[0].T
	}
	numbers := map[string]int{}
	for i, c := range g.all {
		waits := done.before(c)
		for _, w := range append(c.joins, c.prev, c.spawn) {
			if w != nil && w.index >= 0 { // a later one cannot be waited for
				waits = append(waits, w)
			}
		}
		call := &s.Calls[i]
		*call = Call{ID: callID(c.agent, numbers[c.agent]), Agent: c.agent, History: -1, Model: c.Model, In: *c.In,
			Out: *c.Out, Size: g.trace.BlockSize, Line: g.line}
		numbers[c.agent]++
		from := start
		if len(waits) > 0 {
			from = math.Inf(-1)
		}
		for _, w := range waits {
			call.After = append(call.After, w.index)
			from = max(from, w.end())
		}
		call.After, call.DelayMs = reduce(s.Calls, call.After), delay((c.T-from)*1000)
		call.Blocks = g.blocks(c.Hashes)
		c.index = i
	}
	return s
}

// callID names a call: its number among those of its agent.
func callID(agent string, n int) string {
	if agent == "" {
		return strconv.Itoa(n)
	}
	return agent + "/" + strconv.Itoa(n)
}

func (g *wekaGraph) blocks(hashes []int64) []Block {
	scope := g.trace.ID
	if g.trace.Scope == "global" {
		scope = ""
	}
	blocks := make([]Block, len(hashes))
	for i, h := range hashes {
		blocks[i] = Block{scope, uint64(h)}
	}
	return blocks
}

// Notes returns what the decoder had to assume.
func (d *Weka) Notes() map[string]int {
	return map[string]int{
		"subagents whose times count from their start: %d":                                d.relative,
		"calls without api_time: %d: the delays after them include the server's own time": d.untimed,
	}
}
