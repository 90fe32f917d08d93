package synth

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"llmperf/internal/request"
	"llmperf/internal/tokenizer"
)

// Certify finds the words of a vocabulary by encoding each once, which takes up to a second.
//
// Heads, which begin and end a text, are of letters only and cost the same behind nothing, a space and a line feed:
// then a chat template around the text costs the same whatever the text is. A vocabulary whose pre-tokenizer gives no
// proof that counts add up has each text that is made counted.
func Certify(tok tokenizer.Tokenizer) (*Words, error) {
	lex, ok := tok.(tokenizer.Lexicon)
	if !ok {
		return nil, fmt.Errorf("vocabulary %s does not tell its tokens", tok.Name())
	}
	lead := " "
	if lex.PrependsSpace() {
		lead = ""
	}
	afterNewline := newlineCost(tok, lex)
	var words []word
	for id, s := range lex.Tokens() {
		w := strings.Trim(s, " ") // a space behind is the end of a word, as CLIP's vocabulary has it
		if !plain(w) {
			continue
		}
		escaped := string(request.AppendEscaped([]byte(" "), w))
		if ids := tok.Encode(lead + w); len(ids) != 1 || ids[0] != id || len(escaped) > maxLength {
			continue
		}
		words = append(words, word{escaped, letters(w) && len(tok.Encode(w)) == 1 && len(tok.Encode("\n"+w)) == afterNewline})
	}
	if lex.SpaceSplits() {
		return build(tok.Name(), words)
	}
	w, err := build(tok.Name(), words)
	if err != nil {
		w, err = &Words{name: tok.Name()}, nil
	}
	if w.Len() < fewWords {
		if w.pieces = pieces(lex); len(w.pieces) == 0 {
			err = fmt.Errorf("vocabulary %s has no token that random text could be made of", tok.Name())
		}
	}
	w.count = func(text string) int { return len(tok.Encode(text)) }
	return w, err
}

// fewWords are too few to make text of, where other text can be made.
const fewWords = 32

// newlineCost is what most words of letters cost behind a line feed.
func newlineCost(tok tokenizer.Tokenizer, lex tokenizer.Lexicon) int {
	var seen [8]int
	n := 0
	for _, s := range lex.Tokens() {
		if w := strings.Trim(s, " "); letters(w) && len(tok.Encode(w)) == 1 {
			seen[min(len(tok.Encode("\n"+w)), len(seen)-1)]++
			if n++; n == 1000 {
				break
			}
		}
	}
	return slices.Index(seen[:], slices.Max(seen[:]))
}

// plain says that w is characters that are seen, without white space.
func plain(w string) bool {
	return w != "" && utf8.ValidString(w) && !strings.ContainsFunc(w, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
	})
}

func letters(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
}
