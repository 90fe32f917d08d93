package tokenizer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	json "github.com/goccy/go-json"

	"perfpipe/internal/sniff"
)

// Default is the name of the default vocabulary.
const Default = "o200k_base"

// hintError is an error with a hint.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func hinted(hint, format string, args ...any) error {
	return &hintError{fmt.Errorf(format, args...), hint}
}

// Hint returns the hint of an error of Open, "" if it has none.
func Hint(err error) string {
	if h := (*hintError)(nil); errors.As(err, &h) {
		return h.hint
	}
	return ""
}

// Files returns the names of the files that Open and OpenTemplate look for in a model's folder, in order to download
// them. All except the first are optional, and the first is if two and three or the last exist.
func Files() []string {
	return []string{"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
		"added_tokens.json", "chat_template.jinja", "chat_template.json", "additional_chat_templates/*.jinja", "*.tiktoken",
		"tiktoken.model"}
}

// Fallbacks returns the names of files that Open reads if a folder contains no vocabulary among Files.
func Fallbacks() []string { return []string{"tekken.json", "tokenizer.model"} }

// Open returns the vocabulary with this name: "" for Default, the name of an encoding of OpenAI's (o200k_base,
// o200k_harmony, cl100k_base, p50k_base, p50k_edit, r50k_base) or of a model that uses one, or a folder or file of
//
//   - tokenizer.json, as Hugging Face's libraries write it;
//   - vocab.json and merges.txt, as GPT-2 and Qwen have them (name the folder, or either);
//   - tekken.json, as Mistral's libraries have it;
//   - *.tiktoken, tiktoken.model, or a tokenizer.model in the same format. Such a file does not contain the pattern
//     that splits text: its name or its folder's tokenizer_config.json must imply it, or FILE:ENCODING names it, where
//     ENCODING is one of those that the error message lists.
//
// A component that the package does not implement is an error; it is never ignored. Nothing is downloaded.
func Open(ctx context.Context, name string) (Tokenizer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if name == "" {
		name = Default
	}
	if open, ok := embedded[name]; ok {
		return open()
	}
	path, encoding := name, ""
	info, err := os.Stat(path)
	if err != nil {
		if open, ok := embedded[Encoding(name)]; ok {
			return open()
		}
		if i := strings.LastIndexByte(name, ':'); i > 0 {
			path, encoding = name[:i], name[i+1:]
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		return nil, hinted("give o200k_base, a model of OpenAI such as gpt-4o, or a folder or file with a tokenizer.json",
			"no vocabulary %q: %w", name, err)
	}
	v, err := openPath(path, info.IsDir(), encoding)
	if err != nil {
		return nil, err
	}
	return v, nil
}

func openPath(path string, dir bool, encoding string) (*vocabulary, error) {
	if dir {
		var err error
		if path, err = fileIn(path); err != nil {
			return nil, err
		}
	}
	base := filepath.Base(path)
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	switch {
	case encoding != "", strings.HasSuffix(base, ".tiktoken"), base == "tiktoken.model":
		enc, err := encodingOf(path, encoding)
		if err != nil {
			return nil, err
		}
		return readTiktoken(path, data, enc)
	case base == "vocab.json", base == "merges.txt":
		return readVocabMerges(filepath.Dir(path))
	case strings.HasPrefix(base, "tekken") && strings.HasSuffix(base, ".json"): // also tekken_240911.json
		return readTekken(path, data)
	case strings.HasSuffix(base, ".model") && looksRanks(data):
		return readMetaModel(path, data)
	case strings.HasSuffix(base, ".model"):
		return nil, hinted("give the tokenizer.json made of it: transformers.AutoTokenizer writes one with save_pretrained",
			"%s: SentencePiece's own format is not read", path)
	}
	config, err := readConfig(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return readTokenizer(path, data, config)
}

// readFile reads a file without its byte order mark. It returns an error for a pointer of Git LFS.
func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/")) {
		return nil, hinted("git lfs pull", "%s: a Git LFS pointer in place of the file", path)
	}
	return sniff.TrimBOM(data), err
}

// fileIn returns the vocabulary file of a folder.
func fileIn(dir string) (string, error) {
	for _, name := range []string{"tokenizer.json", "vocab.json", "*.tiktoken", "tiktoken.model", "tekken.json",
		"tokenizer.model", "spiece.model"} {
		found, err := filepath.Glob(filepath.Join(quoteGlob(dir), name))
		if err != nil {
			return "", err
		}
		if len(found) > 1 {
			return "", hinted("name one of the files", "%s: more than one *.tiktoken in it", dir)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return "", hinted("give the folder of a model, or its name on a hub",
		"%s: no tokenizer.json, vocab.json with merges.txt, *.tiktoken, tiktoken.model or tekken.json in it", dir)
}

func quoteGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// encodingOf returns the encoding of a file of ranks: by the given name, that of the file, or its model's class.
func encodingOf(path, given string) (encoding, error) {
	known := slices.Sorted(maps.Keys(encodings))
	if given != "" {
		enc, ok := encodings[given]
		if !ok {
			return enc, hinted("give one of "+strings.Join(known, ", "), "%s: the encoding %q is not known", path, given)
		}
		if !strings.HasSuffix(path, given+".tiktoken") {
			enc.special = nil // they belong to another vocabulary
		}
		return withAdded(enc, filepath.Dir(path))
	}
	base := strings.TrimSuffix(filepath.Base(path), ".tiktoken")
	if enc, ok := encodings[base]; ok {
		return withAdded(enc, filepath.Dir(path))
	}
	config, err := readConfig(filepath.Dir(path))
	if err != nil {
		return encoding{}, err
	}
	for class, name := range map[string]string{"QWenTokenizer": "qwen", "tokenization_kimi": "kimi"} {
		if config.TokenizerClass == class || strings.Contains(string(config.AutoMap.AutoTokenizer), `"`+class+".") {
			enc := encodings[name]
			return withAdded(enc, filepath.Dir(path))
		}
	}
	return encoding{}, hinted(
		fmt.Sprintf("give %s:ENCODING, where ENCODING is one of %s", path, strings.Join(known, ", ")),
		"%s: the file does not name the pattern that splits text", path)
}

// withAdded adds the special tokens of the folder's tokenizer_config.json.
func withAdded(enc encoding, dir string) (encoding, error) {
	config, err := readConfig(dir)
	if err != nil {
		return enc, err
	}
	special := maps.Clone(enc.special)
	if special == nil {
		special = map[string]int{}
	}
	for id, token := range config.AddedTokensDecoder {
		if id < 0 || id > maxID {
			return enc, fmt.Errorf("%s: the id %d of %q is out of bounds", filepath.Join(dir, "tokenizer_config.json"), id,
				token.Content)
		}
		special[token.Content] = id
	}
	enc.special = special
	return enc, nil
}

// tokenizerConfig is the relevant part of a tokenizer_config.json.
type tokenizerConfig struct {
	TokenizerClass     string             `json:"tokenizer_class"`
	AddPrefixSpace     bool               `json:"add_prefix_space"`
	AddedTokensDecoder map[int]addedEntry `json:"added_tokens_decoder"`
	SpecialTokens      []namedToken       `json:"-"`
	AutoMap            struct {
		AutoTokenizer json.RawMessage `json:"AutoTokenizer"` // a name, or a list of names and nulls
	} `json:"auto_map"`
}

// readConfig reads a folder's tokenizer_config.json. If there is none it returns an empty one.
func readConfig(dir string) (tokenizerConfig, error) {
	var c tokenizerConfig
	path := filepath.Join(dir, "tokenizer_config.json")
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err == nil {
		c.SpecialTokens = readNamedTokens(data)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readVocabMerges reads a vocab.json and merges.txt, the format of GPT-2.
func readVocabMerges(dir string) (*vocabulary, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	pattern := ""
	switch class := strings.TrimSuffix(config.TokenizerClass, "Fast"); class {
	case "", "GPT2Tokenizer":
		pattern = gpt2Pattern
	case "Qwen2Tokenizer":
		pattern = qwenPattern
	default:
		return nil, hinted("give its tokenizer.json", "%s: how a %s splits text is not known", dir, class)
	}
	vocab, err := readFile(filepath.Join(dir, "vocab.json"))
	if err != nil {
		return nil, err
	}
	text, err := readFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		return nil, err
	}
	v, err := vocabMerges(vocab, text, pattern, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	v.name = dir
	return v, nil
}

// vocabMerges converts the two files to an equivalent tokenizer.json.
func vocabMerges(vocab, merges []byte, pattern string, config tokenizerConfig) (*vocabulary, error) {
	lines := strings.Split(strings.TrimRight(string(merges), "\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	if strings.HasSuffix(lines[len(lines)-1], "</w>") {
		return nil, hinted("give its tokenizer.json", "the tokens of merges.txt end in </w>, so it is not byte-level")
	}
	encoded, err := json.Marshal(lines)
	if err != nil {
		return nil, err
	}
	no, yes := false, config.AddPrefixSpace
	f := tokenizerFile{
		Model:   &modelEntry{Type: "BPE", Vocab: vocab, Merges: encoded},
		Decoder: &part{Type: "ByteLevel"},
		PreTokenizer: &part{Type: "Sequence", PreTokenizers: []part{
			{Type: "Split", Pattern: &patternEntry{Regex: &pattern}, Behavior: isolated},
			{Type: "ByteLevel", AddPrefixSpace: &no, UseRegex: &no},
		}},
	}
	if yes {
		if pattern != gpt2Pattern {
			return nil, errors.New("add_prefix_space is not understood with this class")
		}
		f.PreTokenizer = &part{Type: "ByteLevel", AddPrefixSpace: &yes}
	}
	if strings.Contains(config.TokenizerClass, "Qwen2") {
		f.Normalizer = &part{Type: "NFC"}
	}
	for _, id := range slices.Sorted(maps.Keys(config.AddedTokensDecoder)) {
		f.AddedTokens = append(f.AddedTokens, config.AddedTokensDecoder[id])
	}
	return f.build()
}
