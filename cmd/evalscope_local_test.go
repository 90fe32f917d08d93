package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvalscopeLocal runs the examples that start a server, with the servers on PATH and the weights in the folder
// PERFPIPE_MODEL, which the fake hub serves. scripts/test-servers sets them.
func TestEvalscopeLocal(t *testing.T) {
	weights := os.Getenv("PERFPIPE_MODEL")
	if weights == "" {
		t.Skip("PERFPIPE_MODEL names no weights")
	}
	files := map[string]string{"open_qa.jsonl": questions}
	entries, err := os.ReadDir(weights)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(weights, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(body)
	}
	hub := standInHub(t, files)
	for name, more := range map[string]string{
		"01-local":      "--attn-implementation sdpa --port 18877", // flash_attention_2 needs a GPU
		"02-local-vllm": "--port 18878",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, errs, err := evalscope(t, dir, examples(t)[name], more+" --max-tokens 8 --no-timestamp",
				"HOME="+dir, "MODELSCOPE_ENDPOINT="+hub, "MODELSCOPE_CACHE="+dir)
			if err != nil {
				t.Fatalf("%v\n%s", err, errs)
			}
			if !strings.Contains(out, "Basic Information") {
				t.Errorf("printed %s", out)
			}
			checkPoint(t, filepath.Join(dir, "outputs", "Qwen2.5-0.5B-Instruct", "parallel_2_number_20"))
		})
	}
}
