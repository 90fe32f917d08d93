package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llmperf/internal/cli"
	"llmperf/internal/metrics"
)

func TestServerMetrics(t *testing.T) {
	records := synth(1, load{run: "rate=10", n: 50, rate: 10, slots: 4, chunks: 8})
	half, watts := 0.5, 300.0
	var samples bytes.Buffer
	enc := json.NewEncoder(&samples)
	for i := range 6 {
		// The very lines of perf-send: a change of their format fails here.
		enc.Encode(metrics.Sample{AtUs: records[0].SentUs + int64(i)*1e6, Source: "http://h/metrics", Metrics: map[string]float64{"running": float64(i), "kv_cache": 0.25, "completion_tokens": float64(i * 100)}})
		enc.Encode(metrics.Sample{AtUs: records[0].SentUs + int64(i)*1e6, Source: "nvidia-smi", GPUs: []metrics.GPU{{Index: 1, Utilization: &half, MemoryUsedMiB: &watts, PowerW: &watts}}})
	}
	path := filepath.Join(t.TempDir(), "m.jsonl")
	if err := os.WriteFile(path, samples.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	list := mustPlot(t, lines(records), "--metrics", path, "--figure", "list")
	for _, want := range []string{"server-requests", "server-cache", "server-tokens", "gpu-utilization", "gpu-memory", "gpu-power"} {
		if !strings.Contains(list, want+"\t") {
			t.Errorf("no figure %s", want)
		}
	}
	r := newReport(readLines(t, lines(records)), words("en"), nil)
	for s, want := range map[string][]float64{"server-cache": {25, 25, 25, 25, 25, 25}, "server-tokens": {100, 100, 100, 100, 100}, "gpu-utilization": {50, 50, 50, 50, 50, 50}} {
		var err error
		if r.metrics, err = readMetrics(t.Context(), &cli.Env{}, path); err != nil {
			t.Fatal(err)
		}
		for _, f := range server(r) {
			if f.Name == s && !slices.Equal([]float64(f.Series[0].Y), want) {
				t.Errorf("%s is %v, want %v", s, f.Series[0].Y, want)
			}
		}
	}
}
