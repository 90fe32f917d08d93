package stats

import (
	"testing"

	"perfpipe/internal/record"
)

// TestSentTwice checks that the verdict reports resent requests, and is strained if their first attempts took time.
func TestSentTwice(t *testing.T) {
	for _, c := range []struct {
		twice         int
		resent        float64
		level, reason string
	}{
		{0, 0, Clean, ""},
		{1, 0.2, Clean, "sent twice: 1 of 100 requests; up to 0.2 ms of their times is the first attempt's"},
		{3, 40, Strained, "sent twice: 3 of 100 requests; up to 40 ms of their times is the first attempt's"},
	} {
		var a, b Client
		for i := range 100 {
			r := &record.Record{OK: true, LatencyMs: 100, ClientCPU: 0.1}
			if i < c.twice {
				r.Attempts, r.ResentMs = 2, c.resent
			}
			if i%2 == 0 {
				a.Add(r)
			} else {
				b.Add(r)
			}
		}
		a.Merge(&b)
		if v := a.Verdict(); v.Level != c.level || v.Reason != c.reason {
			t.Errorf("%d: %+v", c.twice, v)
		}
	}
}
