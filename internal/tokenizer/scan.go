package tokenizer

import (
	"errors"
	"unicode/utf8"
)

// matcher matches s at byte p and returns the end of the match, or -1. Each one is created with what follows it, so
// that a pattern is a tree of calls without any bookkeeping.
type matcher func(s string, p int) int

// errNoScanner is the error of a pattern that a scanner cannot express.
var errNoScanner = errors.New("the pattern repeats more than single characters")

// scanner finds the matches of a pattern without repeated groups, which includes those of all well-known vocabularies.
// Its worst-case cost is quadratic in the length of a run of characters of one class.
type scanner struct {
	ascii [128][]matcher // the alternatives that can begin with the character
	other []matcher      // all alternatives
}

func newScanner(n *node) (*scanner, error) {
	for n.op == opConcat && len(n.subs) == 1 {
		n = n.subs[0]
	}
	alts := []*node{n}
	if n.op == opAlt {
		alts = n.subs
	}
	sc := &scanner{}
	for _, alt := range alts {
		m, err := compile(alt, func(_ string, p int) int { return p })
		if err != nil {
			return nil, err
		}
		sc.other = append(sc.other, m)
		first, empty := firsts(alt)
		for c := range 128 {
			if empty || first[c>>6]>>(c&63)&1 == 1 {
				sc.ascii[c] = append(sc.ascii[c], m)
			}
		}
	}
	return sc, nil
}

// match returns the end of the match at p, or -1.
func (sc *scanner) match(s string, p int) int {
	alts := sc.other
	if p < len(s) && s[p] < 0x80 {
		alts = sc.ascii[s[p]]
	}
	for _, m := range alts {
		if e := m(s, p); e >= 0 {
			return e
		}
	}
	return -1
}

// find returns the first match at p or later; start is -1 if there is none.
func (sc *scanner) find(s string, p int) (start, end int) {
	for ; p <= len(s); p++ {
		if p < len(s) && !utf8.RuneStart(s[p]) {
			continue
		}
		if e := sc.match(s, p); e >= 0 {
			return p, e
		}
	}
	return -1, -1
}

// firsts returns the ASCII characters that a match of n can begin with, and whether it can be empty or begin with any
// character.
func firsts(n *node) (ascii [2]uint64, empty bool) {
	add := func(more [2]uint64) { ascii[0] |= more[0]; ascii[1] |= more[1] }
	switch n.op {
	case opClass:
		return n.class.ascii, false
	case opConcat:
		for _, sub := range n.subs {
			first, more := firsts(sub)
			add(first)
			if !more {
				return ascii, false
			}
		}
		return ascii, true
	case opAlt:
		for _, sub := range n.subs {
			first, more := firsts(sub)
			add(first)
			empty = empty || more
		}
		return ascii, empty
	case opRepeat:
		first, more := firsts(n.subs[0])
		return first, more || n.min == 0
	case opAtomic:
		return firsts(n.subs[0])
	}
	return ascii, true
}

// compile returns the matcher of n followed by next.
func compile(n *node, next matcher) (matcher, error) {
	switch n.op {
	case opClass:
		c := n.class
		return func(s string, p int) int {
			if e := advance(c, s, p); e >= 0 {
				return next(s, e)
			}
			return -1
		}, nil
	case opConcat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			m, err := compile(n.subs[i], next)
			if err != nil {
				return nil, err
			}
			next = m
		}
		return next, nil
	case opAlt:
		return compileAlt(n, next)
	case opRepeat:
		return compileRepeat(n, next)
	case opLook:
		return compileLook(n, next)
	case opBegin:
		return func(s string, p int) int {
			if p == 0 {
				return next(s, p)
			}
			return -1
		}, nil
	case opEnd:
		return func(s string, p int) int {
			if p == len(s) {
				return next(s, p)
			}
			return -1
		}, nil
	}
	return nil, errNoScanner
}

// advance returns the end of the character at p if it is in c, else -1.
func advance(c *class, s string, p int) int {
	if p >= len(s) {
		return -1
	}
	if b := s[p]; b < 0x80 {
		if c.ascii[b>>6]>>(b&63)&1 == 1 {
			return p + 1
		}
		return -1
	}
	r, size := utf8.DecodeRuneInString(s[p:])
	if c.compute(r) {
		return p + size
	}
	return -1
}

func compileAlt(n *node, next matcher) (matcher, error) {
	alts := make([]matcher, len(n.subs))
	for i, sub := range n.subs {
		m, err := compile(sub, next)
		if err != nil {
			return nil, err
		}
		alts[i] = m
	}
	return func(s string, p int) int {
		for _, m := range alts {
			if e := m(s, p); e >= 0 {
				return e
			}
		}
		return -1
	}, nil
}

// compileRepeat compiles the repetition of one character, or an optional group.
func compileRepeat(n *node, next matcher) (matcher, error) {
	sub := n.subs[0]
	for sub.op == opConcat && len(sub.subs) == 1 {
		sub = sub.subs[0]
	}
	switch {
	case sub.op != opClass:
		return compileOptional(n, sub, next)
	case n.lazy:
		return lazyRepeat(sub.class, n.min, n.max, next), nil
	}
	return greedyRepeat(sub.class, n.min, n.max, n.possessive, next), nil
}

func compileOptional(n, sub *node, next matcher) (matcher, error) {
	if n.min != 0 || n.max != 1 || n.possessive {
		return nil, errNoScanner
	}
	with, err := compile(sub, next)
	if err != nil {
		return nil, err
	}
	first, second := with, next
	if n.lazy {
		first, second = next, with
	}
	return func(s string, p int) int {
		if e := first(s, p); e >= 0 {
			return e
		}
		return second(s, p)
	}, nil
}

func lazyRepeat(c *class, least, most int, next matcher) matcher {
	return func(s string, p int) int {
		for count := 0; p >= 0; count++ {
			if count >= least {
				if e := next(s, p); e >= 0 || count == most {
					return e
				}
			}
			p = advance(c, s, p)
		}
		return -1
	}
}

func greedyRepeat(c *class, least, most int, possessive bool, next matcher) matcher {
	return func(s string, p int) int {
		count := 0
		for count != most {
			e := advance(c, s, p)
			if e < 0 {
				break
			}
			p = e
			count++
		}
		for count >= least {
			if e := next(s, p); e >= 0 {
				return e
			}
			if count == least || possessive {
				return -1
			}
			count--
			for p--; !utf8.RuneStart(s[p]); p-- {
			}
		}
		return -1
	}
}

// compileLook compiles a look around, which consumes nothing: ahead for anything, behind for one character.
func compileLook(n *node, next matcher) (matcher, error) {
	sub, not := n.subs[0], n.not
	for sub.op == opConcat && len(sub.subs) == 1 {
		sub = sub.subs[0]
	}
	if n.behind {
		if sub.op != opClass {
			return nil, errNoScanner
		}
		c := sub.class
		return func(s string, p int) int {
			r, size := utf8.DecodeLastRuneInString(s[:p])
			if (size > 0 && c.has(r)) == not {
				return -1
			}
			return next(s, p)
		}, nil
	}
	m, err := compile(sub, func(_ string, p int) int { return p })
	if err != nil {
		return nil, err
	}
	return func(s string, p int) int {
		if (m(s, p) >= 0) == not {
			return -1
		}
		return next(s, p)
	}, nil
}
