package launch

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRealServer starts a real server: LAUNCH_API, from the environment LAUNCH_PYTHON, with the weights LAUNCH_MODEL
// (scripts/tiny-model makes some) and LAUNCH_ARGS. scripts/test-transformers sets them.
func TestRealServer(t *testing.T) {
	cfg := Config{API: os.Getenv("LAUNCH_API"), Python: os.Getenv("LAUNCH_PYTHON"), Model: os.Getenv("LAUNCH_MODEL"),
		Args: strings.Fields(os.Getenv("LAUNCH_ARGS")), Say: t.Logf}
	if cfg.API == "" {
		t.Skip("LAUNCH_API is not set")
	}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(s.Log())
	defer s.Close()
	body := `{"model":"` + s.Model() + `","prompt":"x","max_tokens":2}`
	resp, err := http.Post(s.URL()+"/v1/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a completion: %s", resp.Status)
	}
	if rss := s.Memory().PeakRSS; rss < 100<<20 {
		t.Errorf("%d bytes in use, by a server that imports torch", rss)
	}
	t.Logf("%+v", s.Memory())
	before := time.Now()
	s.Close()
	t.Logf("closed in %v", time.Since(before))
	if time.Since(before) > 10*time.Second || len(s.group.strays()) > 0 {
		t.Errorf("closed in %v, %d processes left", time.Since(before), len(s.group.strays()))
	}
}
