package tokenizer

import (
	"iter"
	"strings"
	"sync"
	"unicode/utf8"
)

// vocabulary is a Tokenizer composed of the components that Hugging Face's files describe.
type vocabulary struct {
	name      string
	literal   *addedTokens // matched in the original text
	inNormal  *addedTokens // matched in the normalised text
	normalize normalizer   // nil: none
	pre       preTokenizer // nil: none
	tail      preTokenizer // costly steps for each word that pre returns; nil: none
	scan      *scanner     // if not nil, equivalent to pre: its matches, none of them empty
	dropGaps  bool         // of scan: text outside matches is dropped
	model     model
	before    []int // tokens that the post-processor adds before and after a text
	after     []int

	texts   []string                  // of every token, by id; "" is none
	bytes   []string                  // of every token of a byte-level vocabulary, by id; nil: decode uses texts
	hidden  map[int]bool              // special and added tokens
	special map[int]bool              // tokens that Decode may skip
	decode  decoder                   // nil: tokens joined by spaces
	surface func(token string) string // returns the bytes that a token stands for within a text; nil: bytes has them

	splits, prepends bool
	risky            map[rune]bool // characters after which a token may cross a space
	pool             sync.Pool     // of *scratch
}

func (v *vocabulary) Name() string { return v.name }

func (v *vocabulary) SpaceSplits() bool { return v.splits }

func (v *vocabulary) PrependsSpace() bool { return v.prepends }

func (v *vocabulary) Encode(text string) []int { return v.encode(text, false) }

// EncodeSpecial implements Special.
func (v *vocabulary) EncodeSpecial(text string, wrap bool) []int {
	ids := v.encode(text, true)
	if wrap && len(v.before)+len(v.after) > 0 {
		all := make([]int, 0, len(ids)+len(v.before)+len(v.after))
		return append(append(append(all, v.before...), ids...), v.after...)
	}
	return ids
}

func (v *vocabulary) encode(text string, special bool) []int {
	if text == "" {
		return nil
	}
	sc, _ := v.pool.Get().(*scratch)
	if sc == nil {
		sc = &scratch{}
	}
	defer v.pool.Put(sc)
	ids := make([]int, 0, len(text)/4+4)
	v.literal.split(lossy(text), special, func(start int, seg segment) {
		if seg.token != nil {
			ids = append(ids, seg.token.id)
			return
		}
		s, moved := seg.text, false
		if v.normalize != nil {
			s, moved = v.normalize(s)
		}
		first := start == 0 && !moved
		v.inNormal.split(s, special, func(start int, seg segment) {
			if seg.token != nil {
				ids = append(ids, seg.token.id)
				return
			}
			ids = v.encodePiece(ids, piece{seg.text, first && start == 0}, sc)
		})
	})
	return ids
}

func (v *vocabulary) encodePiece(ids []int, p piece, sc *scratch) []int {
	switch {
	case v.scan != nil:
		s := p.text
		for pos := 0; pos < len(s); {
			end := v.scan.match(s, pos)
			if end < 0 { // no match here: the text before the next one is a word, too, unless it is dropped
				if end, _ = v.scan.find(s, pos+1); end < 0 {
					end = len(s)
				}
				if v.dropGaps {
					pos = end
					continue
				}
			}
			ids = v.model.encode(ids, s[pos:end], sc)
			pos = end
		}
	case v.pre != nil:
		sc.pieces = v.pre(sc.pieces[:0], p)
		for _, p := range sc.pieces {
			switch {
			case p.text == "":
			case v.tail != nil:
				ids = v.encodeTail(ids, p, sc)
			default:
				ids = v.model.encode(ids, p.text, sc)
			}
		}
	default:
		ids = v.model.encode(ids, p.text, sc)
	}
	return ids
}

// encodeTail encodes a word and caches the result, as the models do. The first word of a text may have a different
// result.
func (v *vocabulary) encodeTail(ids []int, p piece, sc *scratch) []int {
	if known, ok := sc.tails.get(p.text); ok && !p.first {
		for _, id := range known {
			ids = append(ids, int(id))
		}
		return ids
	}
	begin := len(ids)
	sc.words = v.tail(sc.words[:0], p)
	for _, w := range sc.words {
		if w.text != "" {
			ids = v.model.encode(ids, w.text, sc)
		}
	}
	if !p.first {
		sc.ids = sc.ids[:0]
		for _, id := range ids[begin:] {
			sc.ids = append(sc.ids, int32(id))
		}
		sc.tails.put(p.text, sc.ids)
	}
	return ids
}

func (v *vocabulary) Decode(ids []int) string { return v.text(ids, false) }

// text decodes ids, without special ones if skip is set.
func (v *vocabulary) text(ids []int, skip bool) string {
	if v.bytes != nil {
		var b strings.Builder
		for _, id := range ids {
			if id >= 0 && id < len(v.bytes) && !(skip && v.special[id]) {
				b.WriteString(v.bytes[id])
			}
		}
		return lossy(b.String())
	}
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if id >= 0 && id < len(v.texts) && v.texts[id] != "" && !(skip && v.special[id]) {
			tokens = append(tokens, v.texts[id])
		}
	}
	if v.decode == nil {
		return strings.Join(tokens, " ")
	}
	return strings.Join(v.decode(tokens), "")
}

func (v *vocabulary) Tokens() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for id, text := range v.texts {
			if text == "" || v.hidden[id] {
				continue
			}
			if v.bytes != nil {
				text = v.bytes[id]
			} else {
				text = v.surface(text)
			}
			if last, _ := utf8.DecodeLastRuneInString(text); !v.risky[last] && !yield(id, text) {
				return
			}
		}
	}
}
