package dataset

import (
	"errors"
	"fmt"

	"llmperf/internal/dataset/synth"
	"llmperf/internal/tokenizer"
)

// RandomTokens are the tokens in and out of a random request where no flag says otherwise.
const (
	RandomTokensIn  = 1024
	RandomTokensOut = 128
)

// What is drawn, so that no two draws use the same random numbers.
const (
	drawText   = 0x74657874
	drawPrefix = 0x70726566
)

// random is text of exactly so many tokens, all drawn independently, behind a beginning that requests share.
func random(o *Options) (func() draw, error) {
	words, err := o.words()
	if err != nil {
		return nil, err
	}
	lo, hi, err := o.randomLengths()
	if err != nil {
		return nil, err
	}
	prefixes := make([][]byte, max(1, o.PrefixCount))
	for p := range prefixes {
		prefixes[p] = words.Append(nil, synth.NewRand(o.Seed, drawPrefix, uint64(p)), o.PrefixLength, false)
	}
	return func() draw {
		var text []byte
		return func(i int64, it *Item) {
			r := synth.NewRand(o.Seed, drawText, uint64(i))
			text = append(text[:0], prefixes[i%int64(len(prefixes))]...)
			text = words.Append(text, r, r.Between(lo, hi), o.PrefixLength > 0)
			it.Text = text
		}
	}, nil
}

// words is the table of the tokenizer's words.
func (o *Options) words() (*synth.Words, error) {
	var words *synth.Words
	var err error
	if o.TokenizerName == "" || o.TokenizerName == tokenizer.Default {
		words, err = synth.O200k()
	} else {
		var tok tokenizer.Tokenizer
		if tok, err = o.Tokenizer(); err == nil {
			words, err = synth.Certify(tok)
		}
	}
	if err != nil {
		return nil, err
	}
	if o.ASCII {
		return words.ASCII()
	}
	return words, nil
}

// randomLengths is the range of tokens that prompts are drawn from, without the prefix.
func (o *Options) randomLengths() (lo, hi int, err error) {
	lo, hi = RandomTokensIn, RandomTokensIn
	switch {
	case o.MinPrompt != nil && o.MaxPrompt != nil:
		lo, hi = *o.MinPrompt, *o.MaxPrompt
	case o.MaxPrompt != nil:
		lo, hi = 1, *o.MaxPrompt
	case o.MinPrompt != nil:
		lo, hi = *o.MinPrompt, max(*o.MinPrompt, RandomTokensIn)
	}
	switch {
	case lo > hi:
		return 0, 0, fmt.Errorf("--min-prompt-length %d is more than --max-prompt-length %d", lo, hi)
	case lo < 0:
		return 0, 0, fmt.Errorf("--min-prompt-length %d is negative", lo)
	case lo+o.PrefixLength < 1:
		lo = 1
	}
	if hi < lo {
		return 0, 0, errors.New("--max-prompt-length 0 leaves nothing to send")
	}
	return lo, hi, nil
}
