package tokenizer

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// Patterns that split text for vocabularies in tiktoken's format, whose files do not contain them. They follow the
// published definitions, in the form without possessive repeats.
const (
	contractions  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	cl100kPattern = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}` +
		`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s`
	r50kPattern   = `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+\z|\s+(?!\S)|\s`
	llama3Pattern = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}` +
		`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwenPattern  = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` + contractions + `?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*` + contractions + `?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	kimiPattern = `[\p{Han}]+` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+` +
		contractions + `?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*` +
		contractions + `?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// encoding is what tiktoken adds to a file of ranks.
type encoding struct {
	pattern string
	special map[string]int
}

// encodings are the known ones, by name; a file of ranks may have the same name.
var encodings = map[string]encoding{
	"o200k_base": {o200kPattern, map[string]int{"<|endoftext|>": 199999, "<|endofprompt|>": 200018}},
	"cl100k_base": {cl100kPattern, map[string]int{"<|endoftext|>": 100257, "<|fim_prefix|>": 100258,
		"<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276}},
	"o200k_harmony": {o200kPattern, harmonySpecial()},
	"p50k_base":     {r50kPattern, map[string]int{"<|endoftext|>": 50256}},
	"p50k_edit": {r50kPattern, map[string]int{"<|endoftext|>": 50256, "<|fim_prefix|>": 50281, "<|fim_middle|>": 50282,
		"<|fim_suffix|>": 50283}},
	"r50k_base": {r50kPattern, map[string]int{"<|endoftext|>": 50256}},
	"qwen":      {qwenPattern, map[string]int{"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}},
	"llama3": {llama3Pattern, map[string]int{"<|begin_of_text|>": 128000, "<|end_of_text|>": 128001,
		"<|finetune_right_pad_id|>": 128004, "<|start_header_id|>": 128006, "<|end_header_id|>": 128007,
		"<|eom_id|>": 128008, "<|eot_id|>": 128009, "<|python_tag|>": 128010}},
	"kimi": {kimiPattern, nil},
}

// embedded are the vocabularies in the program, each read when it is first used.
var embedded = map[string]func() (Tokenizer, error){
	"o200k_base":    once("o200k_base", "o200k_base"),
	"o200k_harmony": once("o200k_harmony", "o200k_base"),
	"cl100k_base":   once("cl100k_base", "cl100k_base"),
	"p50k_base":     oncePackaged("p50k_base", "p50k_base"),
	"p50k_edit":     oncePackaged("p50k_edit", "p50k_base"),
	"r50k_base":     oncePackaged("r50k_base", "r50k_base"),
}

// once returns a function that reads the vocabulary of an encoding once, from the ranks of the given name.
func once(name, ranks string) func() (Tokenizer, error) {
	return sync.OnceValues(func() (Tokenizer, error) {
		v, err := readEmbedded(name, ranks)
		if err != nil {
			return nil, err
		}
		return v, nil
	})
}

func oncePackaged(name, ranks string) func() (Tokenizer, error) {
	return sync.OnceValues(func() (Tokenizer, error) { return openPackaged(name, ranks) })
}

func readEmbedded(name, ranks string) (*vocabulary, error) {
	data, err := assets.Assets.ReadFile(ranks + ".tiktoken")
	if err != nil {
		return nil, err
	}
	return readTiktoken(name, data, encodings[name])
}

// harmonySpecial are the special tokens of gpt-oss.
func harmonySpecial() map[string]int {
	special := map[string]int{"<|startoftext|>": 199998, "<|endoftext|>": 199999, "<|return|>": 200002,
		"<|constrain|>": 200003, "<|channel|>": 200005, "<|start|>": 200006, "<|end|>": 200007, "<|message|>": 200008,
		"<|call|>": 200012, "<|endofprompt|>": 200018}
	taken := map[int]bool{}
	for _, id := range special {
		taken[id] = true
	}
	for id := 200000; id < 201088; id++ {
		if !taken[id] {
			special[fmt.Sprintf("<|reserved_%d|>", id)] = id
		}
	}
	return special
}

// newRanks returns a vocabulary of tokens indexed by id; "" is none.
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
		hidden: map[int]bool{}, special: map[int]bool{}}
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
