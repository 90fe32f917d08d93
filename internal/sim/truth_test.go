package sim

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTruthFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	f, err := CreateTruth(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(Truth{Seq: 3, Path: "/v1/completions", Status: 200})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := `{"seq":3,"path":"/v1/completions","stream":false,"prompt_tokens":0,"completion_tokens":0,"status":200,` +
		`"read_us":0,"queue_ms":0,"end_us":0}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := CreateTruth(t.TempDir()); err == nil {
		t.Error("a folder is not a file")
	}
}
