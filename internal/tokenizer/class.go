package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is a set of characters: the union of its parts, intersected with and, or the complement if not is set.
type class struct {
	cats  catSet
	spans []span
	named []*runeSet
	subs  []*class
	and   *class
	not   bool

	ascii [2]uint64 // result of has for ASCII, once sealed
}

func (c *class) compute(r rune) bool {
	in := c.cats>>tables().category(r)&1 == 1
	for i := 0; !in && i < len(c.spans); i++ {
		in = r >= c.spans[i].first && r <= c.spans[i].last
	}
	for i := 0; !in && i < len(c.named); i++ {
		in = c.named[i].has(r)
	}
	for i := 0; !in && i < len(c.subs); i++ {
		in = c.subs[i].compute(r)
	}
	if in && c.and != nil {
		in = c.and.compute(r)
	}
	return in != c.not
}

func (c *class) seal() *class {
	for r := range rune(128) {
		if c.compute(r) {
			c.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return c
}

// has reports whether r is in a sealed class.
func (c *class) has(r rune) bool {
	if uint32(r) < 128 {
		return c.ascii[r>>6]>>(r&63)&1 == 1
	}
	return c.compute(r)
}

// single returns the class of one literal character.
func (p *patternParser) single(r rune) *class {
	c := &class{spans: []span{{first: r, last: r}}}
	if p.fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			c.spans = append(c.spans, span{first: f, last: f})
		}
	}
	return c
}

// class parses [...].
func (p *patternParser) class() (*class, error) {
	if p.deep++; p.deep > 100 {
		return nil, fmt.Errorf("classes are nested more than 100 deep")
	}
	defer func() { p.deep-- }()
	p.pos++
	out := &class{not: p.eat("^")}
	part := &class{}
	for first := true; p.pos < len(p.text); first = false {
		switch {
		case p.text[p.pos] == ']' && !first:
			p.pos++
			out.subs = append(out.subs, part)
			return out, nil
		case strings.HasPrefix(p.rest(), "&&"):
			// a && b && c: each half is a class of its own
			p.pos += 2
			rest := *p
			rest.text = p.text[:p.pos] + "[" + p.rest()
			and, err := rest.class()
			if err != nil {
				return nil, err
			}
			p.pos = rest.pos - 1
			part.and = and
			out.subs = append(out.subs, part)
			return out, nil
		case strings.HasPrefix(p.rest(), "[:"):
			c, err := p.posix()
			if err == nil {
				err = p.foldableMember(c, -1)
			}
			if err != nil {
				return nil, err
			}
			part.subs = append(part.subs, c)
			continue
		case p.text[p.pos] == '[':
			c, err := p.class()
			if err != nil {
				return nil, err
			}
			part.subs = append(part.subs, c)
			continue
		}
		if err := p.member(part); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("a ] is missing")
}

// member parses one character, escape or range of a class.
func (p *patternParser) member(into *class) error {
	c, lo, err := p.classAtom()
	if err == nil {
		err = p.foldableMember(c, lo)
	}
	if err != nil {
		return err
	}
	ranged := strings.HasPrefix(p.rest(), "-") && !strings.HasPrefix(p.rest(), "-]") && p.pos+1 < len(p.text)
	if !ranged {
		into.subs = append(into.subs, c)
		return nil
	}
	if lo < 0 || strings.HasPrefix(p.rest(), "-[") || strings.HasPrefix(p.rest(), "-&&") ||
		strings.HasPrefix(p.rest(), "--") {
		if lo < 0 { // [\w-x]: a literal dash
			into.subs = append(into.subs, c)
			return nil
		}
		return p.unknown(p.rest())
	}
	p.pos++
	_, hi, err := p.classAtom()
	if err != nil {
		return err
	}
	if hi < lo {
		return fmt.Errorf("the range that ends at byte %d is not understood", p.pos)
	}
	into.spans = append(into.spans, span{first: lo, last: hi})
	if p.fold {
		if hi >= 0x80 {
			return fmt.Errorf("a range beyond ASCII under (?i) is not understood")
		}
		for r := lo; r <= hi; r++ {
			into.subs = append(into.subs, p.single(r))
		}
	}
	return nil
}

// classAtom parses one member of a class. The rune is -1 unless it is a single character.
func (p *patternParser) classAtom() (*class, rune, error) {
	if p.text[p.pos] == '\\' {
		return p.escape(true)
	}
	r, size := utf8.DecodeRuneInString(p.rest())
	p.pos += size
	return p.single(r), r, nil
}

// escape parses a backslash and what follows it. The rune is -1 unless it is a single character.
func (p *patternParser) escape(inClass bool) (*class, rune, error) {
	at := p.pos
	if p.pos+1 >= len(p.text) {
		return nil, 0, p.unknown(p.rest())
	}
	p.pos++
	r, size := utf8.DecodeRuneInString(p.rest())
	if r == 'p' || r == 'P' {
		c, err := p.property(inClass)
		return c, -1, err
	}
	p.pos += size
	c := &class{not: r >= 'A' && r <= 'Z'}
	switch r {
	case 's', 'S':
		c.cats, _ = categorySet("white")
		return c, -1, nil
	case 'd', 'D':
		c.cats, _ = categorySet("Nd")
		return c, -1, nil
	case 'w', 'W':
		word := wordClass(inClass)
		c.named, c.and = word.named, word.and
		return c, -1, nil
	case 'h', 'H':
		c.spans = []span{{first: '0', last: '9'}, {first: 'A', last: 'F'}, {first: 'a', last: 'f'}}
		return c, -1, nil
	case 'x', 'u':
		return p.code(at)
	}
	if i := strings.IndexRune("rntfvae", r); i >= 0 {
		r = rune("\r\n\t\f\v\a\x1b"[i])
	} else if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		p.pos = at
		return nil, 0, p.unknown(p.rest())
	}
	return p.single(r), r, nil
}

// code parses \xHH, \x{H…} or \uHHHH after the letter.
func (p *patternParser) code(at int) (*class, rune, error) {
	digits := 4
	if p.text[p.pos-1] == 'x' {
		digits = 2
	}
	end := p.pos + digits
	from := p.pos
	if p.text[p.pos-1] == 'x' && strings.HasPrefix(p.rest(), "{") {
		from++
		end = p.pos + max(strings.IndexByte(p.rest(), '}'), 0)
		defer func() { p.pos++ }()
	}
	if end > len(p.text) || end <= from {
		return nil, 0, fmt.Errorf("the escape at byte %d is not understood", at)
	}
	n, err := strconv.ParseUint(p.text[from:end], 16, 32)
	if err != nil || n > 0x10FFFF || digits == 2 && from == p.pos && n > 0x7F {
		return nil, 0, fmt.Errorf("the escape at byte %d is not understood", at)
	}
	p.pos = end
	return p.single(rune(n)), rune(n), nil
}
