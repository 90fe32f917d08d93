package dataset

import (
	"fmt"
	"strings"

	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
	"perfpipe/internal/tokenizer"
)

const drawLines = 0x6c696e6573

// sonnet generates prompts of lines drawn from a poem after its first lines, which all prompts share. Lengths are in
// tokens, up to the last line that fits: MaxPrompt for the prompt (default 550) and PrefixLength for the shared prefix
// (default 200), as in vLLM's dataset of that name.
func sonnet(o *Options) (func() draw, error) {
	if len(o.Paths) == 0 {
		return nil, errNoFile
	}
	if err := o.textOnly("sonnet"); err != nil {
		return nil, err
	}
	total, shared := 550, 200
	if o.MaxPrompt != nil {
		total = *o.MaxPrompt
	}
	if o.PrefixLength > 0 {
		shared = o.PrefixLength
	}
	if shared >= total {
		return nil, fault.Invalid("prefix-length and "+maxLength, "", "a prefix of %d tokens leaves nothing of %d", shared,
			total)
	}
	var poem []string
	for line, err := range o.lines(o.Paths) {
		if err != nil {
			return nil, err
		}
		poem = append(poem, string(line.Bytes)+"\n")
	}
	if len(poem) == 0 {
		return nil, fmt.Errorf("%s: it has no lines", strings.Join(o.Paths, ", "))
	}
	tok, err := o.Tokenizer()
	if err != nil {
		return nil, err
	}
	beginning := upTo(tok, "Continue with some of these lines:\n", shared, poem)
	return func() draw {
		return func(i int64, it *Item) error {
			r := synth.NewRand(o.Seed, drawLines, uint64(i))
			lines := make([]string, total)
			for k := range lines {
				lines[k] = poem[r.Below(len(poem))]
			}
			it.Text = fastjson.AppendEscaped(nil, upTo(tok, beginning, total, lines))
			return nil
		}
	}, nil
}

// upTo appends lines to a text while it has at most n tokens.
func upTo(tok tokenizer.Tokenizer, text string, n int, lines []string) string {
	for cost, k := len(tok.Encode(text)), 0; k < len(lines); k++ {
		if cost += len(tok.Encode(lines[k])); cost > n {
			break
		}
		text += lines[k]
	}
	return text
}
