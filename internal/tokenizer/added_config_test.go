package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// byteFile is a tokenizer.json of all bytes with the added tokens. Its ids are 0 to 255 in the order of their
// characters.
func byteFile(added ...string) string {
	chars := byteChars()
	sorted := slices.Sorted(slices.Values(chars[:]))
	var vocab []string
	for id, c := range sorted {
		vocab = append(vocab, fmt.Sprintf("%q:%d", string(c), id))
	}
	for i := range added {
		added[i] = fmt.Sprintf(`{"id":%d,"content":%q,"lstrip":false,"rstrip":false,"single_word":false,`+
			`"normalized":false,"special":true}`, 256+i, added[i])
	}
	return `{"added_tokens":[` + strings.Join(added, ",") +
		`],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},` +
		`"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{` + strings.Join(vocab, ",") + `},"merges":[]}}`
}

// The tokens of tokenizer_config.json that tokenizer.json lacks have the ids of transformers 5.24.0.
func TestAddedByConfig(t *testing.T) {
	entry := func(id int, content, more string) string {
		return fmt.Sprintf(`"%d":{"content":%q%s}`, id, content, more)
	}
	for _, c := range []struct {
		name   string
		added  []string
		config string
		text   string
		want   []int // the ids above 255, and -1 for what lies between them
	}{
		{"a token that the file lacks", []string{"<a>"}, `{"added_tokens_decoder":{` + entry(256, "<a>", `,"special":true`) +
			"," + entry(257, "<b>", `,"special":true`) + "," + entry(258, "<c>", "") + `}}`,
			"<a><b><c>", []int{256, 257, 258}},
		{"options of the configuration", []string{"<x>"}, `{"added_tokens_decoder":{` +
			entry(256, "<x>", `,"special":true,"rstrip":true`) + `}}`, "a<x> b", []int{-1, 256, -1}},
		{"named tokens", nil, `{"bos_token":"<s>","eos_token":{"content":"</s>"},"pad_token":"<pad>","unk_token":null}`,
			"<pad>x<s>y</s>", []int{258, -1, 256, -1, 257}},
		{"extra tokens by name", []string{"<a>"}, `{"extra_special_tokens":{"video_token":"<vid>","image_token":"<img>"}}`,
			"<img><vid>", []int{258, 257}},
		{"additional tokens", []string{"<a>"}, `{"additional_special_tokens":["<vid>","<img>"]}`, "<img><vid>",
			[]int{258, 257}},
		{"ids with a gap", nil, `{"added_tokens_decoder":{` + entry(300, "<a>", "") + "," + entry(280, "<b>", "") + `}}`,
			"<a><b>", []int{257, 256}},
	} {
		tok := open(t, folder(t, map[string]string{"tokenizer.json": byteFile(c.added...),
			"tokenizer_config.json": c.config}))
		var got []int
		for _, id := range tok.(Special).EncodeSpecial(c.text, false) {
			if id < 256 {
				id = -1
			}
			if id >= 0 || len(got) == 0 || got[len(got)-1] >= 0 {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
