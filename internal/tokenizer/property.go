package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// posix parses [:name:].
func (p *patternParser) posix() (*class, error) {
	end := strings.Index(p.rest(), ":]")
	if end < 0 {
		return nil, p.unknown(p.rest())
	}
	name, not := strings.CutPrefix(p.rest()[2:end], "^")
	c, ok := namedClass(name, true)
	if name == "punct" {
		c, ok = &class{cats: categoriesOf("P") | categoriesOf("S")}, true
	}
	if !ok || !slices.Contains(strings.Fields("alnum alpha ascii blank cntrl digit graph lower print punct space upper "+
		"word xdigit"), name) {
		return nil, fmt.Errorf("[:%s:] is not known", name)
	}
	p.pos += end + 2
	c.not = c.not != not
	return c, nil
}

// scripts are the properties other than categories in unicode.txt.
var scripts = []string{"Han", "Hiragana", "Katakana", "Hangul", "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew",
	"Thai", "Devanagari"}

// property parses \p{name} or \P{name} after its backslash.
func (p *patternParser) property(inClass bool) (*class, error) {
	not := p.text[p.pos] == 'P'
	end := strings.IndexByte(p.rest(), '}')
	if !strings.HasPrefix(p.rest()[1:], "{") || end < 0 {
		return nil, fmt.Errorf(`\p at byte %d is not understood`, p.pos)
	}
	name, inner := strings.CutPrefix(p.rest()[2:end], "^")
	p.pos += end + 1
	c, ok := namedClass(strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(name)), inClass)
	if !ok {
		return nil, fmt.Errorf(`\p{%s} is not known`, name)
	}
	c.not = c.not != (not != inner)
	return c, nil
}

// longNames maps long names of categories, as property normalises them, to short ones.
const longNames = "letter L casedletter LC uppercaseletter Lu lowercaseletter Ll titlecaseletter Lt " +
	"modifierletter Lm otherletter Lo mark M nonspacingmark Mn spacingmark Mc enclosingmark Me " +
	"number N decimalnumber Nd letternumber Nl othernumber No " +
	"punctuation P connectorpunctuation Pc dashpunctuation Pd openpunctuation Ps closepunctuation Pe " +
	"initialpunctuation Pi finalpunctuation Pf otherpunctuation Po " +
	"symbol S mathsymbol Sm currencysymbol Sc modifiersymbol Sk othersymbol So " +
	"separator Z spaceseparator Zs lineseparator Zl paragraphseparator Zp " +
	"other C control Cc format Cf privateuse Co unassigned Cn"

// namedClass returns the class of a property, whose name is in lower case without separators.
func namedClass(name string, inClass bool) (*class, bool) {
	switch name {
	case "alpha", "alphabetic":
		return &class{named: []*runeSet{namedSet("alpha")}}, true
	case "lower", "lowercase":
		return &class{named: []*runeSet{namedSet("lowercase")}}, true
	case "upper", "uppercase":
		return &class{named: []*runeSet{namedSet("uppercase")}}, true
	case "alnum":
		return &class{named: []*runeSet{namedSet("alpha")}, cats: categoriesOf("Nd")}, true
	case "ascii":
		return &class{spans: []span{{first: 0, last: 0x7F}}}, true
	case "blank":
		return &class{cats: categoriesOf("Zs"), spans: []span{{first: '\t', last: '\t'}}}, true
	case "digit":
		return &class{cats: categoriesOf("Nd")}, true
	case "cntrl":
		return &class{cats: categoriesOf("Cc")}, true
	case "graph":
		return &class{not: true, cats: categoriesOf("white") | categoriesOf("Cc") | categoriesOf("Cn")}, true
	case "print":
		return &class{not: true, cats: categoriesOf("Zl") | categoriesOf("Zp") | categoriesOf("Cc") | categoriesOf("Cn")},
			true
	case "punct":
		return &class{cats: categoriesOf("P")}, true
	case "space", "whitespace":
		return &class{cats: categoriesOf("white")}, true
	case "xdigit":
		return &class{spans: []span{{first: '0', last: '9'}, {first: 'A', last: 'F'}, {first: 'a', last: 'f'}}}, true
	case "word":
		return wordClass(inClass), true
	case "any":
		return &class{not: true}, true
	}
	return categoryClass(name)
}

// wordClass returns the class of word characters. Within brackets it lacks six characters of Latin-1 in the reference,
// such as ².
func wordClass(inClass bool) *class {
	c := &class{named: []*runeSet{namedSet("word")}}
	if inClass {
		c.and = &class{not: true, spans: []span{{first: 0xB2, last: 0xB3}, {first: 0xB9, last: 0xB9},
			{first: 0xBC, last: 0xBE}}}
	}
	return c
}

// categoryClass returns the class of a category or a script.
func categoryClass(name string) (*class, bool) {
	for _, script := range scripts {
		if strings.ToLower(script) == name {
			return &class{named: []*runeSet{namedSet(script)}}, true
		}
	}
	words := strings.Fields(longNames)
	for i := 0; i < len(words); i += 2 {
		if long, short := words[i], words[i+1]; long == name || strings.ToLower(short) == name {
			return &class{cats: categoriesOf(short)}, true
		}
	}
	return nil, false
}

// categoriesOf returns the set of an existing category.
func categoriesOf(name string) catSet {
	if name == "LC" {
		return categoriesOf("Lu") | categoriesOf("Ll") | categoriesOf("Lt")
	}
	set, ok := categorySet(name)
	if !ok {
		panic("tokenizer: no category " + name)
	}
	return set
}

// foldableMember returns an error under (?i) for class members whose case variants may be several characters: with ß
// in a class the reference also matches ss. lo is the character that c is, or -1.
func (p *patternParser) foldableMember(c *class, lo rune) error {
	cased := categoriesOf("L") | categoriesOf("M")
	if p.fold && (lo >= 0x80 || lo < 0 && (c.not || c.named != nil || c.cats&cased != 0)) {
		return fmt.Errorf("the class before byte %d under (?i) is not understood", p.pos)
	}
	return nil
}
