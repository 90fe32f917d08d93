package report

import (
	"testing"

	"perfpipe/internal/report/reporttest"
)

func TestSampleDependsOnRecordsAlone(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{N: 30_000, Rate: 1000, Slots: 400, Chunks: 2, Failures: 0.05})
	slowest := 0.0
	var a, b, c sample
	for i := range records {
		slowest = max(slowest, records[i].LatencyMs)
		a.add(&records[i])
		if j := len(records) - 1 - i; j%2 == 0 {
			b.add(&records[j])
		} else {
			c.add(&records[j])
		}
	}
	b.merge(&c)
	x, y := a.requests(), b.requests()
	if len(x) != len(y) || len(x) >= len(records) || len(x) < mostRandom {
		t.Fatalf("%d and %d requests", len(x), len(y))
	}
	found := false
	for i := range x {
		if x[i].seq != y[i].seq {
			t.Fatalf("request %d is %d and %d", i, x[i].seq, y[i].seq)
		}
		found = found || x[i].latency == slowest
	}
	if !found {
		t.Error("the slowest request was lost")
	}
}
