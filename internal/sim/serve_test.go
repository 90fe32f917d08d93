package sim

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Stop completes the file of the truth.
func TestServe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	truth, err := CreateTruth(path)
	if err != nil {
		t.Fatal(err)
	}
	base, stop, err := Serve(Config{}, "127.0.0.1:0", truth)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.NewReader(`{"model":"m","max_tokens":2,"messages":[{"role":"user","content":"hi"}]}`)
	resp, err := http.Post(base.JoinPath("/v1/chat/completions").String(), "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if lines, err := os.ReadFile(path); err != nil || strings.Count(string(lines), "\n") != 1 {
		t.Errorf("the truth of one request: %q, %v", lines, err)
	}
	if _, err := http.Get(base.String()); err == nil {
		t.Error("the simulator still answers")
	}
}

func TestServeInUse(t *testing.T) {
	base, stop, err := Serve(Config{}, "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if _, _, err := Serve(Config{}, base.Host, nil); err == nil {
		t.Error("two simulators have one address")
	}
}
