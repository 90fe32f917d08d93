package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	json "github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
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
func (e *modelEntry) build(v *vocabulary) (*index, error) {
	if e.kind() == "Unigram" {
		return e.unigram(v)
	}
	merges := sync.OnceValues(func() ([][2]string, error) { return readMerges(e.Merges) })
	if e.kind() == "BPE" {
		go merges() // on another core: a user waits for the first line
	}
	ids, err := readVocab(e.Vocab)
	if err != nil {
		return nil, err
	}
	v.texts = byID(ids)
	unk := int32(-1)
	if e.UnkToken != nil {
		if id, ok := ids.get(*e.UnkToken); ok {
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

// byID returns the tokens in the order of their ids, with "" for each gap.
func byID(ids *index) []string {
	size := int32(0)
	for _, id := range ids.ids {
		size = max(size, id+1)
	}
	texts := make([]string, size)
	for i, id := range ids.ids {
		texts[id] = ids.texts[i]
	}
	return texts
}

func (e *modelEntry) bpe(ids *index, unk int32, merges func() ([][2]string, error)) (*bpe, error) {
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
		m.fallbacks = newFallbacks(ids.get)
	}
	pairs, err := merges()
	if err == nil {
		err = m.merge(pairs)
	}
	if err != nil {
		return nil, err
	}
	m.setMark()
	return m, nil
}

// merge sets the merges of m, by rank.
func (m *bpe) merge(pairs [][2]string) error {
	found := make([]slot, len(pairs))
	var running sync.WaitGroup
	workers := runtime.GOMAXPROCS(0) // a user waits for the first line
	for k := range workers {
		from, to := len(pairs)*k/workers, len(pairs)*(k+1)/workers
		running.Go(func() { m.lookUp(pairs[from:to], found[from:to]) })
	}
	running.Wait()
	m.merges = newTable(len(pairs))
	for rank, s := range found {
		switch {
		case s.a < 0 || s.b < 0:
			return fmt.Errorf("model: the merge %q has a part that is not in the vocab", pairs[rank])
		case s.id < 0:
			return fmt.Errorf("model: the merge %q makes a token that is not in the vocab", pairs[rank])
		}
		m.merges.set(s.a, s.b, int32(rank), s.id)
		m.left.add(s.a)
		m.right.add(s.b)
	}
	return nil
}

// lookUp sets the ids of both parts of each pair and of the token that they make, or -1.
func (m *bpe) lookUp(pairs [][2]string, out []slot) {
	id := func(i int) int32 {
		if i < 0 {
			return -1
		}
		return m.vocab.ids[i]
	}
	var both []byte
	next := 0 // files list merges and the tokens that they make in the same order
	for i, pair := range pairs {
		out[i] = slot{a: id(m.vocab.find(pair[0])), b: id(m.vocab.find(pair[1])), id: -1}
		if len(pair[1]) < len(m.prefix) {
			out[i].b = -1
			continue
		}
		both = append(append(both[:0], pair[0]...), pair[1][len(m.prefix):]...)
		if next >= len(m.vocab.texts) || m.vocab.texts[next] != string(both) {
			next = m.vocab.find(fastjson.View(both))
		}
		out[i].id = id(next)
		next++
	}
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

func (e *modelEntry) unigram(v *vocabulary) (*index, error) {
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
		m.fallbacks = newFallbacks(m.vocab.get)
	}
	v.model = m
	return m.vocab, nil
}
