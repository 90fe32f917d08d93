package synth

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/tokenizer"
)

// Certify finds the words of a vocabulary by encoding each once, which takes up to a second.
//
// The first and last word of a text are of letters only and cost the same whatever a chat template has around them, so
// that the template costs the same for every text. Without a proof by the pre-tokenizer that counts add up, each
// generated text is counted.
func Certify(tok tokenizer.Tokenizer) (*Words, error) {
	lex, tokens, err := lexicon(tok)
	if err != nil {
		return nil, err
	}
	return certify(tok, lex, tokens, nil)
}

// token is a token that may be a word.
type token struct {
	id   int
	text string // without a space around it
}

// lexicon returns the tokens of a vocabulary.
func lexicon(tok tokenizer.Tokenizer) (tokenizer.Lexicon, []token, error) {
	lex, ok := tok.(tokenizer.Lexicon)
	if !ok {
		return nil, nil, fmt.Errorf("vocabulary %s does not list its tokens", tok.Name())
	}
	var tokens []token
	for id, s := range lex.Tokens() {
		// a trailing space marks the end of a word, as in CLIP's vocabulary
		tokens = append(tokens, token{id, strings.Trim(s, " ")})
	}
	return lex, tokens, nil
}

// certify is Certify restricted to the words of a set; nil is all words.
func certify(tok tokenizer.Tokenizer, lex tokenizer.Lexicon, tokens []token, only map[string]bool) (*Words, error) {
	lead := " "
	if lex.PrependsSpace() {
		lead = ""
	}
	among := tokens
	if only != nil {
		among = nil
		for _, t := range tokens {
			if only[t.text] {
				among = append(among, t)
			}
		}
	}
	words, candidates := certain(tok, lead, among)
	heads := map[string]bool{}
	for _, w := range alike(tok, lead, candidates) {
		heads[" "+w] = true
	}
	for i := range words {
		words[i].head = heads[words[i].escaped]
	}
	if only != nil && len(words) < fewEveryday {
		return nil, errFew
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

// maxHeads is the number of words that are tested as first or last words: each takes eight encodings.
const maxHeads = 1 << 13

// certain returns the words that cost one token after a space, and those that may be first or last: of a large
// vocabulary a sample from all over it.
func certain(tok tokenizer.Tokenizer, lead string, tokens []token) (words []word, candidates []string) {
	all := inParallel(len(tokens), func(i int) string {
		t := tokens[i]
		if !plain(t.text) {
			return ""
		}
		if ids := tok.Encode(lead + t.text); len(ids) != 1 || ids[0] != t.id {
			return ""
		}
		if escaped := fastjson.AppendEscaped([]byte(" "), t.text); len(escaped) <= maxLength {
			return string(escaped)
		}
		return ""
	})
	var ofLetters []string
	for i, escaped := range all {
		if escaped == "" {
			continue
		}
		words = append(words, word{escaped: escaped})
		if letters(tokens[i].text) {
			ofLetters = append(ofLetters, tokens[i].text)
		}
	}
	n := min(len(ofLetters), maxHeads)
	alone := inParallel(n, func(i int) bool { return len(tok.Encode(ofLetters[i*len(ofLetters)/n])) == 1 })
	for i, one := range alone {
		if one {
			candidates = append(candidates, ofLetters[i*len(ofLetters)/n])
		}
	}
	return words, candidates
}

// inParallel returns of(i) for n indices, computed on all cores.
func inParallel[T any](n int, of func(i int) T) []T {
	all := make([]T, n)
	var running sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		running.Go(func() {
			for i := n * k / workers; i < n*(k+1)/workers; i++ {
				all[i] = of(i)
			}
		})
	}
	running.Wait()
	return all
}

// fewWords is the number of words below which text of tokens is generated instead, if possible.
const fewWords = 32

// around lists the characters that chat templates have before and after a text, other than special tokens, which split
// a text anyway.
var around = [][2]string{{"\n", ""}, {">", ""}, {"]", ""}, {"", "\n"}, {"", "<"}, {"", "["}}

// fewHeads is the minimum number of first and last words. A position that leaves fewer is ignored: words differ too
// much there, so a template that has it costs a varying number of tokens.
const fewHeads = 12

// alike returns the words that cost what most of them do in every position.
func alike(tok tokenizer.Tokenizer, lead string, words []string) []string {
	for _, place := range around {
		costs := inParallel(len(words), func(i int) int {
			w := words[i]
			if place[1] != "" {
				w = lead + w
			}
			return len(tok.Encode(place[0] + w + place[1]))
		})
		seen := map[int]int{}
		for _, cost := range costs {
			seen[cost]++
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

// plain reports whether w consists of visible characters.
func plain(w string) bool {
	if fastjson.UnescapedASCII(w) == len(w) && strings.IndexByte(w, ' ') < 0 {
		return w != ""
	}
	return utf8.ValidString(w) && !strings.ContainsFunc(w, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
	})
}

func letters(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
}
