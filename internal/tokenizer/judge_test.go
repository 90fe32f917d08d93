package tokenizer

import (
	"fmt"
	"slices"
	"testing"
)

// TestAgainstTiktoken holds the embedded encodings against the package tiktoken-go.
func TestAgainstTiktoken(t *testing.T) {
	texts := vectorTexts(t)
	for name, ranks := range map[string]string{"o200k_base": "o200k_base", "o200k_harmony": "o200k_base",
		"cl100k_base": "cl100k_base", "p50k_base": "p50k_base", "r50k_base": "r50k_base"} {
		t.Run(name, func(t *testing.T) {
			v, err := readEmbedded(name, ranks)
			if err != nil {
				t.Fatal(err)
			}
			judge, err := newTiktoken(name, v)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				want := judge.EncodeOrdinary(lossy(text))
				if got := v.Encode(text); !slices.Equal(got, want) {
					t.Errorf("%q:\n got %v\nwant %v", text, got, want)
				}
				if got, want := v.Decode(want), lossy(judge.Decode(want)); got != want {
					t.Errorf("decoded %q, want %q", got, want)
				}
			}
		})
	}
}

func TestPackaged(t *testing.T) {
	for _, c := range []struct {
		name, text    string
		want, special []int
	}{
		{"r50k_base", "hello world<|endoftext|>", []int{31373, 995, 27, 91, 437, 1659, 5239, 91, 29},
			[]int{31373, 995, 50256}},
		{"gpt2", "    x", []int{220, 220, 220, 2124}, []int{220, 220, 220, 2124}},
		{"p50k_base", "    x", []int{50258, 2124}, []int{50258, 2124}},
		{"text-davinci-003", "    x", []int{50258, 2124}, []int{50258, 2124}},
		{"p50k_edit", "<|fim_prefix|>", []int{27, 91, 69, 320, 62, 40290, 91, 29}, []int{50281}},
		{"gpt-oss-20b", "<|start|>", []int{27, 91, 5236, 91, 29}, []int{200006}},
	} {
		tok := open(t, c.name)
		if got := tok.Encode(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q: %v, want %v", c.name, c.text, got, c.want)
		}
		if got := tok.(Special).EncodeSpecial(c.text, true); !slices.Equal(got, c.special) {
			t.Errorf("%s: %q: with special tokens %v, want %v", c.name, c.text, got, c.special)
		}
		if got := tok.Decode(c.special); got != c.text {
			t.Errorf("%s: decoded %q, want %q", c.name, got, c.text)
		}
	}
}

// The names are those of the Python package tiktoken 0.14.0.
func TestEncoding(t *testing.T) {
	for encoding, names := range map[string][]string{
		"o200k_base": {"", "o1", "o1-preview", "o3", "o3-mini", "o4-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5-nano",
			"gpt-5.1", "gpt-4.5-preview", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "chatgpt-4o-latest",
			"ft:gpt-4o-mini:x"},
		"cl100k_base": {"gpt-4", "gpt-4-0314", "gpt-4-32k", "gpt-3.5-turbo", "gpt-3.5-turbo-16k", "gpt-3.5", "gpt-35-turbo",
			"gpt-35-turbo-16k", "davinci-002", "babbage-002", "text-embedding-ada-002", "text-embedding-3-small", "ft:gpt-4",
			"ft:gpt-3.5-turbo:x", "ft:davinci-002"},
		"p50k_base":     {"text-davinci-003", "code-davinci-002", "cushman-codex"},
		"p50k_edit":     {"text-davinci-edit-001"},
		"r50k_base":     {"davinci", "ada", "text-search-ada-doc-001", "gpt2", "gpt-2"},
		"o200k_harmony": {"gpt-oss-20b", "gpt-oss-120b"},
	} {
		for _, name := range names {
			if got := Encoding(name); got != encoding {
				t.Errorf("%s: %s, want %s", name, got, encoding)
			}
		}
		if _, ok := embedded[encoding]; !ok {
			t.Errorf("%s is not part of the program", encoding)
		}
	}
	for _, name := range []string{"gpt", "o5", "llama", "o1mini"} {
		if got := Encoding(name); got != name {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestOtherFormats(t *testing.T) {
	tekken := `{"config":{"pattern":"[a-z]+|[^a-z]","default_vocab_size":262,"default_num_special_tokens":4},"vocab":[`
	for b := range 256 {
		tekken += fmt.Sprintf(`{"rank":%d,"token_bytes":%q},`, b, base64Of(string([]byte{byte(b)})))
	}
	tekken += fmt.Sprintf(`{"rank":256,"token_bytes":%q},{"rank":257,"token_bytes":%q},{"rank":300,"token_bytes":%q}]`,
		base64Of("ab"), base64Of("abc"), base64Of("abcd"))
	for _, c := range []struct {
		files map[string]string
		name  string
		text  string
		want  []int
	}{
		{map[string]string{"tekken.json": tekken + "}"}, "", "abcd</s>", []int{1, 4 + 257, 4 + 'd', 2}},
		{map[string]string{"tekken.json": tekken + `,"special_tokens":[{"rank":3,"token_str":"[GO]"}]}`}, "tekken.json",
			"[GO]<s>", []int{3, 4 + '<', 4 + 's', 4 + '>'}},
		{map[string]string{"tokenizer.model": rankFile("ab")}, "tokenizer.model:llama3", "ab!", []int{256, '!'}},
		{map[string]string{"tokenizer.model": rankFile(threeLetters(metaRanks - 256)...)}, "", "<|eot_id|>!",
			[]int{128009, '!'}},
	} {
		tok := open(t, folder(t, c.files)+"/"+c.name)
		if got := tok.(Special).EncodeSpecial(c.text, true); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.text, got, c.want)
		}
	}
}

// threeLetters are n different tokens.
func threeLetters(n int) (all []string) {
	for i := range n {
		all = append(all, string([]byte{byte(0x80 + i>>12), byte(0x80 + i>>6&63), byte(0x80 + i&63)}))
	}
	return all
}
