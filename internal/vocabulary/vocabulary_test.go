package vocabulary

import (
	"os"
	"path/filepath"
	"testing"

	"perfpipe/internal/hub"
)

// A name without a slash is an embedded vocabulary, and an existing path is itself.
func TestFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"o200k_base", path, path + ":o200k_base"} {
		if got, err := Find(t.Context(), name, hub.Options{}); got != name || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	const local = "ORG/NAME"
	if got, err := Find(t.Context(), local, hub.Options{Source: hub.Local}); got != local || err != nil {
		t.Errorf("%s: %q, %v", local, got, err)
	}
}

func TestOpen(t *testing.T) {
	tok, err := Open(t.Context(), "o200k_base", hub.Options{})
	if err != nil || len(tok.Encode("hello world")) != 2 {
		t.Errorf("got %v, %v", tok, err)
	}
	if _, err := Open(t.Context(), "no-such-vocabulary", hub.Options{}); err == nil {
		t.Error("a vocabulary that does not exist was opened")
	}
}

func TestOpenTemplate(t *testing.T) {
	folder := t.TempDir()
	for given, want := range map[string]string{
		"":         "a chat template is needed, and no model is named",
		"ORG/NAME": "ORG/NAME: there is no chat template with it",
	} {
		if _, err := OpenTemplate(given, folder); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", given, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "chat_template.jinja"), []byte("{{ messages }}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := OpenTemplate("ORG/NAME", folder); got == nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
