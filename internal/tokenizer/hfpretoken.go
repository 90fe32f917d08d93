package tokenizer

import (
	"errors"
	"fmt"
)

// gpt2Pattern is what ByteLevel cuts by.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// flat gives the pre-tokenizers of a Sequence, and of those within it, one after another.
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

// preTokenizer sets how v cuts text.
func (f *tokenizerFile) preTokenizer(v *vocabulary, proof *proof) error {
	if f.PreTokenizer == nil {
		return nil
	}
	parts := f.PreTokenizer.flat()
	raw := canBeRaw(v.model, parts, proof)
	var all []preTokenizer
	for i, p := range parts {
		if p.Type == "Split" && len(all) == 0 && (i == len(parts)-1 || raw && i == len(parts)-2) {
			if err := p.direct(v); err != nil {
				return err
			}
		}
		pres, err := p.preTokenizers(raw, proof)
		if err != nil {
			return err
		}
		all = append(all, pres...)
	}
	if raw {
		v.model.(*bpe).toRaw()
		last := parts[len(parts)-1]
		if len(parts) == 1 && len(all) == 1 { // GPT-2's pattern and no space before
			pat, err := compilePattern(gpt2Pattern)
			if err != nil {
				return err
			}
			v.scan = pat.scan
		} else if last.useRegex() || *last.AddPrefixSpace {
			v.scan = nil
		}
	}
	if len(all) > 0 {
		v.pre = inOrder(all)
	}
	return nil
}

// direct sets v.scan if the part is no more than a scanner's matches.
func (p *part) direct(v *vocabulary) error {
	pat, err := p.compile()
	if err != nil || pat.scan == nil || pat.matchesEmpty() {
		return err
	}
	v.dropGaps = p.Behavior == removed && p.Invert
	if v.dropGaps || p.Behavior == isolated {
		v.scan = pat.scan
	}
	return nil
}

func (p *pattern) matchesEmpty() bool {
	_, empty := firsts(p.root)
	return empty
}

// canBeRaw says whether the model can work on bytes instead of GPT-2's characters for them: then the last step, from
// bytes to characters, falls away.
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
	chars, _ := byteChars()
	for _, r := range chars {
		if _, ok := b.vocab[string(r)]; !ok {
			return false
		}
	}
	return true
}

func (p *part) useRegex() bool { return p.UseRegex == nil || *p.UseRegex }

// preTokenizers are the steps of one part, and tells proof of them.
func (p *part) preTokenizers(raw bool, proof *proof) ([]preTokenizer, error) {
	one := func(pre preTokenizer) ([]preTokenizer, error) { return []preTokenizer{pre}, nil }
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
		proof.split(pat, p.Behavior, p.Invert)
		return one(split(pat.each, p.Behavior, p.Invert))
	case "Metaspace":
		cut, scheme, err := p.metaspace()
		proof.metaspace(cut, scheme, p.Replacement)
		return []preTokenizer{metaspace(p.Replacement, scheme, cut)}, err
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

func (p *part) byteLevel(raw bool, proof *proof) ([]preTokenizer, error) {
	if p.AddPrefixSpace == nil {
		return nil, errors.New("pre_tokenizer: ByteLevel has no add_prefix_space")
	}
	var all []preTokenizer
	if *p.AddPrefixSpace {
		proof.prepends = true
		all = append(all, prefixSpace)
	}
	if p.useRegex() {
		pat, err := compilePattern(gpt2Pattern)
		if err != nil {
			return nil, err
		}
		proof.split(pat, isolated, false)
		all = append(all, split(pat.each, isolated, false))
	}
	if !raw {
		all = append(all, mapPieces(byteLevel()))
	}
	return all, nil
}
