package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// vectors are what the reference made of the texts with one vocabulary; scripts/tokenizer-vectors/vectors.py wrote
// them.
type vectors struct {
	Tokenizer     json.RawMessage     `json:"tokenizer"`
	IDs           [][]int             `json:"ids"`     // special tokens read as text
	Special       map[int][]int       `json:"special"` // by themselves, where that differs
	Wrapped       map[int][]int       `json:"wrapped"` // with the post-processor's, where that differs
	Decoded       []string            `json:"decoded"` // of wrapped
	Skipped       map[int]string      `json:"skipped"` // without special tokens, where that differs
	Random        [][]int             `json:"random"`
	RandomDecoded []string            `json:"random_decoded"`
	Failed        []int               `json:"failed"` // texts on which the reference fails
	Ranks         map[string]int      `json:"ranks"`
	Encodings     map[string]*vectors `json:"encodings"`
}

func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata/vectors", name+".json.zst"))
	if err != nil {
		t.Fatal(err)
	}
	zr, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zr.Close()
	data, err := zr.DecodeAll(packed, nil)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(name, err)
	}
}

// textList are the texts of vectors.
type textList struct {
	Texts  []string `json:"texts"`
	Broken []string `json:"broken"` // in base64
}

func (l *textList) all(t testing.TB) []string {
	for _, b := range l.Broken {
		raw, err := base64.StdEncoding.DecodeString(b)
		if err != nil {
			t.Fatal(err)
		}
		l.Texts = append(l.Texts, string(raw))
	}
	return l.Texts
}

// vectorTexts are the texts of all vectors; the broken ones come last.
func vectorTexts(t testing.TB) []string {
	var texts textList
	readVectors(t, "texts", &texts)
	return texts.all(t)
}

// vectorNames are those of the vocabularies that are a tokenizer.json.
func vectorNames(t testing.TB) []string {
	files, err := filepath.Glob("testdata/vectors/*.json.zst")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	var names []string
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json.zst")
		if !slices.Contains([]string{"texts", "ranks", "o200k_base", "cl100k_base"}, name) {
			names = append(names, name)
		}
	}
	return names
}

func openVectors(t testing.TB, name string) (*vocabulary, *vectors) {
	t.Helper()
	vec := &vectors{}
	readVectors(t, name, vec)
	v, err := readTokenizer(name, vec.Tokenizer, tokenizerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return v, vec
}

func TestVectors(t *testing.T) {
	texts := vectorTexts(t)
	for _, name := range vectorNames(t) {
		t.Run(name, func(t *testing.T) {
			v, vec := openVectors(t, name)
			check(t, v, vec, texts)
		})
	}
	for _, name := range []string{"o200k_base", "cl100k_base"} {
		t.Run(name, func(t *testing.T) {
			vec := &vectors{}
			readVectors(t, name, vec)
			check(t, open(t, name).(*vocabulary), vec, texts)
		})
	}
}

func TestRankVectors(t *testing.T) {
	texts := vectorTexts(t)
	vec := &vectors{}
	readVectors(t, "ranks", vec)
	tokens := make([]string, len(vec.Ranks))
	for token, id := range vec.Ranks {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		tokens[id] = string(raw)
	}
	for name, want := range vec.Encodings {
		t.Run(name, func(t *testing.T) {
			v, err := newRanks(name, tokens, encoding{pattern: encodings[name].pattern})
			if err != nil {
				t.Fatal(err)
			}
			check(t, v, want, texts)
		})
	}
}

// Goroutines that encode at the same time do not disturb each other, whatever they remember of words.
func TestConcurrentEncode(t *testing.T) {
	texts := vectorTexts(t)
	for _, name := range []string{"deepseek", "llama2", "xlm_roberta"} {
		v, vec := openVectors(t, name)
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < len(texts); i += 3 {
					if got := v.Encode(texts[i]); !slices.Equal(got, vec.IDs[i]) {
						t.Errorf("%s: Encode(%q) = %v, want %v", name, texts[i], got, vec.IDs[i])
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestOtherVocabularies is for vectors.py --try and --odd.
func TestOtherVocabularies(t *testing.T) {
	file := os.Getenv("TOKENIZER_OTHERS")
	if file == "" {
		t.Skip("run by scripts/tokenizer-vectors/vectors.py --try")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Texts  textList `json:"texts"`
		Others []struct {
			Path      string `json:"path"`
			MayRefuse bool   `json:"may_refuse"`
			vectors
		} `json:"others"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	texts := in.Texts.all(t)
	for _, other := range in.Others {
		t.Run(other.Path, func(t *testing.T) {
			v, err := Open(t.Context(), other.Path)
			switch {
			case err != nil && other.MayRefuse:
				t.Skip("refused: ", err)
			case err != nil:
				t.Fatal(err)
			}
			check(t, v.(*vocabulary), &other.vectors, texts)
		})
	}
}

// check demands that v agrees with the reference on every text.
func check(t *testing.T, v *vocabulary, vec *vectors, texts []string) {
	t.Helper()
	if len(vec.IDs) != len(texts) || len(texts) < 400 {
		t.Fatalf("%d vectors for %d texts", len(vec.IDs), len(texts))
	}
	wrong := 0
	differs := func(what string, in any, got, want any) {
		if wrong++; wrong <= 5 {
			t.Errorf("%s of %q:\n got %v\nwant %v", what, in, got, want)
		}
	}
	for i, text := range texts {
		if slices.Contains(vec.Failed, i) {
			continue
		}
		want := vec.IDs[i]
		if got := v.Encode(text); !slices.Equal(got, want) {
			differs("Encode", text, got, want)
		}
		if s, ok := vec.Special[i]; ok {
			want = s
		}
		if got := v.EncodeSpecial(text, false); !slices.Equal(got, want) {
			differs("EncodeSpecial", text, got, want)
		}
		if s, ok := vec.Wrapped[i]; ok {
			want = s
		}
		if got := v.EncodeSpecial(text, true); !slices.Equal(got, want) {
			differs("EncodeSpecial, wrapped,", text, got, want)
		}
		decoded := vec.Decoded[i]
		if got := v.Decode(want); got != decoded {
			differs("Decode", want, got, decoded)
		}
		if s, ok := vec.Skipped[i]; ok {
			decoded = s
		}
		if got := v.text(want, true); vec.Skipped != nil && got != decoded {
			differs("Decode without special tokens", want, got, decoded)
		}
	}
	for i, ids := range vec.Random {
		if got := v.Decode(ids); got != vec.RandomDecoded[i] {
			differs("Decode", ids, got, vec.RandomDecoded[i])
		}
	}
	if wrong > 0 {
		t.Errorf("%d differences", wrong)
	}
}
