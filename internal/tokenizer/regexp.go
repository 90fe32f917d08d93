package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// pattern is a compiled pattern: a scanner or, if a scanner cannot express it, a program of regexp2.
type pattern struct {
	root *node
	scan *scanner
	re   *regexp2.Regexp
}

func compilePattern(text string) (*pattern, error) {
	root, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	return newPattern(root)
}

func newPattern(root *node) (*pattern, error) {
	p := &pattern{root: root}
	var err error
	if p.scan, err = newScanner(root); err == nil {
		return p, nil
	}
	var b strings.Builder
	if err := emit(&b, root); err != nil {
		return nil, err
	}
	p.re, err = regexp2.Compile(b.String(), regexp2.OptionMaxBacktrackingStackSize(-1))
	return p, err
}

// each calls part for every part of s between the borders of matches. A match can be empty.
func (p *pattern) each(s string, part func(text string, match bool)) {
	if s == "" { // the reference does not search it
		return
	}
	last, matched := 0, false
	cut := func(start, end int) {
		if start == end && start == last && matched { // the reference ignores an empty match right after another
			return
		}
		matched = true
		if start > last {
			part(s[last:start], false)
		}
		part(s[start:end], true)
		last = end
	}
	if p.re != nil {
		// The only error is the limit on backtracking, which is off.
		matches, _ := p.re.FindAllStringIndex(s, -1)
		for _, m := range matches {
			cut(m[0], m[1])
		}
	} else {
		for pos := 0; pos <= len(s); {
			start, end := p.scan.find(s, pos)
			if start < 0 {
				break
			}
			cut(start, end)
			if pos = end; start == end { // after an empty match go on one character later
				_, size := utf8.DecodeRuneInString(s[pos:])
				pos += max(size, 1)
			}
		}
	}
	if last < len(s) {
		part(s[last:], false)
	}
}

// emit writes n in the syntax of regexp2, with classes spelled out from our tables.
func emit(b *strings.Builder, n *node) error {
	switch n.op {
	case opClass:
		return emitClass(b, n.class)
	case opConcat, opAlt:
		b.WriteString("(?:")
		for i, sub := range n.subs {
			if i > 0 && n.op == opAlt {
				b.WriteByte('|')
			}
			if err := emit(b, sub); err != nil {
				return err
			}
		}
		b.WriteByte(')')
		return nil
	case opRepeat:
		if n.possessive {
			b.WriteString("(?>")
			defer b.WriteByte(')')
		}
		b.WriteString("(?:")
		if err := emit(b, n.subs[0]); err != nil {
			return err
		}
		fmt.Fprintf(b, "){%d,", n.min)
		if n.max >= 0 {
			fmt.Fprint(b, n.max)
		}
		b.WriteByte('}')
		if n.lazy {
			b.WriteByte('?')
		}
		return nil
	case opLook:
		if n.behind && !oneChar(n.subs[0]) {
			return fmt.Errorf("the pattern looks back at more than one character, which is not understood")
		}
		kind := map[[2]bool]string{{false, false}: "(?=", {false, true}: "(?!", {true, false}: "(?<=", {true, true}: "(?<!"}
		b.WriteString(kind[[2]bool{n.behind, n.not}])
	case opAtomic:
		b.WriteString("(?>")
	case opBegin:
		b.WriteString(`\A`)
		return nil
	case opEnd:
		b.WriteString(`\z`)
		return nil
	}
	err := emit(b, n.subs[0])
	b.WriteByte(')')
	return err
}

func oneChar(n *node) bool {
	for n.op == opConcat && len(n.subs) == 1 {
		n = n.subs[0]
	}
	return n.op == opClass
}

// borders returns the sorted code points at which c can begin or end: where one of its runs or of any table's does.
func borders(c *class) []rune {
	var all []rune
	add := func(spans []span) {
		for _, s := range spans {
			all = append(all, s.first, s.last+1)
		}
	}
	for _, spans := range tables().spans {
		add(spans)
	}
	var own func(c *class)
	own = func(c *class) {
		add(c.spans)
		for _, sub := range c.subs {
			own(sub)
		}
		if c.and != nil {
			own(c.and)
		}
	}
	own(c)
	all = append(all, 0)
	slices.Sort(all)
	return slices.Compact(all)
}

// emitClass writes the members of c.
func emitClass(b *strings.Builder, c *class) error {
	quote := func(r rune) string {
		if r < 0x10000 {
			return fmt.Sprintf(`\u%04X`, r)
		}
		return string(r)
	}
	start, any := rune(-1), false
	b.WriteByte('[')
	for _, r := range append(borders(c), unicode.MaxRune+1) {
		in := r <= unicode.MaxRune && c.compute(r)
		if in && start < 0 {
			start = r
		}
		if !in && start >= 0 {
			any = true
			b.WriteString(quote(start))
			if r-1 > start {
				b.WriteString("-" + quote(r-1))
			}
			start = -1
		}
	}
	b.WriteByte(']')
	if !any {
		return fmt.Errorf("the pattern has a class without characters, which is not understood")
	}
	return nil
}
