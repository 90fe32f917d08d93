package sessions

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

// session makes the session of calls.
func (d *OTel) session(id string, spans []*span) *Session {
	slices.SortStableFunc(spans, func(a, b *span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	spans = unique(spans)
	s := &Session{ID: id, AtMs: &spans[0].start}
	kept := map[int][]Block{}
	minted := uint64(0)
	for k, one := range spans {
		c := Call{ID: strconv.Itoa(k), History: -1, Model: one.model, In: max(0, one.in), Out: one.out, Line: one.line}
		waits := one.waits(s.Calls, spans[:k])
		for n, w := range waits {
			if ms := delay(one.start - spans[w].end); n == 0 || ms < c.DelayMs {
				c.DelayMs = ms
			}
		}
		if len(waits) == 0 {
			c.DelayMs = delay(one.start - spans[0].start)
		}
		c.After = reduce(s.Calls, waits)
		if c.Messages = nil; len(one.messages) > 0 {
			d.speak(&c, s.Calls, spans, k)
		} else {
			c.Size = labBlock
			var before []Block
			if len(c.After) > 0 {
				before = kept[c.After[len(c.After)-1]]
			}
			c.Blocks, minted = mint(id, before, one.cached, c.In, minted)
			kept[k] = c.Blocks
		}
		s.Calls = append(s.Calls, c)
	}
	return s
}

// mint returns the blocks of a prompt of n tokens, of which the first are those of a prompt before it.
func mint(scope string, before []Block, cached, n int64, next uint64) ([]Block, uint64) {
	keep := min(int(min(cached, n)/labBlock), len(before))
	blocks := slices.Clone(before[:keep])
	for int64(len(blocks)) < min(n/labBlock, maxBlocks) {
		blocks = append(blocks, Block{Scope: scope, ID: next})
		next++
	}
	return blocks, next
}

// waits returns the calls that a call waits for: those whose output is in its input and that had ended, and the last of
// the calls that had ended.
func (s *span) waits(calls []Call, before []*span) (waits []int) {
	implied := map[int]bool{}
	last := -1
	for k := len(before) - 1; k >= 0; k-- {
		b := before[k]
		if b.end > s.start {
			continue
		}
		if last < 0 {
			last = k
			waits = append(waits, k)
		}
		if implied[k] || !s.uses(&b.answer) {
			continue
		}
		if k != last {
			waits = append(waits, k)
		}
		follow(calls, calls[k].After, 0, implied)
	}
	return waits
}

// uses reports whether an answer is in the input: its text, or one of its tool calls.
func (s *span) uses(answer *message) bool {
	for i := range s.messages {
		m := &s.messages[i]
		if m.role != "assistant" {
			continue
		}
		if answer.text != "" && strings.Contains(m.text, answer.text) {
			return true
		}
		for _, c := range answer.calls {
			if c.id != "" && slices.ContainsFunc(m.calls, func(x toolCall) bool { return x.id == c.id }) {
				return true
			}
		}
	}
	return false
}

// speak sets the messages of call k. If those of an earlier call, which must have ended, and its answer are the
// beginning of them, the call continues it, and the server's own answer takes the place of the recorded one.
func (d *OTel) speak(c *Call, calls []Call, spans []*span, k int) {
	one := spans[k]
	c.Params = append(c.Params, one.params...)
	if one.tools != nil {
		c.Params = append(c.Params, member("tools", one.tools))
	}
	if one.in < 0 {
		c.In = 0
	}
	if len(one.answer.calls) > 0 { // forced to go on, it would call no tool
		c.Limit, c.Out = true, cmp.Or(max(one.limit, 0), max(4*one.out, toolTokens))
	} else if c.Out == Unknown && one.limit > 0 {
		c.Limit, c.Out = true, one.limit
	}
	best := 0
	if !d.Recorded {
		for _, p := range ancestors(calls, c.After) {
			if n := len(spans[p].messages) + 1; n > best && one.continues(spans[p]) {
				best, c.History = n, p
			}
		}
	}
	c.Messages = encode(one.messages[best:])
	if best == len(one.messages) { // nothing new: the call was repeated
		c.History, c.Messages = -1, encode(one.messages)
	}
}

// toolTokens is the least limit of an answer that calls a tool.
const toolTokens = 4096

// continues reports whether the messages begin with those of p and its answer.
func (s *span) continues(p *span) bool {
	n := len(p.messages)
	if n >= len(s.messages) || s.messages[n].role != "assistant" {
		return false
	}
	for i := range n {
		if !s.messages[i].equal(&p.messages[i]) {
			return false
		}
	}
	return s.messages[n].equal(&p.answer)
}

// ancestors returns the calls that those in the list follow, themselves included, the last ones first.
func ancestors(calls []Call, of []int) []int {
	seen := map[int]bool{}
	follow(calls, of, 0, seen)
	all := slices.Sorted(maps.Keys(seen))
	slices.Reverse(all)
	return all
}

// encode returns messages as OpenAI's API has them.
func encode(all []message) json.RawMessage {
	b := []byte{'['}
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = all[i].append(b)
	}
	return append(b, ']')
}
