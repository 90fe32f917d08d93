package tokenizer

import (
	"github.com/pkoukk/tiktoken-go"
)

// packaged is an encoding of the package tiktoken-go: one of OpenAI's older ones, whose speed does not matter. What
// random prompts need comes from the ranks.
type packaged struct {
	*vocabulary
	encoding *tiktoken.Tiktoken
}

func openPackaged(name, ranks string) (Tokenizer, error) {
	v, err := readEmbedded(name, ranks)
	if err != nil {
		return nil, err
	}
	encoding, err := newTiktoken(name, v)
	if err != nil {
		return nil, err
	}
	return &packaged{v, encoding}, nil
}

// newTiktoken returns tiktoken-go's encoder of a vocabulary of ranks.
func newTiktoken(name string, v *vocabulary) (*tiktoken.Tiktoken, error) {
	enc := encodings[name]
	ranks := make(map[string]int, len(v.bytes))
	all := map[string]any{}
	for id, token := range v.bytes {
		if token != "" && !v.special[id] {
			ranks[token] = id
		}
	}
	for token := range enc.special {
		all[token] = true
	}
	bpe, err := tiktoken.NewCoreBPE(ranks, enc.special, enc.pattern)
	if err != nil {
		return nil, err
	}
	return tiktoken.NewTiktoken(bpe, &tiktoken.Encoding{Name: name, PatStr: enc.pattern, MergeableRanks: ranks,
		SpecialTokens: enc.special}, all), nil
}

// Encode implements Tokenizer.
func (p *packaged) Encode(text string) []int { return p.encoding.EncodeOrdinary(lossy(text)) }

// EncodeSpecial implements Special. The encodings have no post-processor.
func (p *packaged) EncodeSpecial(text string, _ bool) []int {
	return p.encoding.Encode(lossy(text), []string{"all"}, nil)
}

// Decode implements Tokenizer.
func (p *packaged) Decode(ids []int) string { return lossy(p.encoding.Decode(ids)) }
