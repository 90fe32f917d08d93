package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	json "github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
)

// The vocab and the merges of a tokenizer.json are nearly all of its text, and a user waits for the first line. They
// are read in one pass, without a copy of a token; the general decoder reads what that pass refuses.

// readVocab returns the ids of the vocab of a model, an object of tokens.
func readVocab(raw []byte) (*index, error) {
	ids := newIndex(bytes.Count(raw, []byte{':'}))
	s := fastjson.NewScanner(raw)
	s.Space()
	ok := s.Object(func(key []byte) bool {
		token, ok := unquote(key)
		id, number := s.Uint()
		if !ok || !number || id > maxID {
			return false
		}
		ids.set(token, int32(id))
		return true
	})
	if s.Space(); ok && s.Done() {
		return ids, nil
	}
	var all map[string]int32
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("model: the vocab is not understood: %w", err)
	}
	ids = newIndex(len(all))
	for _, token := range slices.Sorted(maps.Keys(all)) {
		if all[token] < 0 || all[token] > maxID {
			return nil, fmt.Errorf("model: the id %d of %q is out of bounds", all[token], token)
		}
		ids.set(token, all[token])
	}
	return ids, nil
}

// readMerges reads both forms: pairs, and strings with a space between the two.
func readMerges(raw []byte) ([][2]string, error) {
	if len(raw) == 0 {
		return nil, errors.New("model: a BPE needs merges")
	}
	for _, form := range []func(*fastjson.Scanner) ([2]string, bool){scanPair, scanLine} {
		if out, ok := scanMerges(raw, form); ok {
			return out, nil
		}
	}
	var pairs [][]string
	if json.Unmarshal(raw, &pairs) != nil {
		var lines []string
		if err := json.Unmarshal(raw, &lines); err != nil {
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

// scanMerges reads one form.
func scanMerges(raw []byte, merge func(s *fastjson.Scanner) ([2]string, bool)) (out [][2]string, ok bool) {
	out = make([][2]string, 0, bytes.Count(raw, []byte{','})/2+1)
	s := fastjson.NewScanner(raw)
	s.Space()
	ok = s.Array(func() bool {
		pair, ok := merge(&s)
		out = append(out, pair)
		return ok
	})
	s.Space()
	return out, ok && s.Done()
}

// scanPair reads ["a", "b"].
func scanPair(s *fastjson.Scanner) (pair [2]string, ok bool) {
	n := 0
	ok = s.Array(func() bool {
		part, _, ok := s.String()
		if !ok || n == len(pair) {
			return false
		}
		pair[n], ok = unquote(part)
		n++
		return ok
	})
	return pair, ok && n == len(pair)
}

// scanLine reads "a b".
func scanLine(s *fastjson.Scanner) (pair [2]string, ok bool) {
	quoted, _, ok := s.String()
	if !ok {
		return pair, false
	}
	line, ok := unquote(quoted)
	if !ok || strings.HasPrefix(line, version) {
		return pair, false
	}
	return parseMerge(line)
}

// version begins the first line of a merges.txt, which is not a merge.
const version = "#version"

// parseMerges parses the lines of a merges.txt.
func parseMerges(lines []string) ([][2]string, error) {
	out := make([][2]string, 0, len(lines))
	for i, line := range lines {
		if strings.HasPrefix(line, version) {
			continue
		}
		pair, ok := parseMerge(line)
		if !ok {
			return nil, fmt.Errorf("merge %d: %q is not two tokens with a space between", i+1, line)
		}
		out = append(out, pair)
	}
	return out, nil
}

func parseMerge(line string) (pair [2]string, ok bool) {
	a, b, ok := strings.Cut(line, " ")
	return [2]string{a, b}, ok && !strings.Contains(b, " ")
}

// unquote returns the string that stands between two quotes. Usually it is in the memory of raw.
func unquote(raw []byte) (text string, ok bool) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return fastjson.View(raw), true
	}
	err := json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &text)
	return text, err == nil
}
