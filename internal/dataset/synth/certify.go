package synth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"llmperf/internal/request"
	"llmperf/internal/tokenizer"
)

// Certify finds the words of a vocabulary by encoding each once, which takes up to a second.
//
// Heads, which begin and end a text, are of letters only and cost the same whatever a chat template has around them: then
// the template costs the same whatever the text is. A vocabulary whose pre-tokenizer gives no
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
	var words []word
	var candidates []string // of heads
	for id, s := range lex.Tokens() {
		w := strings.Trim(s, " ") // a space behind is the end of a word, as CLIP's vocabulary has it
		if !plain(w) {
			continue
		}
		escaped := string(request.AppendEscaped([]byte(" "), w))
		if ids := tok.Encode(lead + w); len(ids) != 1 || ids[0] != id || len(escaped) > maxLength {
			continue
		}
		words = append(words, word{escaped: escaped})
		if letters(w) && len(tok.Encode(w)) == 1 {
			candidates = append(candidates, w)
		}
	}
	heads := map[string]bool{}
	for _, w := range alike(tok, lead, candidates) {
		heads[" "+w] = true
	}
	for i := range words {
		words[i].head = heads[words[i].escaped]
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

// around are what chat templates have before and behind a text, other than special tokens, which cut a text anyway.
var around = [][2]string{{"\n", ""}, {">", ""}, {"]", ""}, {"", "\n"}, {"", "<"}, {"", "["}}

// fewHeads are too few to begin and end texts with. What leaves no more of them is a place in which words differ too
// much: a template that has it costs now one token more, now one less.
const fewHeads = 12

// alike are the words that cost what most of them do in every place.
func alike(tok tokenizer.Tokenizer, lead string, words []string) []string {
	for _, place := range around {
		cost := func(w string) int {
			if place[1] != "" {
				w = lead + w
			}
			return len(tok.Encode(place[0] + w + place[1]))
		}
		costs := make([]int, len(words))
		seen := map[int]int{}
		for i, w := range words {
			costs[i] = cost(w)
			seen[costs[i]]++
		}
		most := 0
		for c, n := range seen {
			if n > seen[most] || n == seen[most] && c < most {
				most = c
			}
		}
		var left []string
		for i, w := range words {
			if costs[i] == most {
				left = append(left, w)
			}
		}
		if len(left) >= min(fewHeads, len(words)) {
			words = left
		}
	}
	return words
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
