package report

import (
	"fmt"
	"testing"

	"perfpipe/internal/gate"
	"perfpipe/internal/report/reporttest"
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

// TestKneeAtTheEnd checks that a knee at the greatest load of a sweep is only a bound: the server kept up with it.
func TestKneeAtTheEnd(t *testing.T) {
	for slots, want := range map[int]string{1000: "knee 80 or more", 4: "knee 20"} {
		var loads []reporttest.Load
		for _, rate := range []float64{5, 10, 20, 80} {
			loads = append(loads, reporttest.Load{Run: fmt.Sprint("rate=", rate), N: 400, Rate: rate, Slots: slots, Chunks: 4})
		}
		p := Page([]*Source{read(t, "k.jsonl", reporttest.Records(1, loads...))}, Options{})
		marks := find(t, p, "latency-load").Marks
		if len(marks) != 1 || marks[0].Label != want {
			t.Errorf("%d slots: %+v, want %s", slots, marks, want)
		}
	}
}
