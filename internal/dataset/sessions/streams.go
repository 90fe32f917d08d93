package sessions

import (
	"cmp"
	"slices"
)

// Limits of what counts as one stream. Traces of coding agents were recorded at a proxy, which interleaves the calls of
// agents that it cannot tell apart; aiperf, whose results these rules reproduce, calls them flattened agents.
const (
	seamGap     = 3600 // s after which a stream continues only if seamOverlap of its blocks are kept
	seamOverlap = 0.5
	titleTokens = 64 // longest answer of a call that makes a title for the session
)

// chain is a stream under construction.
type chain struct {
	calls  []*wekaCall
	tail   *wekaCall // last call that has blocks
	depth  int       // blocks that the first call shares with the tail of another chain, the key of partition.forks
	merged *chain    // that this one continues
}

// chainsOf divides calls into the streams of agents, the main one first. A call continues the stream whose last call
// has all of its blocks at the beginning of this one's, was of the same model, and had ended. Any other call begins a
// stream, unless the agent that it shares blocks with is never seen with its longer context again: then that one has
// compacted its context, and the stream continues. A call without blocks belongs to the main stream.
func chainsOf(calls []*wekaCall) [][]*wekaCall {
	if len(calls) == 0 {
		return nil
	}
	byTime := func(a, b *wekaCall) int { return cmp.Or(cmp.Compare(a.T, b.T), cmp.Compare(a.outer, b.outer)) }
	ordered := slices.Clone(calls)
	slices.SortStableFunc(ordered, byTime)
	lead, rest := title(ordered)
	p := partition{of: map[*wekaCall]*chain{}, forks: map[*wekaCall][]*chain{}}
	for _, c := range rest {
		p.place(c)
	}
	p.splice()
	main := p.chains[0].root()
	if lead != nil {
		main.calls = append(main.calls, lead)
	}
	var others [][]*wekaCall
	for _, c := range p.chains {
		slices.SortStableFunc(c.calls, byTime)
		if c.merged == nil && c != main {
			others = append(others, c.calls)
		}
	}
	slices.SortStableFunc(others, func(a, b []*wekaCall) int { return byTime(a[0], b[0]) })
	return append([][]*wekaCall{main.calls}, others...)
}

// title returns the first call, if it shares no blocks with the others, and those. It was made for the title of the
// session, or for something else that is not the agent's work, and must not begin the main stream.
func title(ordered []*wekaCall) (lead *wekaCall, rest []*wekaCall) {
	first := ordered[0]
	if len(ordered) < 2 || len(first.Hashes) == 0 {
		return nil, ordered
	}
	for _, c := range ordered[1:] {
		if shared(first.Hashes, c.Hashes) > 0 {
			return nil, ordered
		}
	}
	if *first.Out > titleTokens {
		own := map[int64]bool{}
		for _, h := range first.Hashes {
			own[h] = true
		}
		for _, c := range ordered[1:] {
			if slices.ContainsFunc(c.Hashes, func(h int64) bool { return own[h] }) {
				return nil, ordered
			}
		}
	}
	return first, ordered[1:]
}

// shared returns the number of leading elements that two lists share.
func shared(a, b []int64) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// root returns the chain that this one is part of.
func (c *chain) root() *chain {
	for c.merged != nil {
		c = c.merged
	}
	return c
}

func (c *chain) append(call *wekaCall) {
	if c.calls = append(c.calls, call); len(call.Hashes) > 0 {
		c.tail = call
	}
}

// partition divides calls into chains.
type partition struct {
	chains []*chain
	of     map[*wekaCall]*chain
	forks  map[*wekaCall][]*chain // chains that share blocks with a tail
}

// place adds the next call in time.
func (p *partition) place(c *wekaCall) {
	to := p.target(c)
	if to == nil {
		parent, depth := p.nearest(c)
		to = &chain{depth: depth}
		if parent != nil {
			p.forks[parent.tail] = append(p.forks[parent.tail], to)
		}
		p.chains = append(p.chains, to)
	}
	to.append(c)
	p.of[c] = to
}

// target returns the chain that a call continues, or nil.
func (p *partition) target(c *wekaCall) (best *chain) {
	evidence := slices.ContainsFunc(p.chains, func(x *chain) bool { return x.tail != nil })
	if len(p.chains) > 0 && (len(c.Hashes) == 0 || !evidence) {
		return p.chains[0]
	}
	for _, x := range p.chains {
		t := x.tail
		if t == nil || t.Model != c.Model || t.end() > c.T+epsilon || len(t.Hashes) > len(c.Hashes) ||
			best != nil && len(t.Hashes) <= len(best.tail.Hashes) {
			continue
		}
		if shared(t.Hashes, c.Hashes) == len(t.Hashes) {
			best = x
		}
	}
	return best
}

// nearest returns the chain whose tail shares most blocks with a call, and their number, or nil if none shares any.
func (p *partition) nearest(c *wekaCall) (best *chain, depth int) {
	for _, x := range p.chains {
		if x.tail == nil {
			continue
		}
		n := shared(x.tail.Hashes, c.Hashes)
		if n > depth || n > 0 && n == depth && len(x.tail.Hashes) > len(best.tail.Hashes) {
			best, depth = x, n
		}
	}
	return best, depth
}

// splice joins chains that continue another one whose last call nothing else extends: its context was compacted.
func (p *partition) splice() {
	var tails []*wekaCall
	for t := range p.forks {
		tails = append(tails, t)
	}
	done := map[*wekaCall]bool{}
	for len(tails) > 0 {
		slices.SortFunc(tails, func(a, b *wekaCall) int { return cmp.Compare(b.outer, a.outer) })
		t := tails[len(tails)-1]
		tails = tails[:len(tails)-1]
		owner := p.of[t].root()
		if done[t] || owner.tail != t {
			continue // nothing to join, or its longer context was used again
		}
		done[t] = true
		next := p.elect(t)
		if next == nil {
			continue
		}
		owner.calls = append(owner.calls, next.calls...)
		next.merged = owner
		if next.tail != nil {
			owner.tail = next.tail
		}
		if p.rekey(p.forks[t], next, owner) {
			done[owner.tail] = false
			tails = append(tails, owner.tail)
		}
	}
}

// elect returns the chain that continues the stream of t, or nil.
func (p *partition) elect(t *wekaCall) (best *chain) {
	for _, x := range p.forks[t] {
		first := x.calls[0]
		overlap := float64(x.depth) / float64(len(t.Hashes))
		if x.merged != nil || first.Model != t.Model || t.end() > first.T+epsilon ||
			first.T-t.end() > seamGap && overlap < seamOverlap {
			continue
		}
		if best == nil || x.depth > best.depth || x.depth == best.depth && first.T < best.calls[0].T {
			best = x
		}
	}
	return best
}

// rekey compares the chains that were not elected with the new tail, and reports whether one shares blocks with it.
func (p *partition) rekey(forks []*chain, elected, owner *chain) (any bool) {
	for _, x := range forks {
		if x == elected || x.merged != nil {
			continue
		}
		if n := shared(owner.tail.Hashes, x.calls[0].Hashes); n > 0 {
			x.depth, any = n, true
			p.forks[owner.tail] = append(p.forks[owner.tail], x)
		}
	}
	return any
}
