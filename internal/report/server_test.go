package report

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"perfpipe/internal/chart"
	"perfpipe/internal/report/reporttest"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/stats"
)

func TestServerMetrics(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{Run: "rate=10", N: 50, Rate: 10, Slots: 4, Chunks: 8})
	half, watts := 0.5, 300.0
	var samples []servermetrics.Sample
	for i := range 6 {
		samples = append(samples, servermetrics.Sample{AtUs: records[0].SentUs + int64(i)*1e6, Source: "http://h/metrics",
			Metrics: map[string]float64{"running": float64(i), "kv_cache": 0.25, "completion_tokens": float64(i * 100)}})
		samples = append(samples, servermetrics.Sample{AtUs: records[0].SentUs + int64(i)*1e6, Source: "nvidia-smi",
			GPUs: []servermetrics.GPU{{Index: 1, Utilization: &half, MemoryUsedMiB: &watts, PowerW: &watts}}})
	}
	file := &servermetrics.File{Samples: samples}
	r := newReport([]*Source{sourceOf(t, reporttest.Lines(records))}, Options{Server: file})
	got := map[string]chart.Figure{}
	for _, f := range server(r) {
		got[f.Name] = f
	}
	for name, want := range map[string][]float64{
		"server-requests": {0, 1, 2, 3, 4, 5}, "server-cache": {25, 25, 25, 25, 25, 25},
		"server-tokens":   {100, 100, 100, 100, 100},
		"gpu-utilization": {50, 50, 50, 50, 50, 50}, "gpu-memory": {0.2929688, 0.2929688, 0.2929688, 0.2929688, 0.2929688,
			0.2929688}, "gpu-power": {300, 300, 300, 300, 300, 300},
	} {
		if f, ok := got[name]; !ok || !slices.Equal(rounded(f.Series[0].Y), want) {
			t.Errorf("%s is %v, want %v", name, f.Series, want)
		}
	}
}

func rounded(c chart.Column) (out []float64) {
	for _, v := range c {
		out = append(out, math.Round(v*1e7)/1e7)
	}
	return out
}

// sourceOf returns a source with records.
func sourceOf(t *testing.T, in []byte) *Source {
	t.Helper()
	s, err := Read(t.Context(), bytes.NewReader(in), "-", "stdin", stats.Options{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
