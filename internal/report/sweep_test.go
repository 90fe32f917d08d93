package report

import (
	"testing"

	"perfpipe/internal/gate"
)

func TestSLOMarks(t *testing.T) {
	r := &report{}
	for _, text := range []string{"ttft_ms:p99<500", "ok>=0.9", "tpot_ms:p50>1"} {
		g, err := gate.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		r.slos = append(r.slos, g)
	}
	if m := r.limits("ttft_ms", true); len(m) != 1 || m[0].At != 500 || m[0].Label != "SLO p99 500 ms" {
		t.Errorf("marks %v", m)
	}
	if len(r.limits("latency_ms", true)) != 0 || len(r.limits("tpot_ms", true)) != 0 {
		t.Error("marks of other metrics")
	}
}
