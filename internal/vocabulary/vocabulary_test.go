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
