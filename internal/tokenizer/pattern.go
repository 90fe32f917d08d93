package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// op is a kind of node.
type op uint8

const (
	opClass  op = iota // one character
	opConcat           // subs in sequence
	opAlt              // the first of subs that leads to a match
	opRepeat           // subs[0], min to max times
	opLook             // subs[0] matches here, or does not; it consumes nothing
	opAtomic           // subs[0] without backtracking into it
	opBegin            // beginning of the text
	opEnd              // end of the text
)

// node is a part of a parsed pattern.
type node struct {
	op         op
	class      *class
	subs       []*node
	min, max   int // max -1: no limit
	lazy       bool
	possessive bool
	behind     bool // opLook: look behind
	not        bool // opLook: must not match
}

// patternParser parses the syntax of Oniguruma, the engine of the reference, as far as tokenizers use it. Any other
// construct is an error.
type patternParser struct {
	text string
	pos  int
	fold bool // (?i)
	dot  bool // (?m): the dot matches a line feed
	deep int
}

// parsePattern parses a pattern.
func parsePattern(text string) (*node, error) {
	p := &patternParser{text: text}
	n, err := p.alternatives()
	if err == nil && p.pos < len(p.text) {
		err = p.unknown(p.text[p.pos:])
	}
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	return n, nil
}

// literalPattern returns the pattern that matches text literally.
func literalPattern(text string) *node {
	n := &node{op: opConcat}
	for _, r := range text {
		n.subs = append(n.subs, &node{op: opClass, class: (&class{spans: []span{{first: r, last: r}}}).seal()})
	}
	return n
}

func (p *patternParser) unknown(what string) error {
	r, size := utf8.DecodeRuneInString(what)
	if r == '\\' && len(what) > 1 {
		_, more := utf8.DecodeRuneInString(what[1:])
		size += more
	}
	return fmt.Errorf("%q at byte %d is not understood", what[:size], p.pos)
}

func (p *patternParser) rest() string { return p.text[p.pos:] }

func (p *patternParser) eat(s string) bool {
	if strings.HasPrefix(p.rest(), s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *patternParser) alternatives() (*node, error) {
	if p.deep++; p.deep > 100 {
		return nil, fmt.Errorf("groups are nested more than 100 deep")
	}
	defer func() { p.deep-- }()
	var alts []*node
	for {
		n, err := p.concat()
		if err != nil {
			return nil, err
		}
		alts = append(alts, n)
		if !p.eat("|") {
			break
		}
	}
	if len(alts) == 1 {
		return alts[0], nil
	}
	return &node{op: opAlt, subs: alts}, nil
}

func (p *patternParser) concat() (*node, error) {
	out := &node{op: opConcat}
	for p.pos < len(p.text) && p.text[p.pos] != '|' && p.text[p.pos] != ')' {
		start := p.pos
		n, err := p.atom()
		if err != nil {
			return nil, err
		}
		if n == nil { // a change of options
			continue
		}
		if n, err = p.repeats(n, start); err != nil {
			return nil, err
		}
		out.subs = append(out.subs, n)
	}
	return out, p.foldable(out)
}

// foldable returns an error for sequences that fold to one character: in the reference (?i:ss) also matches ß.
func (p *patternParser) foldable(n *node) error {
	if !p.fold {
		return nil
	}
	last := rune(0)
	for _, sub := range n.subs {
		r := rune(0)
		if sub.op == opClass && len(sub.class.spans) > 0 && sub.class.cats == 0 && !sub.class.not {
			r = sub.class.spans[0].first
		}
		if r >= 0x80 {
			return fmt.Errorf("%q under (?i) is not understood", r)
		}
		switch pair := strings.ToLower(string(last) + string(r)); pair {
		case "ss", "st", "ff", "fi", "fl":
			return fmt.Errorf("%q under (?i) is not understood", pair)
		}
		last = r
	}
	return nil
}

func (p *patternParser) repeats(n *node, start int) (*node, error) {
	for p.pos < len(p.text) {
		rep := &node{op: opRepeat, subs: []*node{n}, max: -1}
		interval := false
		switch c := p.text[p.pos]; {
		case c == '*':
			p.pos++
		case c == '+':
			p.pos++
			rep.min = 1
		case c == '?':
			p.pos++
			rep.max = 1
		case c == '{' && p.interval(rep):
			interval = true
		default:
			return n, nil
		}
		if n.op == opLook || n.op == opBegin || n.op == opEnd {
			return nil, fmt.Errorf("%q at byte %d: a repeated look around is not understood", p.text[start:p.pos], start)
		}
		if rep.max != -1 && rep.max < rep.min || rep.max > 1000 || rep.min > 1000 {
			return nil, fmt.Errorf("%q at byte %d: the bounds are not understood", p.text[start:p.pos], start)
		}
		switch {
		case interval && rep.min == rep.max && strings.HasPrefix(p.rest(), "?"): // {n}? is an optional {n}, not a lazy one
			return nil, p.unknown(p.rest())
		case p.eat("?"):
			rep.lazy = true
		case !interval && p.eat("+"):
			rep.possessive = true
		}
		n = rep
	}
	return n, nil
}

// interval parses {n}, {n,}, {,m} or {n,m} into rep; any other brace is a literal.
func (p *patternParser) interval(rep *node) bool {
	end := strings.IndexByte(p.rest(), '}')
	if end < 0 {
		return false
	}
	low, high, comma := strings.Cut(p.rest()[1:end], ",")
	lo, errLow := strconv.ParseUint(low, 10, 16)
	hi, errHigh := strconv.ParseUint(high, 10, 16)
	switch {
	case low == "" && (!comma || high == ""), low != "" && errLow != nil, high != "" && errHigh != nil:
		return false
	case !comma:
		rep.min, rep.max = int(lo), int(lo)
	case high == "":
		rep.min, rep.max = int(lo), -1
	default:
		rep.min, rep.max = int(lo), int(hi)
	}
	p.pos += end + 1
	return true
}

func (p *patternParser) atom() (*node, error) {
	switch p.text[p.pos] {
	case '(':
		return p.group()
	case '[':
		c, err := p.class()
		if err != nil {
			return nil, err
		}
		return &node{op: opClass, class: c.seal()}, nil
	case '.':
		p.pos++
		c := &class{not: true}
		if !p.dot {
			c.spans = []span{{first: '\n', last: '\n'}}
		}
		return &node{op: opClass, class: c.seal()}, nil
	case '^':
		p.pos++
		return &node{op: opAlt, subs: []*node{{op: opBegin}, {op: opConcat, subs: []*node{
			look(literalPattern("\n").subs[0], true, false), look(&node{op: opEnd}, false, true)}}}}, nil
	case '$':
		p.pos++
		return &node{op: opAlt, subs: []*node{{op: opEnd}, look(literalPattern("\n").subs[0], false, false)}}, nil
	case '*', '+', '?':
		return nil, p.unknown(p.rest())
	case '\\':
		if n := p.assertion(); n != nil {
			return n, nil
		}
		c, _, err := p.escape(false)
		if err != nil {
			return nil, err
		}
		return &node{op: opClass, class: c.seal()}, nil
	}
	r, size := utf8.DecodeRuneInString(p.rest())
	p.pos += size
	return &node{op: opClass, class: p.single(r).seal()}, nil
}

func look(n *node, behind, not bool) *node {
	return &node{op: opLook, subs: []*node{n}, behind: behind, not: not}
}

// assertion parses an escape that consumes nothing.
func (p *patternParser) assertion() *node {
	switch {
	case p.eat(`\A`):
		return &node{op: opBegin}
	case p.eat(`\z`):
		return &node{op: opEnd}
	case p.eat(`\Z`):
		return look(&node{op: opConcat, subs: []*node{{op: opRepeat, max: 1, subs: literalPattern("\n").subs}, {op: opEnd}}},
			false, false)
	case p.eat(`\b`), strings.HasPrefix(p.rest(), `\B`):
		word := &node{op: opClass, class: (&class{named: []*runeSet{namedSet("word")}}).seal()}
		edge := !p.eat(`\B`)
		return &node{op: opAlt, subs: []*node{
			{op: opConcat, subs: []*node{look(word, true, false), look(word, false, edge)}},
			{op: opConcat, subs: []*node{look(word, true, true), look(word, false, !edge)}}}}
	}
	return nil
}

func (p *patternParser) group() (*node, error) {
	fold, dot := p.fold, p.dot
	defer func() { p.fold, p.dot = fold, dot }()
	kind := opConcat
	var around *node
	switch {
	case p.eat("(?="):
		around = look(nil, false, false)
	case p.eat("(?!"):
		around = look(nil, false, true)
	case p.eat("(?<="):
		around = look(nil, true, false)
	case p.eat("(?<!"):
		around = look(nil, true, true)
	case p.eat("(?>"):
		kind = opAtomic
	case p.eat("(?:"):
	case strings.HasPrefix(p.rest(), "(?"):
		open, err := p.options()
		if err != nil {
			return nil, err
		}
		if !open { // for the rest of the enclosing group
			fold, dot = p.fold, p.dot
			return nil, nil
		}
	default:
		p.pos++
	}
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if !p.eat(")") {
		return nil, fmt.Errorf("a ) is missing")
	}
	if around != nil {
		around.subs[0] = n
		return around, nil
	}
	return &node{op: kind, subs: []*node{n}}, nil
}

// options parses (?im-im: or (?im-im), and reports whether it opens a group.
func (p *patternParser) options() (open bool, err error) {
	on := true
	for i := p.pos + 2; i < len(p.text); i++ {
		switch p.text[i] {
		case '-':
			on = false
		case 'i':
			p.fold = on
		case 'm':
			p.dot = on
		case ':', ')':
			open = p.text[i] == ':'
			if !open && p.pos > 0 { // in the middle it would split the enclosing alternatives in a special way
				return false, p.unknown(p.rest())
			}
			p.pos = i + 1
			return open, nil
		default:
			return false, fmt.Errorf("%q at byte %d is not understood", p.text[p.pos:i+1], p.pos)
		}
	}
	return false, fmt.Errorf("a ) is missing")
}
