package servermetrics

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestSetServer(t *testing.T) {
	const page = "sglang:num_running_reqs 1\n"
	for _, c := range []struct {
		server string
		given  []string
		body   string
		want   []string
		gpus   bool
	}{
		{"http://localhost:8000/v1", nil, page, []string{"http://localhost:8000/metrics"}, true},
		{"https://user:key@api.test/v1", nil, page, []string{"https://api.test/metrics"}, false},
		{"http://127.0.0.2:1", nil, "", nil, true},
		{"http://[::1]:1", []string{"http://other.test/metrics"}, "", []string{"http://other.test/metrics"}, true},
	} {
		server, err := url.Parse(c.server)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{URLs: c.given, Client: answer(http.StatusOK, c.body)}
		err = cfg.SetServer(t.Context(), server, time.Second)
		if !slices.Equal(cfg.URLs, c.want) || cfg.GPUs != c.gpus || (err == nil) != (c.want != nil) {
			t.Errorf("%s: pages %q, GPUs %v, %v", c.server, cfg.URLs, cfg.GPUs, err)
		}
	}
}
