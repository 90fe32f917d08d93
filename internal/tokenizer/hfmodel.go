package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	json "github.com/goccy/go-json"
)

// modelEntry is the model of a tokenizer.json.
type modelEntry struct {
	Type                    string          `json:"type"`
	Vocab                   json.RawMessage `json:"vocab"`
	Merges                  json.RawMessage `json:"merges"`
	UnkToken                *string         `json:"unk_token"`
	UnkID                   *int            `json:"unk_id"`
	ContinuingSubwordPrefix *string         `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string         `json:"end_of_word_suffix"`
	FuseUnk                 bool            `json:"fuse_unk"`
	ByteFallback            bool            `json:"byte_fallback"`
	IgnoreMerges            bool            `json:"ignore_merges"`
	Dropout                 *float64        `json:"dropout"`
	MaxInputCharsPerWord    *int            `json:"max_input_chars_per_word"`
}

// maxID bounds the memory that a damaged file can ask for.
const maxID = 1 << 24

// kind returns the type; files of 2020 do not state it.
func (e *modelEntry) kind() string {
	switch {
	case e.Type != "":
		return e.Type
	case len(e.Merges) > 0:
		return "BPE"
	case e.MaxInputCharsPerWord != nil:
		return "WordPiece"
	case strings.HasPrefix(strings.TrimSpace(string(e.Vocab)), "["):
		return "Unigram"
	}
	return "WordLevel"
}

// build sets v's model and v.texts, and returns the ids of the tokens.
func (e *modelEntry) build(v *vocabulary) (map[string]int32, error) {
	if e.kind() == "Unigram" {
		return e.unigram(v)
	}
	var ids map[string]int32
	merges := sync.OnceValues(e.merges)
	if e.kind() == "BPE" {
		go merges() // on another core: a user waits for the first line
	}
	if err := json.Unmarshal(e.Vocab, &ids); err != nil {
		return nil, fmt.Errorf("model: the vocab is not understood: %w", err)
	}
	if err := fillTexts(v, ids); err != nil {
		return nil, err
	}
	unk := int32(-1)
	if e.UnkToken != nil {
		if id, ok := ids[*e.UnkToken]; ok {
			unk = id
		}
	}
	switch e.kind() {
	case "BPE":
		if e.UnkToken != nil && unk < 0 {
			return nil, fmt.Errorf("model: the unk_token %q is not in the vocab", *e.UnkToken)
		}
		m, err := e.bpe(ids, unk, merges)
		v.model = m
		return ids, err
	case "WordPiece":
		if e.ContinuingSubwordPrefix == nil || e.MaxInputCharsPerWord == nil || e.UnkToken == nil {
			return nil, errors.New("model: a WordPiece needs unk_token, continuing_subword_prefix and max_input_chars_per_word")
		}
		if unk < 0 {
			return nil, fmt.Errorf("model: the unk_token %q is not in the vocab", *e.UnkToken)
		}
		v.model = &wordPiece{vocab: ids, prefix: *e.ContinuingSubwordPrefix, unk: unk, most: *e.MaxInputCharsPerWord}
		return ids, nil
	case "WordLevel":
		v.model = &wordLevel{vocab: ids, unk: unk}
		return ids, nil
	}
	return nil, fmt.Errorf("the model %q is not known", e.Type)
}

func fillTexts(v *vocabulary, ids map[string]int32) error {
	most := int32(-1)
	for token, id := range ids {
		if id < 0 || id > maxID {
			return fmt.Errorf("model: the id %d of %q is out of bounds", id, token)
		}
		most = max(most, id)
	}
	v.texts = make([]string, most+1)
	for token, id := range ids {
		v.texts[id] = token
	}
	return nil
}

func (e *modelEntry) bpe(ids map[string]int32, unk int32, readMerges func() ([][2]string, error)) (*bpe, error) {
	if e.Dropout != nil && *e.Dropout != 0 {
		return nil, errors.New("model: with dropout the same text has different ids each time")
	}
	m := &bpe{vocab: ids, unk: unk, whole: e.IgnoreMerges, fuse: e.FuseUnk, fallback: e.ByteFallback}
	if e.ContinuingSubwordPrefix != nil {
		m.prefix = *e.ContinuingSubwordPrefix
	}
	if e.EndOfWordSuffix != nil {
		m.suffix = *e.EndOfWordSuffix
	}
	if m.fallback {
		m.fallbacks = newFallbacks(func(s string) (int32, bool) { id, ok := ids[s]; return id, ok })
	}
	merges, err := readMerges()
	if err != nil {
		return nil, err
	}
	m.merges = newTable(len(merges))
	for rank, pair := range merges {
		a, okA := ids[pair[0]]
		b, okB := ids[pair[1]]
		if !okA || !okB || len(pair[1]) < len(m.prefix) {
			return nil, fmt.Errorf("model: the merge %q has a part that is not in the vocab", pair)
		}
		both, ok := ids[pair[0]+pair[1][len(m.prefix):]]
		if !ok {
			return nil, fmt.Errorf("model: the merge %q makes a token that is not in the vocab", pair)
		}
		m.merges.set(a, b, int32(rank), both)
	}
	m.setMark()
	return m, nil
}

// merges parses both forms: pairs, and strings with a space between the two.
func (e *modelEntry) merges() ([][2]string, error) {
	if len(e.Merges) == 0 {
		return nil, errors.New("model: a BPE needs merges")
	}
	var pairs [][]string
	if json.Unmarshal(e.Merges, &pairs) != nil {
		var lines []string
		if err := json.Unmarshal(e.Merges, &lines); err != nil {
			return nil, fmt.Errorf("model: the merges are not understood: %w", err)
		}
		return parseMerges(lines)
	}
	out := make([][2]string, len(pairs))
	for i, p := range pairs {
		if len(p) != 2 {
			return nil, fmt.Errorf("model: the merge %q is not a pair", p)
		}
		out[i] = [2]string{p[0], p[1]}
	}
	return out, nil
}

// parseMerges parses the lines of a merges.txt.
func parseMerges(lines []string) ([][2]string, error) {
	out := make([][2]string, 0, len(lines))
	for i, line := range lines {
		if strings.HasPrefix(line, "#version") {
			continue
		}
		a, b, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(b, " ") {
			return nil, fmt.Errorf("merge %d: %q is not two tokens with a space between", i+1, line)
		}
		out = append(out, [2]string{a, b})
	}
	return out, nil
}

// scoredToken is one entry of the vocab of a Unigram model: ["token", score].
type scoredToken struct {
	token string
	score float64
}

// UnmarshalJSON relies on data being valid JSON.
func (t *scoredToken) UnmarshalJSON(data []byte) error {
	inner, isList := bytes.CutPrefix(bytes.TrimSpace(data), []byte("["))
	inner = bytes.TrimSpace(bytes.TrimSuffix(inner, []byte("]")))
	comma := bytes.LastIndexByte(inner, ',')
	if !isList || comma < 0 || inner[0] != '"' {
		return errors.New("it is not pairs of a token and its score")
	}
	token := bytes.TrimSpace(inner[:comma])
	if last := len(token) - 1; last > 0 && token[last] == '"' && !bytes.ContainsAny(token[1:last], `\"`) {
		t.token = string(token[1:last])
	} else if err := json.Unmarshal(token, &t.token); err != nil {
		return errors.New("it is not pairs of a token and its score")
	}
	var err error
	t.score, err = parseScore(string(bytes.TrimSpace(inner[comma+1:])))
	return err
}

func (e *modelEntry) unigram(v *vocabulary) (map[string]int32, error) {
	var entries []scoredToken
	if err := json.Unmarshal(e.Vocab, &entries); err != nil {
		return nil, fmt.Errorf("model: the vocab is not understood: %w", err)
	}
	v.texts = make([]string, len(entries))
	scores := make([]float64, len(entries))
	for i, entry := range entries {
		v.texts[i], scores[i] = entry.token, entry.score
	}
	m := newUnigram(v.texts, scores)
	if e.UnkID != nil {
		if *e.UnkID < 0 || *e.UnkID >= len(entries) {
			return nil, fmt.Errorf("model: the unk_id %d is out of bounds", *e.UnkID)
		}
		m.unk = int32(*e.UnkID)
	}
	if m.fallback = e.ByteFallback; m.fallback {
		m.fallbacks = newFallbacks(func(s string) (int32, bool) { id, ok := m.vocab[s]; return id, ok })
	}
	v.model = m
	return m.vocab, nil
}
