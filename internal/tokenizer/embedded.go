package tokenizer

import (
	"fmt"
	"iter"
	"sync"

	"github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
)

// embedded are the vocabularies that are part of the program, each loaded once, when it is first asked for.
var embedded = map[string]func() (Tokenizer, error){
	"o200k_base":  sync.OnceValues(func() (Tokenizer, error) { return loadTiktoken("o200k_base") }),
	"cl100k_base": sync.OnceValues(func() (Tokenizer, error) { return loadTiktoken("cl100k_base") }),
}

// offline keeps tiktoken-go from the network: it must be told before its first GetEncoding.
var offline = sync.OnceFunc(func() { tiktoken.SetBpeLoader(loader.NewOfflineLoader()) })

// tiktokens is a vocabulary of OpenAI's.
type tiktokens struct {
	name string
	bpe  *tiktoken.Tiktoken
	toks []string // by id; "": none
}

func loadTiktoken(name string) (Tokenizer, error) {
	offline()
	bpe, err := tiktoken.GetEncoding(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ranks, err := loader.NewOfflineLoader().LoadTiktokenBpe(name + ".tiktoken")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	most := 0
	for _, id := range ranks {
		most = max(most, id)
	}
	toks := make([]string, most+1)
	for s, id := range ranks {
		toks[id] = s
	}
	return &tiktokens{name: name, bpe: bpe, toks: toks}, nil
}

func (t *tiktokens) Name() string { return t.name }

func (t *tiktokens) Encode(text string) []int { return t.bpe.EncodeOrdinary(lossy(text)) }

func (t *tiktokens) Decode(ids []int) string { return lossy(t.bpe.Decode(ids)) }

func (t *tiktokens) Tokens() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for id, s := range t.toks {
			if s != "" && !yield(id, s) {
				return
			}
		}
	}
}

// SpaceSplits: no alternative of either pattern takes a space after another character, but for \s+(?!\S), which needs
// white space before it.
func (t *tiktokens) SpaceSplits() bool { return true }

func (t *tiktokens) PrependsSpace() bool { return false }
