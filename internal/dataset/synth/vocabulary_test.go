package synth

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/tokenizer"
	"perfpipe/internal/tokenizer/chattemplate"
)

var prompts = flag.Int("prompts", 60, "texts made with each vocabulary")

// vocabularies are those that the tokenizer's vectors hold: one of each kind of model.
func vocabularies(t *testing.T) map[string]tokenizer.Tokenizer {
	t.Helper()
	all := map[string]tokenizer.Tokenizer{}
	files, err := filepath.Glob("../../tokenizer/testdata/vectors/*.json.zst")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		packed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		zr, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := zr.DecodeAll(packed, nil)
		zr.Close()
		var v struct {
			Tokenizer json.RawMessage `json:"tokenizer"`
		}
		if err == nil {
			err = json.Unmarshal(data, &v)
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json.zst")
		if len(v.Tokenizer) == 0 || string(v.Tokenizer) == "null" {
			continue
		}
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := os.WriteFile(path, v.Tokenizer, 0o644); err != nil {
			t.Fatal(err)
		}
		tok, err := tokenizer.Open(context.Background(), path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = tok
	}
	return all
}

// TestVocabularies: with every vocabulary each text is as long as was asked, and costs one constant more within a chat
// template.
func TestVocabularies(t *testing.T) {
	wraps := templates(t)
	for name, tok := range vocabularies(t) {
		t.Run(name, func(t *testing.T) {
			w, err := Certify(tok)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d words, %d heads, proven: %v", w.Len(), w.heads, w.Proven())
			if w.Proven() {
				packed, err := w.Marshal(zstd.SpeedBestCompression)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := unmarshal(packed); err != nil || again.Len() != w.Len() {
					t.Fatalf("not the same after it was kept: %v", err)
				}
			}
			overhead := map[string]map[int]int{}
			for i := range *prompts {
				checkText(t, w, tok, i, wraps, overhead)
			}
			for wrap, costs := range overhead {
				if len(costs) != 1 {
					t.Errorf("within %q a text costs one of these more: %v", wrap, costs)
				}
			}
		})
	}
}

func checkText(t *testing.T, w *Words, tok tokenizer.Tokenizer, i int, wraps map[string]func(string) (string, error),
	overhead map[string]map[int]int) {
	t.Helper()
	r := NewRand(11, uint64(i))
	prefix, n := []int{0, 1, 7}[i%3], 1+r.Below(200)
	var b []byte
	first, err := w.Append(nil, nil, r, prefix)
	if err == nil {
		b, err = w.Append([]byte{'"'}, first, r, n)
	}
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(append(b, '"'), &text); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if got := len(tok.Encode(text)); got != prefix+n {
		t.Errorf("%d tokens, asked %d + %d: %s", got, prefix, n, text)
	}
	if !w.Proven() {
		return
	}
	for wrap, around := range wraps {
		rendered, err := around(text)
		if err != nil {
			t.Fatal(err)
		}
		more := len(tok.(tokenizer.Special).EncodeSpecial(rendered, false)) - prefix - n
		if overhead[wrap] == nil {
			overhead[wrap] = map[int]int{}
		}
		overhead[wrap][more]++
	}
}

// templates are the chat templates of the tokenizer's vectors, and ways to wrap a text that are none.
func templates(t *testing.T) map[string]func(text string) (string, error) {
	t.Helper()
	all := map[string]func(string) (string, error){}
	for _, wrap := range []string{"user\n%s\n", "user\n\n%s\n\nassistant:", "### Instruction: %s", "[INST] %s [/INST]"} {
		all[wrap] = func(text string) (string, error) { return strings.Replace(wrap, "%s", text, 1), nil }
	}
	files, err := filepath.Glob("../../tokenizer/chattemplate/testdata/templates/*.jinja")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		template, err := chattemplate.New(file, string(source), map[string]string{"bos_token": "<s>", "eos_token": "</s>"})
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = func(text string) (string, error) {
			messages, err := json.Marshal([]map[string]string{{"role": "user", "content": text}})
			if err != nil {
				return "", err
			}
			return template.Render(chattemplate.Chat{Messages: messages, AddGenerationPrompt: true, Now: time.Unix(0, 0)})
		}
	}
	return all
}

func TestCached(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "words")
	made := 0
	for _, key := range []string{"a", "a", "b", ""} {
		w, err := Cached(dir, key, func() (*Words, error) {
			made++
			return O200k()
		})
		if want, _ := O200k(); err != nil || w.Len() != want.Len() {
			t.Fatal(err)
		}
	}
	if made != 3 {
		t.Errorf("made %d times, want 3", made)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files { // a damaged table is made again
		if err := os.WriteFile(f, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Cached(dir, "a", func() (*Words, error) { made++; return O200k() }); err != nil || made != 4 ||
		len(files) != 2 {
		t.Errorf("made %d times, %d files, %v", made, len(files), err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	w, err := build("v", []word{{" a", true}, {" b", true}, {" .", false}})
	if err != nil {
		f.Fatal(err)
	}
	packed, err := w.Marshal(zstd.SpeedBestCompression)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		if w, err := unmarshal(packed); err == nil {
			w.Append(nil, nil, NewRand(1), 200)
		}
	})
}
