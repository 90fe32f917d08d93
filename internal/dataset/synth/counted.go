package synth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/tokenizer"
)

// rounds is the maximum number of corrections of a text that is too long or too short. Nearly all need fewer than ten;
// with the oddest test vocabulary, one in a thousand needs more than 64.
const rounds = 1024

// appendCounted is Append for tables without a proof: each text is encoded, and generated again with more or fewer
// words until its length is right.
func (w *Words) appendCounted(dst, prefix []byte, r *Rand, n int) ([]byte, error) {
	start, want := len(dst), n
	if len(prefix) > 0 {
		have, err := w.tokens(prefix)
		if err != nil {
			return dst, err
		}
		want += have
	}
	joined := len(prefix) > 0
	makers := []func([]byte, int) []byte{w.maker(r, joined)}
	if w.pieces != nil {
		makers = []func([]byte, int) []byte{w.pieceMaker(r, joined), w.maker(r, joined)}
	}
	for _, make := range makers {
		for k, words := 0, n; k < rounds && make != nil; k++ {
			dst = make(append(dst[:start], prefix...), words)
			have, err := w.tokens(dst[start:])
			if err != nil || have == want {
				return dst, err
			}
			step := (want - have) * words / max(1, have) // a word may cost several tokens
			if step == 0 {
				step = cmp.Compare(want, have)
			}
			words = max(1, words+step)
		}
	}
	return dst, fmt.Errorf("vocabulary %s: no text of exactly %d tokens was found in %d trials", w.name, want, rounds)
}

// maker returns a generator of texts of n words, different ones in each call.
func (w *Words) maker(r *Rand, joined bool) func(dst []byte, n int) []byte {
	if len(w.spans) == 0 {
		return nil
	}
	return func(dst []byte, n int) []byte { return w.append(dst, r, n, joined) }
}

// fresh is the number of attempts after which the whole text is drawn again: correcting its end may not converge.
const fresh = 8

// pieceMaker returns a generator for vocabularies in which hardly any word costs one token: it concatenates tokens.
// Between attempts only the end is drawn again.
func (w *Words) pieceMaker(r *Rand, joined bool) func(dst []byte, n int) []byte {
	var drawn []string
	trial := 0
	return func(dst []byte, n int) []byte {
		if trial++; trial%fresh == 0 {
			drawn = drawn[:0]
		}
		drawn = drawn[:min(n, len(drawn))]
		for len(drawn) < n {
			drawn = append(drawn, w.pieces[r.Below(len(w.pieces))])
		}
		text := strings.TrimSpace(strings.Join(drawn, ""))
		if joined && trial%2 == 0 { // if a space costs a token, one more token is a word without it
			text = " " + text
		}
		return fastjson.AppendEscaped(dst, text)
	}
}

// tokens returns the length in tokens of an escaped text.
func (w *Words) tokens(escaped []byte) (int, error) {
	var text string
	err := json.Unmarshal(slices.Concat([]byte{'"'}, escaped, []byte{'"'}), &text)
	return w.count(text), err
}

// pieces returns the tokens of which text may consist.
func pieces(lex tokenizer.Lexicon) []string {
	var all []string
	for _, s := range lex.Tokens() {
		if plain(strings.TrimSpace(s)) {
			all = append(all, s)
		}
	}
	return all
}
