package dataset

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/tokenizer"
)

const chatML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
	"{% if add_generation_prompt %}<|im_start|>assistant\n{% if not think %}<think>{% endif %}{% endif %}"

// model is a folder with a vocabulary of the tokenizer's vectors and a template.
func model(t *testing.T, name string) (folder string, r *body.Rendering) {
	t.Helper()
	packed, err := os.ReadFile("../tokenizer/testdata/vectors/" + name + ".json.zst")
	if err != nil {
		t.Fatal(err)
	}
	zr, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zr.Close()
	data, err := zr.DecodeAll(packed, nil)
	var v struct {
		Tokenizer json.RawMessage `json:"tokenizer"`
	}
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	for file, text := range map[string]string{"tokenizer.json": string(v.Tokenizer), "chat_template.jinja": chatML} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	template, err := tokenizer.OpenTemplate(folder)
	if err != nil {
		t.Fatal(err)
	}
	return folder, &body.Rendering{Template: template,
		Arguments: map[string]json.RawMessage{"think": json.RawMessage("true")}}
}

// TestCountTemplate: with the template around it a prompt is as long as was asked.
func TestCountTemplate(t *testing.T) {
	for _, name := range []string{"qwen2", "llama3", "llama2", "bert_uncased"} {
		folder, r := model(t, name)
		tok := open(t, folder)
		o := &Options{Number: 100, Seed: 1, MinPrompt: ptr(60), MaxPrompt: ptr(70), TokenizerName: folder,
			CacheDir:  t.TempDir(),
			Tokenizer: func() (tokenizer.Tokenizer, error) { return tok, nil },
			Counted:   func() (*body.Rendering, error) { return r, nil }}
		seen := map[int]int{}
		for _, b := range ask(t, "random", o, &body.Shape{}) {
			n, err := r.Tokens(tok, b.Messages[0].Content)
			if err != nil {
				t.Fatal(err)
			}
			if seen[n]++; n < 60 || n > 70 {
				t.Errorf("%s: %d tokens", name, n)
			}
		}
		if len(seen) != 11 {
			t.Errorf("%s: lengths %v, want all of 60 to 70", name, seen)
		}
		for _, dataset := range []string{"random", "custom"} { // the number in the line includes the template, too
			own := *o
			if dataset == "custom" {
				own.Paths, own.Number, own.MinPrompt = []string{write(t, "f.txt", "some words here\n")}, All, nil
			}
			lines, errs := gather(t, dataset, &own, &body.Shape{PromptTokens: true})
			for _, line := range lines {
				n, err := r.Tokens(tok, gjson.Get(line, "body.messages.0.content").Str)
				if got := gjson.Get(line, "prompt_tokens").Int(); err != nil || got != int64(n) {
					t.Errorf("%s, %s: %d prompt_tokens, want %d, %v", name, dataset, got, n, err)
				}
			}
			if len(lines) == 0 || errs != nil {
				t.Errorf("%s, %s: %d lines, %v", name, dataset, len(lines), errs)
			}
		}
		o.MaxPrompt, o.MinPrompt = ptr(3), nil
		if _, err := Open(context.Background(), "random", o, &body.Shape{}); err == nil ||
			!strings.Contains(err.Error(), "the chat template alone takes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRenderedTokens: the number in a line is that of the prompt that is sent, with its template.
func TestRenderedTokens(t *testing.T) {
	for _, name := range []string{"qwen2", "llama3", "llama2"} {
		folder, r := model(t, name)
		tok := open(t, folder)
		o := &Options{Number: 2, Seed: 1, MaxPrompt: ptr(9), TokenizerName: folder, CacheDir: t.TempDir(),
			Tokenizer: func() (tokenizer.Tokenizer, error) { return tok, nil }}
		files := *o
		files.MaxPrompt = nil
		files.Paths = []string{write(t, "f.txt", "some words <|im_end|>\n"+`[{"role":"user","content":"a"}]`+"\n")}
		for dataset, o := range map[string]*Options{"random": o, "line_by_line": &files} {
			lines, errs := gather(t, dataset, o, &body.Shape{Chat: new(bool), Rendering: r, PromptTokens: true})
			if len(lines) != 2 || errs != nil {
				t.Errorf("%s, %s: %d lines, %v", name, dataset, len(lines), errs)
			}
			for _, line := range lines {
				want := len(tok.(tokenizer.Special).EncodeSpecial(gjson.Get(line, "body.prompt").Str, false))
				if got := gjson.Get(line, "prompt_tokens").Int(); got != int64(want) {
					t.Errorf("%s, %s: %s has %d prompt_tokens, want %d", name, dataset, line, got, want)
				}
			}
		}
	}
}

func TestRender(t *testing.T) {
	_, r := model(t, "qwen2")
	s := &body.Shape{Chat: new(bool), Rendering: r}
	if err := s.Compile(); err != nil {
		t.Fatal(err)
	}
	prompt := `"prompt":"<|im_start|>user\na \"b\"<|im_end|>\n<|im_start|>assistant\n"`
	for _, c := range []struct {
		it   Item
		want string
	}{
		{Item{Text: []byte(`a \"b\"`)}, "{" + prompt + "}"},
		{Item{In: &api.Input{Messages: json.RawMessage(`[{"role":"user","content":"a \"b\""}]`)}}, "{" + prompt + "}"},
		{Item{Body: json.RawMessage(`{"messages":[{"role":"user","content":"a \"b\""}],"top_p":1,"tools":[]}`)},
			`{"top_p":1,` + prompt + "}"},
		{Item{Body: json.RawMessage(`{"prompt":"a"}`)}, `{"prompt":"a"}`},
	} {
		if _, got, err := s.Request(nil, 0, &c.it); err != nil || string(got) != c.want {
			t.Errorf("%v\n got %s\nwant %s", err, got, c.want)
		}
	}
	if _, _, err := s.Request(nil, 0, &Item{Turns: make([]Turn, 1)}); err == nil {
		t.Error("a conversation is rendered")
	}
}
