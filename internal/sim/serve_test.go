package sim

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json"
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
	before := time.Now().UnixMicro()
	resp, err := http.Post(base.JoinPath("/v1/chat/completions").String(), "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := stop(); err != nil {
		t.Error(err)
	}
	lines, err := os.ReadFile(path)
	if err != nil || strings.Count(string(lines), "\n") != 1 {
		t.Errorf("the truth of one request: %q, %v", lines, err)
	}
	var got Truth
	if err := json.Unmarshal(lines, &got); err != nil || runtime.GOOS == "linux" &&
		(got.ArrivedUs < before || got.ArrivedUs > got.ReadUs) {
		t.Errorf("sent after %d, truth %+v, %v", before, got, err)
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
