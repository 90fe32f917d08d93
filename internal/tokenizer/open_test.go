package tokenizer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/tokenizer/chattemplate"
)

// folder writes files of that content into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rankFile has a token for each byte and some more.
func rankFile(more ...string) string {
	var b strings.Builder
	for i := range 256 {
		fmt.Fprintf(&b, "%s %d\n", base64.StdEncoding.EncodeToString([]byte{byte(i)}), i)
	}
	for i, token := range more {
		fmt.Fprintf(&b, "%s %d\n", base64.StdEncoding.EncodeToString([]byte(token)), 256+i)
	}
	return b.String()
}

// gpt2Files are a vocab.json of all bytes and a few tokens, and its merges.txt.
func gpt2Files() (vocab, merges string) {
	chars := byteChars()
	var entries []string
	for i, c := range chars {
		entries = append(entries, fmt.Sprintf("%q:%d", string(c), i))
	}
	entries = append(entries, `"12":256`, `"Ġa":257`)
	return "{" + strings.Join(entries, ",") + "}", "#version: 0.2\n1 2\nĠ a\n"
}

func TestOpenFiles(t *testing.T) {
	vocab, merges := gpt2Files()
	ranks := rankFile("12", " a")
	wordLevel := `{"model":{"type":"WordLevel","vocab":{"12":256," a":257,"?":0},"unk_token":"?"},` +
		`"pre_tokenizer":{"type":"Split","pattern":{"Regex":" ?[^ ]+"},"behavior":"Isolated","invert":false}}`
	for _, c := range []struct {
		files map[string]string
		name  string // within the folder
		want  []int  // of "12 a<|im_end|>", special tokens standing for themselves
	}{
		{map[string]string{"tokenizer.json": wordLevel, "vocab.json": vocab, "merges.txt": merges}, "", []int{256, 0}},
		{map[string]string{"vocab.json": vocab, "merges.txt": merges}, "",
			[]int{256, 257, '<', '|', 'i', 'm', '_', 'e', 'n', 'd', '|', '>'}},
		{map[string]string{"vocab.json": vocab, "merges.txt": merges,
			"tokenizer_config.json": `{"tokenizer_class":"Qwen2Tokenizer",` +
				`"added_tokens_decoder":{"258":{"content":"<|im_end|>","special":true}}}`},
			"merges.txt", []int{'1', '2', 257, 258}},
		{map[string]string{"qwen.tiktoken": ranks}, "", []int{'1', '2', 257, 151645}},
		{map[string]string{"x.tiktoken": ranks}, "x.tiktoken:llama3",
			[]int{256, 257, '<', '|', 'i', 'm', '_', 'e', 'n', 'd', '|', '>'}},
		{map[string]string{"tiktoken.model": ranks,
			"tokenizer_config.json": `{"auto_map":{"AutoTokenizer":["tokenization_kimi.TikTokenTokenizer",null]},` +
				`"added_tokens_decoder":{"300":{"content":"<|im_end|>","special":true}}}`},
			"", []int{256, 257, 300}},
	} {
		dir := folder(t, c.files)
		tok := open(t, filepath.Join(dir, c.name))
		got := tok.(Special).EncodeSpecial("12 a<|im_end|>", false)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v %s: %v, want %v", slices.Sorted(maps.Keys(c.files)), c.name, got, c.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	_, merges := gpt2Files()
	model := `"model":{"type":"WordLevel","vocab":{"?":0},"unk_token":"?"}`
	for _, c := range []struct {
		files      map[string]string
		name       string
		fact, hint string
	}{
		{nil, "", "no tokenizer.json", ""},
		{nil, "nosuch", "no vocabulary", "o200k_base"},
		{map[string]string{"tokenizer.model": "x"}, "", "SentencePiece", "tokenizer.json"},
		{map[string]string{"spiece.model": "x"}, "", "SentencePiece", "tokenizer.json"},
		{map[string]string{"tokenizer.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"}, "",
			"a Git LFS pointer", "git lfs pull"},
		{map[string]string{"tokenizer.json": "\uFEFF[]"}, "", "not a tokenizer.json: json: cannot unmarshal array", ""},
		{map[string]string{"a.tiktoken": rankFile(), "b.tiktoken": rankFile()}, "", "more than one", "name one"},
		{map[string]string{"a.tiktoken": rankFile()}, "", "does not name the pattern", ":ENCODING"},
		{map[string]string{"a.tiktoken": rankFile()}, "a.tiktoken:klingon", `"klingon"`, "llama3"},
		{map[string]string{"a.tiktoken": "YQ== 1\nYQ== x"}, "a.tiktoken:qwen", `a.tiktoken:2: the rank "x"`, ""},
		{map[string]string{"a.tiktoken": "YQ== 1"}, "a.tiktoken:qwen", "the byte 0x00 is not a token", ""},
		{map[string]string{"vocab.json": "{}", "merges.txt": merges,
			"tokenizer_config.json": `{"tokenizer_class":"CLIPTokenizer"}`}, "", "CLIPTokenizer", "tokenizer.json"},
		{map[string]string{"vocab.json": "{}", "merges.txt": merges}, "", "not in the vocab", ""},
		{map[string]string{"tokenizer.json": "[]"}, "", "not a tokenizer.json", ""},
		{map[string]string{"tokenizer.json": "{}"}, "", "has no model", ""},
		{map[string]string{"tokenizer.json": `{"model":{"type":"Neural","vocab":{}}}`}, "", `the model "Neural" is not known`,
			""},
		{map[string]string{"tokenizer.json": `{"normalizer":{"type":"Klingon"},` + model + `}`}, "",
			`the normalizer "Klingon" is not known`, ""},
		{map[string]string{"tokenizer.json": `{"pre_tokenizer":{"type":"UnicodeBlocks"},` + model + `}`}, "",
			`the pre_tokenizer "UnicodeBlocks" is not known`, ""},
		{map[string]string{"tokenizer.json": `{"pre_tokenizer":{"type":"Split","behavior":"Isolated",` +
			`"pattern":{"Regex":"(?i:[\\p{Lu}])"}},` + model + `}`}, "",
			`the class before byte 11 under (?i) is not understood`, ""},
		{map[string]string{"tokenizer.json": `{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a)\\1"},` +
			`"behavior":"Isolated"},` + model + `}`}, "", `"\\1" at byte 3 is not understood`, ""},
		{map[string]string{"tokenizer.json": `{"decoder":{"type":"Klingon"},` + model + `}`}, "",
			`the decoder "Klingon" is not known`, ""},
		{map[string]string{"tokenizer.json": `{"post_processor":{"type":"Klingon"},` + model + `}`}, "",
			`the post-processor "Klingon" is not known`, ""},
		{map[string]string{"tokenizer.json": `{"model":{"type":"BPE","dropout":0.1,"vocab":{},"merges":[]}}`}, "", "dropout",
			""},
		{map[string]string{"tokenizer.json": `{"model":{"type":"BPE","vocab":{"a":0,"b":99999999999},"merges":[]}}`}, "",
			"the vocab", ""},
	} {
		dir := folder(t, c.files)
		_, err := Open(context.Background(), filepath.Join(dir, c.name))
		if err == nil || !strings.Contains(err.Error(), c.fact) || !strings.Contains(Hint(err), c.hint) {
			t.Errorf("%s: %v\nhint: %s\nwant %q and the hint %q", c.name, err, Hint(err), c.fact, c.hint)
		}
	}
}

func TestOpenTemplate(t *testing.T) {
	config := `{"bos_token":{"content":"<s>"},"eos_token":"</s>","pad_token":null,"chat_template":[{"name":"tool_use",` +
		`"template":"no"},{"name":"default","template":"{{ bos_token }}config{{ pad_token }}"}]}`
	for _, c := range []struct {
		files map[string]string
		name  string
		want  string
		tools string
	}{
		{map[string]string{"tokenizer_config.json": config}, "", "<s>config", ""},
		{map[string]string{"tokenizer_config.json": config, "chat_template.json": `{"chat_template":"{{ eos_token }}json"}`},
			"", "</s>json", ""},
		{map[string]string{"tokenizer_config.json": config, "chat_template.json": `{"chat_template":"json"}`,
			"chat_template.jinja": "{{ bos_token }}jinja\n"}, "", "<s>jinja", ""},
		{map[string]string{"tokenizer_config.json": config, "other.jinja": "{{ bos_token }}other"}, "other.jinja", "<s>other",
			""},
		{map[string]string{"tokenizer.json": "{}", "tokenizer_config.json": config}, "tokenizer.json", "<s>config", ""},
		{map[string]string{"tokenizer_config.json": config}, "", "no", `[{"type":"function"}]`},
		{map[string]string{"tokenizer_config.json": config}, "", "<s>config", "null"},
		{map[string]string{"tokenizer_config.json": config, "chat_template.jinja": "{{ bos_token }}jinja"}, "", "<s>jinja",
			"[{}]"},
		{map[string]string{"chat_template.jinja": "jinja", "additional_chat_templates/tool_use.jinja": "tools"}, "", "tools",
			"[{}]"},
		{map[string]string{"chat_template.jinja": "jinja", "additional_chat_templates/tool_use.jinja": "tools"}, "", "jinja",
			""},
		{map[string]string{"chat_template.jinja": "{{ image_token }}{{ bos_token }}{{ eos_token }}",
			"special_tokens_map.json": `{"bos_token":"old","eos_token":"</s>"}`,
			"tokenizer_config.json":   `{"bos_token":"<s>","extra_special_tokens":{"image_token":"<img>"}}`}, "", "<img><s></s>",
			""},
	} {
		tmpl, err := OpenTemplate(filepath.Join(folder(t, c.files), c.name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(chattemplate.Chat{Messages: []byte("[]"), Tools: []byte(c.tools)})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	if _, err := OpenTemplate(folder(t, nil)); !errors.Is(err, fs.ErrNotExist) || Hint(err) == "" {
		t.Errorf("no template: %v", err)
	}
	if _, err := chattemplate.New("x", "{% if %}", nil); err == nil {
		t.Error("a broken template was compiled")
	}
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
