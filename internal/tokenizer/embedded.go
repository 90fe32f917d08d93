package tokenizer

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// Patterns by which the vocabularies of tiktoken's format cut text: their files do not say it. They are written from
// the published definitions, in the form that has no possessive repeats.
const (
	contractions  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	cl100kPattern = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s`
	r50kPattern   = `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+\z|\s+(?!\S)|\s`
	llama3Pattern = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwenPattern   = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kPattern  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` + contractions + `?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*` + contractions + `?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	kimiPattern = `[\p{Han}]+` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+` + contractions + `?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*` + contractions + `?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// encoding is what tiktoken adds to a file of ranks.
type encoding struct {
	pattern string
	special map[string]int
}

// encodings are the known ones, by the name that a file of theirs has, too.
var encodings = map[string]encoding{
	"o200k_base": {o200kPattern, map[string]int{"<|endoftext|>": 199999, "<|endofprompt|>": 200018}},
	"cl100k_base": {cl100kPattern, map[string]int{"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259,
		"<|fim_suffix|>": 100260, "<|endofprompt|>": 100276}},
	"p50k_base": {r50kPattern, map[string]int{"<|endoftext|>": 50256}},
	"r50k_base": {r50kPattern, map[string]int{"<|endoftext|>": 50256}},
	"qwen":      {qwenPattern, map[string]int{"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}},
	"llama3":    {llama3Pattern, nil},
	"kimi":      {kimiPattern, nil},
}

// embedded are the vocabularies that are part of the program, each read once, when it is first asked for.
var embedded = map[string]func() (*vocabulary, error){
	"o200k_base":  sync.OnceValues(func() (*vocabulary, error) { return readEmbedded("o200k_base") }),
	"cl100k_base": sync.OnceValues(func() (*vocabulary, error) { return readEmbedded("cl100k_base") }),
}

func readEmbedded(name string) (*vocabulary, error) {
	data, err := assets.Assets.ReadFile(name + ".tiktoken")
	if err != nil {
		return nil, err
	}
	return readTiktoken(name, data, encodings[name])
}

// newRanks makes a vocabulary of tokens by their ids; "" is none.
func newRanks(name string, tokens []string, enc encoding) (*vocabulary, error) {
	m, err := newRankModel(tokens)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	pat, err := compilePattern(enc.pattern)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{name: name, literal: newAddedTokens(), inNormal: newAddedTokens(), scan: pat.scan, model: m,
		hidden: map[int]bool{}, special: map[int]bool{}, surface: func(token string) string { return token }}
	proof := &proof{}
	proof.split(pat, isolated, false)
	for token, id := range maps.All(enc.special) {
		for id >= len(tokens) {
			tokens = append(tokens, "")
		}
		tokens[id] = token
		v.hidden[id], v.special[id] = true, true
		v.literal.add(token, addedToken{id: id, content: token, special: true})
	}
	if err := errors.Join(v.literal.seal(), v.inNormal.seal()); err != nil {
		return nil, err
	}
	v.texts, v.bytes = tokens, tokens
	v.splits = proof.holds(v)
	return v, nil
}
