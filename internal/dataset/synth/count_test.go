package synth

import (
	"encoding/json"
	"iter"
	"strings"
	"testing"
)

// pairs is a vocabulary whose tokens span two words where the same letter begins them: no sum of words is a proof.
type pairs struct{}

func (pairs) Name() string        { return "pairs" }
func (pairs) Decode([]int) string { return "" }
func (pairs) SpaceSplits() bool   { return false }
func (pairs) PrependsSpace() bool { return false }
func (pairs) Tokens() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for id := range 26 * 26 {
			if !yield(id, " "+string(rune('a'+id/26))+string(rune('a'+id%26))) {
				return
			}
		}
	}
}

func (pairs) Encode(text string) []int {
	words := strings.Fields(text)
	var ids []int
	for i, w := range words {
		if i == 0 || words[i-1][0] != w[0] {
			ids = append(ids, int(w[0]-'a')*26+int(w[1]-'a'))
		}
	}
	return ids
}

// TestCounted: where no proof holds, each text is encoded until it is exact.
func TestCounted(t *testing.T) {
	w, err := Certify(pairs{})
	if err != nil || w.Proven() || w.Len() != 26*26 {
		t.Fatalf("%v, %d words, proven %v", err, w.Len(), w.Proven())
	}
	for i := range 200 {
		r := NewRand(1, uint64(i))
		prefix, err := w.Append(nil, nil, r, i%7)
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.Append([]byte{'"'}, prefix, r, 1+i)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(append(b, '"'), &text); err != nil {
			t.Fatal(err)
		}
		if n := len(pairs{}.Encode(text)); n != i%7+1+i {
			t.Errorf("%d tokens, want %d + %d: %s", n, i%7, 1+i, text)
		}
	}
}
