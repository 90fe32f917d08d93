package stats

import (
	"testing"

	"perfpipe/internal/record"
)

// TestIntervals checks the confidence intervals of eleven uncorrelated values.
func TestIntervals(t *testing.T) {
	values := []float64{3, 8, 0, 6, 2, 10, 5, 1, 9, 4, 7}
	s := summaryOf(Options{Intervals: true, Percentiles: []float64{50, 99}}, map[string][]*record.Record{
		"a": sent(11, 0, 10, 5, func(i int, r *record.Record) { r.TTFTMs = values[i] + 1 }),
	})
	// The mean is 6 and its standard error 1. The t quantile for 10 degrees of freedom is 2.228, so the interval on the
	// log scale is 6·exp(±2.228/6). The median is between ranks 2 and 10: for 11 fair tosses P(X < 2) is 0.0059 and
	// P(X ≤ 2) is 0.0327. p99 needs 367 values.
	want := `{"n":11,"failed":0,"mean":6,"mean_ci":[4.138788,8.698199],"sd":3.162278,"min":1,` +
		`"p50":6,"p50_ci":[2.712727,9.287273],"p99":11,"p99_ci":[null,null],"max":11}`
	if got := mustJSON(t, s.Blocks[0].Metrics.Get("ttft_ms").Stat); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	const note = "too short to know the interval of the p99 of TTFT, latency and response time: " +
		"about 370 requests would do"
	if !hasNote(&s.Blocks[0], note) {
		t.Errorf("notes %q", s.Blocks[0].Notes)
	}
}
