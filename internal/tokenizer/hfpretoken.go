package tokenizer

import (
	"errors"
	"fmt"
	"slices"
)

// gpt2Pattern is the pattern of ByteLevel.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// flat returns the pre-tokenizers of a Sequence, including nested ones, in order.
func (p *part) flat() []*part {
	if p.Type != "Sequence" {
		return []*part{p}
	}
	var out []*part
	for i := range p.PreTokenizers {
		out = append(out, p.PreTokenizers[i].flat()...)
	}
	return out
}

// step is one step of a pre-tokenizer.
type step struct {
	cut      preTokenizer
	scan     *scanner // if not nil, cut returns exactly its matches
	dropGaps bool     // together with the text between them, unless it is dropped
	respells bool     // cut replaces bytes by characters
}

// preTokenizer sets the pre-tokenizer of v.
func (f *tokenizerFile) preTokenizer(v *vocabulary, proof *proof) error {
	if f.PreTokenizer == nil {
		return nil
	}
	parts := f.PreTokenizer.flat()
	raw := canBeRaw(v.model, parts, proof)
	var steps []step
	for i, p := range parts {
		if p.Type == "Metaspace" && p.PrependScheme == "first" && i > 0 &&
			(f.Normalizer != nil || slices.ContainsFunc(parts[:i], (*part).inserts)) {
			// One character of the text may have become several pieces, each of which is the first.
			return errors.New("pre_tokenizer: a Metaspace with the prepend_scheme first behind another pre-tokenizer, and " +
				"text changed before, is not understood")
		}
		more, err := p.steps(raw, proof)
		if err != nil {
			return err
		}
		steps = append(steps, more...)
	}
	if raw {
		v.model.(*bpe).toRaw()
	}
	if len(steps) == 1 {
		v.scan, v.dropGaps = steps[0].scan, steps[0].dropGaps
	}
	words := slices.IndexFunc(steps, func(s step) bool { return s.respells })
	if words > 0 { // its input consists of words
		v.tail = together(steps[words:])
		steps = steps[:words]
	}
	v.pre = together(steps)
	return nil
}

// together returns the composition of the steps, or nil if there are none.
func together(steps []step) preTokenizer {
	var cuts []preTokenizer
	for _, s := range steps {
		cuts = append(cuts, s.cut)
	}
	if len(cuts) == 0 {
		return nil
	}
	return inOrder(cuts)
}

// inserts reports whether a pre-tokenizer can make several characters of one.
func (p *part) inserts() bool { return p.Type == "ByteLevel" || p.Type == "Metaspace" }

// splitStep returns the step that splits by a pattern.
func splitStep(pat *pattern, how behavior, invert bool, proof *proof) step {
	proof.split(pat, how, invert)
	s := step{cut: split(pat.each, how, invert), dropGaps: how == removed && invert}
	if _, empty := firsts(pat.root); !empty && (s.dropGaps || how == isolated) {
		s.scan = pat.scan
	}
	return s
}

// canBeRaw reports whether the model can work on bytes instead of GPT-2's characters for them, which makes the last
// step, from bytes to characters, unnecessary.
func canBeRaw(m model, parts []*part, proof *proof) bool {
	b, ok := m.(*bpe)
	if !ok || len(parts) == 0 || b.prefix != "" || b.suffix != "" || proof.opaque {
		return false
	}
	for i, p := range parts {
		if (p.Type == "ByteLevel") != (i == len(parts)-1) || p.Type == "ByteLevel" && p.AddPrefixSpace == nil {
			return false
		}
	}
	chars := byteChars()
	for _, r := range chars {
		if _, ok := b.vocab.get(string(r)); !ok {
			return false
		}
	}
	return true
}

// steps returns the steps of a part and records its properties in proof.
func (p *part) steps(raw bool, proof *proof) ([]step, error) {
	one := func(cut preTokenizer) ([]step, error) { return []step{{cut: cut}}, nil }
	switch p.Type {
	case "ByteLevel":
		return p.byteLevel(raw, proof)
	case "Split":
		pat, err := p.compile()
		if err != nil {
			return nil, err
		}
		switch p.Behavior {
		case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous:
		default:
			return nil, fmt.Errorf("pre_tokenizer: the behavior %q of Split is not known", p.Behavior)
		}
		return []step{splitStep(pat, p.Behavior, p.Invert, proof)}, nil
	case "Metaspace":
		cut, scheme, err := p.metaspace()
		proof.metaspace(cut, scheme, p.Replacement)
		return []step{{cut: metaspace(p.Replacement, scheme, cut)}}, err
	case "BertPreTokenizer":
		proof.whiteSpace()
		return one(bertPreTokenizer())
	case "Whitespace":
		proof.whiteSpace()
		return one(whitespace())
	case "WhitespaceSplit":
		proof.whiteSpace()
		return one(split(runes(isSpace), removed, false))
	case "Punctuation":
		if p.Behavior == "" {
			p.Behavior = isolated
		}
		return one(punctuation(p.Behavior))
	case "Digits":
		return one(digits(p.IndividualDigits))
	case "CharDelimiterSplit", "Delimiter":
		if p.Delimiter == " " {
			proof.whiteSpace()
		}
		delimiter := p.Delimiter
		return one(split(runes(func(r rune) bool { return string(r) == delimiter }), removed, false))
	case "UnicodeScripts":
		proof.global = true // a space stays with the text before it, which decides whether it is dropped
		return one(unicodeScripts())
	case "FixedLength":
		proof.global = true
		n := 5
		if p.Length != nil {
			n = *p.Length
		}
		if n < 1 {
			return nil, errors.New("pre_tokenizer: the length of FixedLength is not positive")
		}
		return one(fixedLength(n))
	}
	return nil, p.unknown("pre_tokenizer")
}

func (p *part) byteLevel(raw bool, proof *proof) ([]step, error) {
	if p.AddPrefixSpace == nil {
		return nil, errors.New("pre_tokenizer: ByteLevel has no add_prefix_space")
	}
	var all []step
	if *p.AddPrefixSpace {
		proof.prepends = true
		all = append(all, step{cut: prefixSpace})
	}
	if p.UseRegex == nil || *p.UseRegex {
		pat, err := compilePattern(gpt2Pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, splitStep(pat, isolated, false, proof))
	}
	if !raw {
		all = append(all, step{cut: mapPieces(byteLevel()), respells: true})
	}
	return all, nil
}
