package servermetrics

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
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
		{"http://[::1]:1", []string{"http://other.test/metrics", "http://other.test/metrics"}, "",
			[]string{"http://other.test/metrics"}, true},
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

// A Sample in between is there when Sample returns, and belongs to no interval.
func TestSamplerSamplesBetweenIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().UnixMicro()
		var mu sync.Mutex
		at := map[string][]int64{}
		s, begun := Start(t.Context(), Config{
			URLs: []string{"http://a/metrics", "http://b/metrics"}, Client: answer(http.StatusOK, "x 1\n"),
			Write: func(s Sample) error {
				mu.Lock()
				defer mu.Unlock()
				at[s.Source] = append(at[s.Source], (s.AtUs-start)/1000)
				return nil
			},
		}, time.Second)
		if !begun {
			t.Error("no first samples")
		}
		time.Sleep(1500 * time.Millisecond)
		s.Sample(t.Context(), time.Second)
		mu.Lock()
		if want := []int64{0, 1000, 1500}; !slices.Equal(at["http://a/metrics"], want) ||
			!slices.Equal(at["http://b/metrics"], want) {
			t.Errorf("samples at %v ms", at)
		}
		mu.Unlock()
		time.Sleep(time.Second)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if want := []int64{0, 1000, 1500, 2000, 2500}; !slices.Equal(at["http://a/metrics"], want) {
			t.Errorf("samples at %v ms", at)
		}
	})
}

// trtllm-serve has JSON at /metrics, and counts its energy.
func TestSetServerTRTLLM(t *testing.T) {
	pages := map[string]string{
		"/metrics": `[{"iter": 1}]`, "/prometheus/metrics": "trtllm_num_requests_running 1\n",
		"/energy_metrics": `{"total_energy_j": 1.5}`,
	}
	cfg := Config{Client: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return answer(http.StatusOK, pages[r.URL.Path]).Transport.RoundTrip(r)
	})}}
	err := cfg.SetServer(t.Context(), &url.URL{Scheme: "http", Host: "h:1"}, time.Second)
	if want := []string{"http://h:1/prometheus/metrics", "http://h:1/energy_metrics"}; err != nil ||
		!slices.Equal(cfg.URLs, want) {
		t.Errorf("%q, %v", cfg.URLs, err)
	}
	clear(pages)
	cfg.URLs = nil
	err = cfg.SetServer(t.Context(), &url.URL{Scheme: "http", Host: "h:1"}, time.Second)
	if want := "http://h:1/metrics: it has no metrics"; err == nil || err.Error() != want || cfg.URLs != nil {
		t.Errorf("%q, %v", cfg.URLs, err)
	}
}

// Pages whose URLs differ in a secret alone have logs of their own.
func TestSourcesDiffer(t *testing.T) {
	var lines bytes.Buffer
	s, _ := Start(t.Context(), Config{
		URLs: []string{"http://h/metrics?token=a", "http://h/metrics?token=b"}, Client: answer(http.StatusOK, "x 1\n"),
		Write: func(s Sample) error { return json.NewEncoder(&lines).Encode(s) },
	}, time.Second)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	f, err := Read(&lines, "m.jsonl")
	if err != nil || len(f.Pages) != 2 || len(f.Series()) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}
