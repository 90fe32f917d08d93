package tokenizer

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestIndex(t *testing.T) {
	x, want := newIndex(0), map[string]int32{}
	if _, ok := x.get(""); ok {
		t.Fatal("an empty index has a text")
	}
	for i := range int32(1000) {
		for _, text := range []string{strconv.Itoa(int(i)), strconv.Itoa(int(i / 3))} {
			x.set(text, i)
			want[text] = i
		}
	}
	if got := contents(x); !maps.Equal(got, want) || len(x.texts) != len(want) {
		t.Errorf("%d entries for %d texts, or other ids", len(x.texts), len(want))
	}
	if _, ok := x.get("1000"); ok || x.find("1000") >= 0 {
		t.Error("a text was found that was not set")
	}
}

// contents returns what x finds for each of its texts.
func contents(x *index) map[string]int32 {
	all := map[string]int32{}
	for _, text := range x.texts {
		all[text], _ = x.get(text)
	}
	return all
}

// FuzzReadVocab compares the one pass with encoding/json.
func FuzzReadVocab(f *testing.F) {
	for _, s := range []string{`{}`, ` {"a":0 , "b" :16777216} `, `{"\u0120a":1,"\"":2,"\\":3}`, `{"a":1,"a":2}`,
		`{"a":-1}`, `{"a":16777217}`, `{"a":1.0}`, `{"a":1}x`, `{"a":}`, `null`, `[]`, `{"é":3`, `{"a":01}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want map[string]int32
		if json.Unmarshal([]byte(s), &want) != nil || strings.ToValidUTF8(s, "") != s {
			return // go-json is the judge
		}
		for _, id := range want {
			if id < 0 || id > maxID {
				if _, err := readVocab([]byte(s)); err == nil {
					t.Fatalf("%s: the id %d is accepted", s, id)
				}
				return
			}
		}
		got, err := readVocab([]byte(s))
		if err != nil || !maps.Equal(contents(got), want) {
			t.Fatalf("%s is %v, %v", s, got, err)
		}
	})
}

func TestReadMerges(t *testing.T) {
	want := [][2]string{{"a", "b"}, {"ab", `"`}}
	for _, s := range []string{`[["a","b"],["ab","\""]]`, ` [ [ "a" , "b" ] , ["ab","\u0022"] ] `, `["a b","ab \""]`,
		`["#version: 0.2","a b","ab \""]`} {
		if got, err := readMerges([]byte(s)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %q, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		``:                  "a BPE needs merges",
		`[["a","b","c"]]`:   `the merge ["a" "b" "c"] is not a pair`,
		`[["a"]]`:           `the merge ["a"] is not a pair`,
		`["ab"]`:            `merge 1: "ab" is not two tokens with a space between`,
		`["a b c"]`:         `merge 1: "a b c" is not two tokens with a space between`,
		`[["a","b"],"c d"]`: "the merges are not understood",
		`{"a":"b"}`:         "the merges are not understood",
	} {
		if _, err := readMerges([]byte(s)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", s, err, want)
		}
	}
}

func TestIDSet(t *testing.T) {
	var s idSet
	s.add(3)
	s.add(64)
	for id, want := range map[int32]bool{0: false, 3: true, 63: false, 64: true, 65: false, 1 << 20: false} {
		if s.has(id) != want {
			t.Errorf("%d is in the set: %v", id, !want)
		}
	}
}
