package sessions

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/synth"
)

// Shape describes generated sessions of agents. The defaults are near those of published traces of coding agents.
type Shape struct {
	Calls  Spread // of the main agent
	System int    // tokens of the prefix that all sessions share: tools and instructions
	Task   Spread // tokens of the first prompt behind it
	New    Spread // tokens that a later call adds to the conversation: results of tools, messages of the user
	Answer Spread // tokens

	ToolS      Spread  // time of a tool, in s
	HumanS     Spread  // time of a user between two calls, in s
	HumanShare float64 // of the calls that wait for a user

	Context int     // tokens at which a conversation is compacted
	Kept    float64 // share of the tokens that a compacted conversation keeps

	ForkShare float64 // of the calls that start subagents
	FanOut    [2]int  // subagents that they start
	ForkCalls Spread  // calls of a subagent
	Depth     int     // of subagents within one another; 0: none
}

// Spread is a lognormal distribution of positive numbers, given by two of its percentiles.
type Spread struct{ P50, P90 float64 }

// z90 is the 90th percentile of the standard normal distribution.
const z90 = 1.2815515655446004

func (d Spread) draw(r *synth.Rand) float64 {
	if !(d.P90 > d.P50) {
		return d.P50
	}
	return d.P50 * math.Exp(math.Log(d.P90/d.P50)/z90*r.Normal())
}

// tokens draws a number of tokens or calls.
func (d Spread) tokens(r *synth.Rand) int64 {
	return int64(max(1, math.Round(min(d.draw(r), maxDrawn))))
}

// maxDrawn limits what a distribution with a long tail returns.
const maxDrawn = 1 << 20

// DefaultShape returns the shape near AgentX's traces of June 2026: 250 calls a session, two fifths of them by four
// subagents, contexts of up to 256,000 tokens; lengths and pauses are those of the kv-cache-tester traces.
func DefaultShape() Shape {
	return Shape{
		Calls: Spread{95, 300}, System: 15000, Task: Spread{8000, 60000}, New: Spread{290, 2800},
		Answer: Spread{216, 899},
		ToolS:  Spread{9, 71}, HumanS: Spread{132, 1935}, HumanShare: 0.05, Context: 256000, Kept: 0.2,
		ForkShare: 0.03, FanOut: [2]int{1, 2}, ForkCalls: Spread{16, 50}, Depth: 1,
	}
}

// members returns the places of what Parse sets.
func (s *Shape) members() map[string]any {
	return map[string]any{
		"calls": &s.Calls, "task": &s.Task, "new": &s.New, "answer": &s.Answer, "tool_s": &s.ToolS, "human_s": &s.HumanS,
		"fork_calls": &s.ForkCalls, "human_share": &s.HumanShare, "kept": &s.Kept, "fork_share": &s.ForkShare,
		"system": &s.System, "context": &s.Context, "depth": &s.Depth, "fan_out": &s.FanOut,
	}
}

// ShapeKeys returns the keys of Parse.
func ShapeKeys() []string { return slices.Sorted(maps.Keys(new(Shape).members())) }

// Parse changes a shape by the members of a JSON object. A distribution is a number, or a list of its median and
// 90th percentile.
func (s *Shape) Parse(v gjson.Result) error {
	members := s.members()
	for _, key := range slices.Sorted(maps.Keys(members)) { // the first error does not depend on chance
		if x := v.Get(key); x.Exists() {
			if err := setMember(members[key], x); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	if s.Depth > maxNesting {
		return fmt.Errorf("depth: at most %d", maxNesting)
	}
	return nil
}

func setMember(to any, x gjson.Result) error {
	list := x.Array()
	for _, n := range list {
		if n.Type != gjson.Number || n.Num < 0 || n.Num > maxDrawn {
			return fmt.Errorf("not a number from 0 to %d: %.40s", maxDrawn, n.Raw)
		}
	}
	switch to := to.(type) {
	case *Spread:
		if len(list) == 0 || len(list) > 2 || list[0].Num > list[len(list)-1].Num {
			return fmt.Errorf("neither a number nor [median, 90th percentile]: %.40s", x.Raw)
		}
		*to = Spread{list[0].Num, list[len(list)-1].Num}
	case *float64:
		if len(list) != 1 || list[0].Num > 1 {
			return fmt.Errorf("not a share from 0 to 1: %.40s", x.Raw)
		}
		*to = list[0].Num
	case *int:
		if len(list) != 1 || list[0].Num != math.Trunc(list[0].Num) {
			return fmt.Errorf("not a whole number: %.40s", x.Raw)
		}
		*to = int(list[0].Num)
	case *[2]int:
		if len(list) == 0 || len(list) > 2 || list[0].Num < 1 || list[0].Num > list[len(list)-1].Num {
			return fmt.Errorf("neither a number nor [least, most]: %.40s", x.Raw)
		}
		*to = [2]int{int(list[0].Num), int(list[len(list)-1].Num)}
	}
	return nil
}

const drawSession = 0x73657373696f6e

// Session makes session i. It is a function of the seed and i.
func (s *Shape) Session(seed uint64, i int64) *Session {
	m := &maker{Shape: s, r: synth.NewRand(seed, drawSession, uint64(i))}
	m.out = &Session{ID: "agent-" + strconv.FormatInt(i, 10)}
	m.agent("", int(s.Calls.tokens(m.r)), nil, 0)
	return m.out
}

// maker makes one session.
type maker struct {
	*Shape
	r      *synth.Rand
	out    *Session
	agents int // subagents so far
}

const madeBlock = 64

// agent adds the calls of an agent and returns the last one.
func (m *maker) agent(name string, calls int, after []int, depth int) int {
	first := m.Task.tokens(m.r) + int64(m.System)
	if m.Context > 0 {
		first = max(1, min(first, int64(m.Context)*3/4))
	}
	context, last := int64(0), -1
	for k := range calls {
		if len(m.out.Calls) >= maxDrawn {
			break
		}
		c := Call{ID: callID(name, k), Agent: name, After: after, History: last, Out: m.Answer.tokens(m.r), Size: madeBlock}
		c.In = m.New.tokens(m.r)
		if len(after) > 0 {
			c.DelayMs = m.pause(last)
		}
		switch fresh := context + c.In + c.Out; {
		case last < 0:
			c.In = first
			c.Blocks = m.prefix(name, first)
			context = 0
		case m.Context > 0 && fresh > int64(m.Context):
			c.In, c.History, context = max(1, int64(m.Kept*float64(context)))+c.In, -1, 0
			c.Blocks = m.prefix(name, min(first, c.In))
		}
		context += c.In + c.Out
		last = len(m.out.Calls)
		m.out.Calls = append(m.out.Calls, c)
		after = reduce(m.out.Calls, append(m.forks(last, k < calls-1, depth), last))
	}
	return last
}

// pause returns the time between two calls of an agent, in ms. A subagent begins at once.
func (m *maker) pause(last int) float64 {
	switch {
	case last < 0:
		return 0
	case m.r.Float() < m.HumanShare:
		return delay(1000 * m.HumanS.draw(m.r))
	}
	return delay(1000 * m.ToolS.draw(m.r))
}

// forks adds the subagents that a call starts and returns their last calls, for which the next call waits.
func (m *maker) forks(parent int, more bool, depth int) (last []int) {
	if depth >= m.Depth || m.r.Float() >= m.ForkShare || !more {
		return nil
	}
	for range m.r.Between(m.FanOut[0], m.FanOut[1]) {
		m.agents++
		last = append(last, m.agent("sub-"+strconv.Itoa(m.agents), int(m.ForkCalls.tokens(m.r)), []int{parent}, depth+1))
	}
	return last
}

// prefix returns the blocks of a first prompt of n tokens: the system's are those of all sessions.
func (m *maker) prefix(agent string, n int64) (blocks []Block) {
	for k := range min(n, maxDrawn*madeBlock) / madeBlock {
		b := Block{Scope: m.out.ID + "/" + agent, ID: uint64(k)}
		if (k+1)*madeBlock <= int64(m.System) {
			b.Scope = "system"
		}
		blocks = append(blocks, b)
	}
	return blocks
}
