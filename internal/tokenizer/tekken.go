package tokenizer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"

	json "github.com/goccy/go-json"
)

// tekkenFile is a tekken.json, the format of Mistral's libraries.
type tekkenFile struct {
	Config struct {
		Pattern          string `json:"pattern"`
		DefaultVocabSize int    `json:"default_vocab_size"`
		NumSpecial       int    `json:"default_num_special_tokens"`
	} `json:"config"`
	Vocab []struct {
		Rank  int    `json:"rank"`
		Bytes string `json:"token_bytes"`
	} `json:"vocab"`
	Special []struct {
		Rank int    `json:"rank"`
		Text string `json:"token_str"`
	} `json:"special_tokens"`
}

// tekkenSpecial are the special tokens of a file that lists none.
var tekkenSpecial = []string{"<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
	"[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]",
	"[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"}

// readTekken reads a tekken.json. Special tokens come first, followed by ranks up to the size of the vocabulary.
func readTekken(name string, data []byte) (*vocabulary, error) {
	var f tekkenFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: not a tekken.json: %w", name, err)
	}
	first, size := f.Config.NumSpecial, f.Config.DefaultVocabSize
	if f.Config.Pattern == "" || first < 0 || size <= first || size > maxID {
		return nil, fmt.Errorf("%s: not a tekken.json: its config has no pattern or no sizes", name)
	}
	tokens := make([]string, size)
	for _, t := range f.Vocab {
		if t.Rank < 0 || t.Rank >= size-first {
			continue // beyond the size of the vocabulary
		}
		raw, err := base64.StdEncoding.DecodeString(t.Bytes)
		if err != nil || tokens[first+t.Rank] != "" {
			return nil, fmt.Errorf("%s: the token of rank %d is not base64, or occurs twice", name, t.Rank)
		}
		tokens[first+t.Rank] = string(raw)
	}
	special := map[string]int{}
	for id := range first {
		special[fmt.Sprintf("<SPECIAL_%d>", id)] = id
	}
	put := func(id int, text string) {
		delete(special, fmt.Sprintf("<SPECIAL_%d>", id))
		special[text] = id
	}
	if f.Special == nil {
		for id, text := range tekkenSpecial[:min(first, len(tekkenSpecial))] {
			put(id, text)
		}
	}
	for _, t := range f.Special {
		if t.Rank < 0 || t.Rank >= first || t.Text == "" {
			return nil, fmt.Errorf("%s: the rank %d of the special token %q is out of bounds", name, t.Rank, t.Text)
		}
		put(t.Rank, t.Text)
	}
	v, err := newRanks(name, tokens, encoding{f.Config.Pattern, special})
	if err != nil {
		return nil, err
	}
	if bos, ok := special["<s>"]; ok {
		v.before = []int{bos}
	}
	return v, nil
}

var rankLine = regexp.MustCompile(`^[A-Za-z0-9+/]+={0,2} [0-9]+\r?$`)

// looksRanks reports whether a file begins like those in tiktoken's format.
func looksRanks(data []byte) bool {
	line, _, _ := bytes.Cut(data[:min(len(data), 1<<10)], []byte("\n"))
	return rankLine.Match(line)
}

// metaRanks is the number of ranks in the tokenizer.model of Llama 3.
const metaRanks = 128000

// readMetaModel reads a tokenizer.model in tiktoken's format, in which Meta publishes Llama 3.
func readMetaModel(path string, data []byte) (*vocabulary, error) {
	if bytes.Count(bytes.TrimSpace(data), []byte("\n"))+1 == metaRanks {
		return readTiktoken(path, data, encodings["llama3"])
	}
	enc, err := encodingOf(path, "")
	if err != nil {
		return nil, err
	}
	return readTiktoken(path, data, enc)
}
