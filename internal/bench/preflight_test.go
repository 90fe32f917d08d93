package bench

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/load"
)

// A test request that fails ends the run with its reason. One that a busy server refuses for a while is only reported.
func TestTestRequest(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"key":      {status(401), "test-key"},
		"path":     {status(404), "test-path"},
		"body":     {status(422), "test-body"},
		"other":    {status(418), "test"},
		"protocol": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "test-protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.answer)
			defer srv.Close()
			cfg, _ := config(t, line, load.Plan{})
			cfg.Test = true
			cfg.Client.URL = parseURL(t, srv.URL+"/v1/chat/completions")
			err := Run(t.Context(), t.Context(), *cfg)
			if _, reason := settingOf(err); reason != c.reason || !strings.HasPrefix(err.Error(), "test request: ") {
				t.Errorf("%q: %v", reason, err)
			}
		})
	}
}

func TestBusyServer(t *testing.T) {
	srv := httptest.NewServer(status(503))
	defer srv.Close()
	cfg, said := config(t, line, load.Plan{})
	cfg.Test = true
	cfg.Client.URL = parseURL(t, srv.URL+"/v1/chat/completions")
	err := Run(t.Context(), t.Context(), *cfg)
	if _, reason := settingOf(err); reason != "all-failed" {
		t.Errorf("%v", err)
	}
	if !slices.ContainsFunc(said.lines, func(s string) bool { return strings.HasPrefix(s, "test request: HTTP 503") }) {
		t.Errorf("said %s", said.text())
	}
}

// Without a server there is one message, and no record.
func TestNobody(t *testing.T) {
	cfg, _ := config(t, line, load.Plan{})
	cfg.Test = true
	cfg.Client.URL = parseURL(t, "http://127.0.0.1:1/v1/chat/completions")
	err := Run(t.Context(), t.Context(), *cfg)
	if _, reason := settingOf(err); reason != "test-connect" {
		t.Errorf("%v", err)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}
