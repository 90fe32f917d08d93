package dataset

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/tokenizer"
)

// words returns the table of words that random text consists of. The table of the default vocabulary is embedded;
// those of others are computed once and cached.
func (o *Options) words() (*synth.Words, error) {
	usual := o.Charset == "" || o.Charset == "everyday"
	words, err := o.table(usual)
	if err != nil {
		return nil, setup(err)
	}
	if !words.Proven() {
		o.say("vocabulary %s does not let lengths be told without encoding: each prompt is encoded, which is slow",
			words.Name())
	}
	if o.Charset == "ascii" {
		return words.ASCII()
	}
	return words, nil
}

func (o *Options) table(usual bool) (*synth.Words, error) {
	e := tokenizer.Encoding(o.TokenizerName)
	key := fingerprint(o.TokenizerName)
	switch inside := e == tokenizer.Default || e == "o200k_harmony"; { // it differs in special tokens only
	case inside && usual:
		return synth.O200kEveryday()
	case inside:
		return synth.O200k()
	case usual && key != "":
		key += " " + synth.EverydayKey()
	}
	return synth.Cached(o.CacheDir, key, func() (*synth.Words, error) {
		tok, err := o.Tokenizer()
		if err != nil {
			return nil, err
		}
		if !usual {
			return synth.Certify(tok)
		}
		words, ok, err := synth.Everyday(tok)
		if err == nil && !ok {
			o.say("vocabulary %s has few everyday English words: random text is of all its words", tok.Name())
		}
		return words, err
	})
}

// fingerprint identifies a vocabulary: the name of an embedded one, or the checksum of all files that may define it.
func fingerprint(name string) string {
	path := name
	if _, err := os.Stat(path); err != nil {
		path, _, _ = strings.Cut(name, ":") // FILE:ENCODING
	}
	info, err := os.Stat(path)
	if err != nil {
		return name
	}
	files := []string{path}
	dir := filepath.Dir(path)
	if info.IsDir() {
		dir, files = path, nil
	}
	for _, f := range append(tokenizer.Files(), tokenizer.Fallbacks()...) {
		found, _ := filepath.Glob(filepath.Join(dir, f))
		files = append(files, slices.DeleteFunc(found, func(f string) bool { return f == path })...)
	}
	sum := sha256.New()
	io.WriteString(sum, strings.TrimPrefix(name, path))
	for _, f := range files {
		data, err := os.Open(f)
		if err != nil {
			continue
		}
		fmt.Fprintf(sum, "\x00%s\x00", filepath.Base(f))
		_, err = io.Copy(sum, data)
		if data.Close(); err != nil {
			return "" // unreadable, so it is not cached
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// o200kIDs is the number of ordinary tokens of o200k_base, whose ids are 0, 1, ….
const o200kIDs = 199998

// ordinaryIDs returns the ids of the tokens that stand for text.
func (o *Options) ordinaryIDs() ([]int, error) {
	var ids []int
	if tokenizer.Encoding(o.TokenizerName) == tokenizer.Default {
		for id := range o200kIDs {
			ids = append(ids, id)
		}
		return ids, nil
	}
	tok, err := o.Tokenizer()
	if err != nil {
		return nil, err
	}
	lex, ok := tok.(tokenizer.Lexicon)
	if !ok {
		return nil, fmt.Errorf("vocabulary %s does not list its tokens", tok.Name())
	}
	for id := range lex.Tokens() {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("vocabulary %s is empty", tok.Name())
	}
	return ids, nil
}
