package chattemplate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// templateVectors are what the Python library made of the templates; scripts/tokenizer-vectors/templates.py wrote them.
type templateVectors struct {
	Chats   map[string]chatVector     `json:"chats"`
	Sources map[string]string         `json:"sources"` // of other templates
	Texts   map[string]map[string]any `json:"texts"`   // nil: refused; false: an error of Python's, not of the template
}

type chatVector struct {
	Messages            json.RawMessage            `json:"messages"`
	Tools               json.RawMessage            `json:"tools"`
	AddGenerationPrompt bool                       `json:"add_generation_prompt"`
	Arguments           map[string]json.RawMessage `json:"arguments"`
}

func (c chatVector) chat() Chat {
	args := map[string]json.RawMessage{}
	for name, raw := range c.Arguments {
		args[name] = raw
	}
	return Chat{Messages: c.Messages, Tools: c.Tools, AddGenerationPrompt: c.AddGenerationPrompt, Arguments: args,
		Now: time.Date(2026, 11, 4, 9, 5, 7, 0, time.UTC)}
}

var templateTokens = map[string]string{"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>",
	"unk_token": "<unk>"}

func readTemplates(t *testing.T, file string) (v templateVectors) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTemplates(t *testing.T) {
	v := readTemplates(t, "testdata/templates/expected.json")
	files, err := filepath.Glob("testdata/templates/*.jinja")
	if err != nil || len(files) < 9 || len(files) != len(v.Texts) {
		t.Fatalf("%d templates, %d expected: %v", len(files), len(v.Texts), err)
	}
	v.Sources = map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v.Sources[filepath.Base(file)] = string(source)
	}
	checkTemplates(t, v)
}

// TestOtherTemplates is for templates.py --try.
func TestOtherTemplates(t *testing.T) {
	file := os.Getenv("TEMPLATE_OTHERS")
	if file == "" {
		t.Skip("run by scripts/tokenizer-vectors/templates.py --try")
	}
	checkTemplates(t, readTemplates(t, file))
}

func checkTemplates(t *testing.T, v templateVectors) {
	for name, source := range v.Sources {
		t.Run(name, func(t *testing.T) {
			tmpl, err := New(name, source, templateTokens)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup // at the same time, as prompts are made
			for chat, want := range v.Texts[name] {
				wg.Go(func() {
					got, err := tmpl.Render(v.Chats[chat].chat())
					switch want := want.(type) {
					case nil:
						if err == nil {
							t.Errorf("%s: not refused, but rendered as\n%s", chat, got)
						}
					case string:
						if strings.Contains(want, "[{'type': 'image'}") { // a list within the text is of no use to anybody
							if err == nil {
								t.Errorf("%s: not refused, but rendered as\n%s", chat, got)
							}
							return
						}
						if err != nil || got != want {
							t.Errorf("%s: %v\n got %q\nwant %q", chat, err, got, want)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
