package sessions

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// expansion makes the calls of a session out of conversations, which may run several times.
type expansion struct {
	dag     *DAG
	session *Session
	runs    map[string]int  // of a conversation, so far
	open    map[string]bool // conversations that are being expanded
}

// place is where a conversation begins.
type place struct {
	after   []int
	history int // -1: none
	delayMs float64
}

// maxCalls limits the calls of a session, so that conversations which spawn one another cannot exhaust memory.
const maxCalls = 1 << 20

// conversation adds the calls of a conversation and returns those that have to end until it has.
func (e *expansion) conversation(id string, at place, line int) (last []int, err error) {
	c := e.dag.byID[id]
	switch {
	case c == nil:
		return nil, &LineError{line, fmt.Errorf("there is no conversation %q", id)}
	case e.open[id]:
		return nil, &LineError{line, fmt.Errorf("the conversation %q starts itself", id)}
	}
	e.open[id] = true
	defer delete(e.open, id)
	if e.runs[id]++; e.runs[id] > 1 {
		id += "#" + strconv.Itoa(e.runs[id])
	}
	for _, name := range c.Before {
		if _, err := e.conversation(name, place{at.after, -1, 0}, c.line); err != nil {
			return nil, err
		}
	}
	if c.Orchestrator {
		return e.rounds(c, at)
	}
	agent := id
	if c.ID == e.session.ID {
		agent = ""
	}
	joins := make([][]int, len(c.Turns)+1) // by the turn that waits for them
	for k := range c.Turns {
		t := &c.Turns[k]
		at.after = append(slices.Clone(at.after), joins[k]...)
		if k > 0 || t.Delay > 0 {
			at.delayMs = t.Delay
		}
		call, err := e.call(c, t, callID(agent, k), at)
		if err != nil {
			return nil, err
		}
		last, at = []int{call}, place{after: []int{call}, history: call}
		if ends, err := e.spawns(c, k, call, joins); err != nil {
			return nil, err
		} else if len(ends) > 0 {
			last = ends
		}
	}
	return last, nil
}

// spawns adds the conversations that turn k starts. It returns the ends of those that continue its conversation.
func (e *expansion) spawns(c *dagConversation, k, call int, joins [][]int) (ends []int, err error) {
	t := &c.Turns[k]
	for _, s := range t.spawns {
		at := k + 1
		if s.JoinAt != nil {
			at = *s.JoinAt
		}
		for _, name := range s.Children {
			last, err := e.conversation(name, place{[]int{call}, -1, 0}, c.line)
			if err != nil {
				return nil, err
			}
			joins[at] = append(joins[at], last...)
		}
	}
	for _, f := range t.forks {
		last, err := e.conversation(f.Child, place{[]int{call}, call, 0}, c.line)
		if err != nil {
			return nil, err
		}
		if !f.Background {
			ends = append(ends, last...)
		}
	}
	return ends, nil
}

// call adds a turn.
func (e *expansion) call(c *dagConversation, t *dagTurn, id string, at place) (int, error) {
	k := len(e.session.Calls)
	if k == maxCalls {
		return 0, &LineError{c.line, fmt.Errorf("a session of more than %d calls", maxCalls)}
	}
	agent := c.ID
	if c.ID == e.session.ID {
		agent = ""
	}
	one := Call{ID: id, Agent: agent, After: reduce(e.session.Calls, slices.Clone(at.after)), History: at.history,
		DelayMs: delay(at.delayMs), Out: Unknown, Limit: true, Messages: compact(t.Messages), Line: c.line}
	if c.Mode == fullArrays {
		one.History = -1
	}
	if t.MaxTokens != nil {
		one.Out = *t.MaxTokens
	}
	if t.Model != "" {
		one.Params = append(one.Params, member("model", fastjson.AppendString(nil, t.Model)))
	}
	if len(t.Tools) > 0 && string(t.Tools) != "null" {
		one.Params = append(one.Params, member("tools", compact(t.Tools)))
	}
	gjson.ParseBytes(t.Extra).ForEach(func(key, value gjson.Result) bool {
		one.Params = append(one.Params, member(key.Str, compact([]byte(value.Raw))))
		return true
	})
	e.session.Calls = append(e.session.Calls, one)
	return k, nil
}

func compact(raw []byte) json.RawMessage { return json.RawMessage(gjson.GetBytes(raw, "@ugly").Raw) }

// rounds adds the conversations of an orchestrator: those of a round start together, when those of the round before
// have ended and after the time to think.
func (e *expansion) rounds(c *dagConversation, at place) (last []int, err error) {
	last = at.after
	for k, r := range c.rounds {
		var ends []int
		for _, name := range r.Spawns {
			some, err := e.conversation(name, place{last, -1, c.think(r.Think, e.dag.Seed, k)}, c.line)
			if err != nil {
				return nil, err
			}
			ends = append(ends, some...)
		}
		last = ends
	}
	return last, nil
}
