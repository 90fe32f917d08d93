package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Where SpaceSplits holds, words that are one token each cost one token each, whatever stands around them.
func TestSpaceSplits(t *testing.T) {
	unproven := []string{"albert", "byte_normalizer", "grouped", "letters", "lowered", "no_fallback", "scripts"}
	for _, name := range append(vectorNames(t), "o200k_base") {
		t.Run(name, func(t *testing.T) {
			var v *vocabulary
			if name == "o200k_base" {
				v = open(t, name).(*vocabulary)
			} else {
				v, _ = openVectors(t, name)
			}
			if v.SpaceSplits() == slices.Contains(unproven, name) {
				t.Fatalf("SpaceSplits is %v", v.SpaceSplits())
			}
			if !v.SpaceSplits() {
				return
			}
			words := certified(v)
			if len(words) < 100 {
				t.Fatalf("only %d words", len(words))
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range 100 {
				text := make([]string, 1+rng.IntN(60))
				for i := range text {
					text[i] = words[rng.IntN(len(words))]
				}
				joined := strings.Join(text, " ")
				if !v.PrependsSpace() {
					joined = " " + joined
				}
				if got := len(v.Encode(joined)); got != len(text) {
					t.Fatalf("%q costs %d tokens, not %d", joined, got, len(text))
				}
			}
		})
	}
}

// certified are the words that are one token, found as Lexicon's comment says.
func certified(v *vocabulary) (words []string) {
	for id, token := range v.Tokens() {
		if id > 20_000 { // enough of OpenAI's
			break
		}
		w := strings.TrimPrefix(token, " ")
		if w == "" || strings.ContainsFunc(w, isSpace) {
			continue
		}
		text := " " + w
		if v.PrependsSpace() {
			text = w
		}
		if slices.Equal(v.Encode(text), []int{id}) {
			words = append(words, w)
		}
	}
	return words
}

// Gemma's vocabulary has a token that reaches across a space, between two characters that few texts have there.
func TestTokenAcrossSpace(t *testing.T) {
	v, err := readTokenizer("test", []byte(`{"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},
		"pre_tokenizer":null,
		"decoder":{"type":"Replace","pattern":{"String":"▁"},"content":" "},
		"model":{"type":"BPE","vocab":{"▁":0,"a":1,">":2,"<":3,"▁a":4,">▁":5,">▁<":6,"▁<":7},
		"merges":["▁ a","> ▁",">▁ <","▁ <"]}}`), tokenizerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{" a a": {4, 4}, "> <": {6}, "> a": {2, 4}, "a <": {1, 7}, "a> < a": {1, 6, 4},
		"> ": {5}} {
		if got := v.Encode(text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q) = %v, want %v", text, got, want)
		}
	}
	for _, token := range v.Tokens() {
		if strings.HasSuffix(token, ">") {
			t.Errorf("%q is among the tokens", token)
		}
	}
	if !v.SpaceSplits() {
		t.Error("SpaceSplits does not hold for the rest")
	}
}
