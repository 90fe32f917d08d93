package stats_test

import (
	"fmt"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// A Collector computes one block of figures per load point.
func ExampleCollector() {
	c := stats.New(stats.Options{Percentiles: []float64{50}})
	for i := range int64(4) {
		due := 1_700_000_000_000_000 + i*500_000
		c.Add(&record.Record{
			Run: "rate=2", Mode: "open", Rate: 2, Seq: i, ScheduledUs: due, SentUs: due, OK: true,
			TTFTMs: 100 + float64(i), LatencyMs: 500,
		})
	}
	for _, b := range c.Summary().Blocks {
		ttft := b.Metrics.Get("ttft_ms")
		fmt.Printf("%s: %d of %d ok in %v s, mean TTFT %v ms\n", b.Run, b.OK, b.Requests, b.DurationS, ttft.Mean)
	}
	// Output: rate=2: 4 of 4 ok in 2 s, mean TTFT 101.5 ms
}
