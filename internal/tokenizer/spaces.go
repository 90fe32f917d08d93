package tokenizer

import (
	"slices"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// proof collects, component by component, whether token counts add up at single spaces (Lexicon.SpaceSplits). Each
// component must be local, that is, treat the text before such a space as if it ended there; and one of them must
// split before the space, or no token may cross it.
type proof struct {
	prepends bool
	opaque   bool   // the normalizer replaces bytes by characters
	global   bool   // a component is not local
	cuts     bool   // a component splits before the space
	dropped  bool   // white space is removed
	mark     string // the character that the model gets for a space; "": the space itself
}

func (p *proof) prepend(text string) {
	if text != " " && text != "▁" {
		p.global = true
	}
	p.prepends = true
}

// replace: the pattern must not cross a space. It may match a space, or runs of several, which the text does not have.
func (p *proof) replace(part *part) {
	switch {
	case part.Pattern.String != nil && *part.Pattern.String == " ":
		p.mark = part.Content
	case part.Pattern.String != nil:
		p.global = p.global || strings.Contains(*part.Pattern.String, " ")
	default:
		if *part.Pattern.Regex == " {2,}" {
			return
		}
		root, err := parsePattern(*part.Pattern.Regex)
		if err != nil || takes(root, " ") {
			p.global = true
		}
	}
}

// takes reports whether a match can include one of the characters of mark, or depend on its surroundings.
func takes(n *node, mark string) bool {
	if n.op == opClass {
		return strings.ContainsFunc(mark, n.class.has)
	}
	if n.op == opLook || n.op == opBegin || n.op == opEnd {
		return true
	}
	return slices.ContainsFunc(n.subs, func(sub *node) bool { return takes(sub, mark) })
}

// only reports whether n is the pattern of a single character.
func only(n *node, r rune) bool {
	for n.op == opConcat && len(n.subs) == 1 {
		n = n.subs[0]
	}
	return n.op == opClass && len(n.class.spans) == 1 && n.class.spans[0] == span{first: r, last: r} &&
		n.class.cats == 0 &&
		n.class.named == nil && n.class.subs == nil && !n.class.not
}

// charsMap: a grapheme crosses a space only after a character of the class Prepend. Those must have no replacement.
func (p *proof) charsMap(m *charsMap) {
	for _, block := range [][2]rune{{0x600, 0xDFF}, {0x11000, 0x11FFF}} {
		for r := block[0]; r <= block[1]; r++ {
			g := graphemes.FromString(string(r) + " ")
			if g.Next(); len(g.Value()) == len(string(r)) {
				continue
			}
			if _, ok := m.lookup(string(r)); ok {
				p.global = true
			}
		}
	}
}

func (p *proof) whiteSpace() { p.cuts, p.dropped = true, true }

func (p *proof) metaspace(cut bool, scheme, mark string) {
	if scheme == "first" && p.dropped { // the first word has a mark, and words within the text have none
		p.global = true
	}
	p.prepends = p.prepends || scheme != "never"
	p.cuts = p.cuts || cut
	p.mark = mark
}

func (p *proof) split(pat *pattern, how behavior, invert bool) {
	if p.mark != "" { // no space is left to match, only its mark
		p.global = p.global || takes(pat.root, p.mark) && !only(pat.root, ' ')
		return
	}
	local, cuts := spaceCuts(pat.root)
	switch within := !takes(pat.root, " "); {
	case within: // matches are within words, so every behavior is local, and may drop the text between them
		local, cuts = true, how == removed && invert
	case how == mergedWithPrevious, how == contiguous, invert && how != removed:
		local = false
	}
	p.global = p.global || !local
	p.cuts = p.cuts || cuts && local
}

// item is one step of a path through a pattern.
type item struct {
	class    *class
	min, max int
}

// paths returns the sequences of items with which n can match; ok is false if n is of another kind. A look ahead at
// white space ((?!\S), $) is an item without a class.
func paths(n *node) (out [][]item, ok bool) {
	switch n.op {
	case opClass:
		return [][]item{{{n.class, 1, 1}}}, true
	case opEnd:
		return [][]item{{{}}}, true
	case opLook:
		if n.behind {
			return nil, false
		}
		return [][]item{{{}}}, true
	case opConcat:
		out = [][]item{nil}
		for _, sub := range n.subs {
			more, ok := paths(sub)
			if !ok || len(out)*len(more) > 1000 {
				return nil, false
			}
			var longer [][]item
			for _, a := range out {
				for _, b := range more {
					longer = append(longer, append(append([]item(nil), a...), b...))
				}
			}
			out = longer
		}
		return out, true
	case opAlt:
		for _, sub := range n.subs {
			more, ok := paths(sub)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		}
		return out, true
	case opRepeat:
		sub := n.subs[0]
		for sub.op == opConcat && len(sub.subs) == 1 {
			sub = sub.subs[0]
		}
		if sub.op == opClass {
			return [][]item{{{sub.class, n.min, n.max}}}, true
		}
		if n.min == 0 && n.max == 1 {
			more, ok := paths(sub)
			return append(more, nil), ok
		}
	}
	return nil, false
}

// spaceCuts analyses a pattern. It is local if no path includes a space after another character, or looks around
// except from white space. It splits if some path can match a single space: then a match begins at every one.
func spaceCuts(n *node) (local, cuts bool) {
	all, ok := paths(n)
	if !ok {
		return false, false
	}
	for _, way := range all {
		white, alone, space := true, true, false // so far: white space only; can be a single space; includes a space
		for _, it := range way {
			if it.class == nil {
				if !white {
					return false, false
				}
				alone = false
				continue
			}
			pure, has := onlyWhite(it.class), it.class.has(' ')
			if has && (!white || !pure && it.max != 1) {
				return false, false
			}
			if it.min > 1 || it.min == 1 && (!has || space) {
				alone = false
			}
			space = space || has
			white = white && pure
		}
		cuts = cuts || alone && space
	}
	return true, cuts
}

// onlyWhite reports whether every character of c is white space.
func onlyWhite(c *class) bool {
	if c.not || c.named != nil {
		return false
	}
	white, _ := categorySet("white")
	if c.cats&^white != 0 {
		return false
	}
	for _, s := range c.spans {
		for r := s.first; r <= s.last; r++ {
			if !isSpace(r) {
				return false
			}
		}
	}
	for _, sub := range c.subs {
		if !onlyWhite(sub) {
			return false
		}
	}
	return true
}

// holds reports whether all components of v together prove it.
func (p *proof) holds(v *vocabulary) bool {
	if p.global || p.opaque || crosses(v.literal, p.mark) || crosses(v.inNormal, p.mark) {
		return false
	}
	if p.cuts {
		return true
	}
	m, ok := v.model.(*bpe)
	if !ok || m.mark == "" || m.mark != p.mark {
		return false // sums of scores are rounded, so the best path of a unigram model may differ from that of its words
	}
	v.risky = map[rune]bool{}
	for sides := range m.across {
		v.risky[sides[0]] = true
	}
	return true
}

// crosses reports whether an added token, which the text may contain, has a space within.
func crosses(a *addedTokens, mark string) bool {
	for _, t := range a.tokens {
		if !t.special && (markWithin(t.content, " ") >= 0 || mark != "" && markWithin(t.content, mark) >= 0) {
			return true
		}
	}
	return false
}
