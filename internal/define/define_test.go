package define

import (
	"fmt"
	"strings"
	"testing"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

const epoch = 1_000_000_000_000_000 // µs

// threeRecords returns records whose figures can be computed by hand:
//
//	a: due 0 s, sent 0.1 s, chunks at 100, 120, 150 ms (tokens 1, 1, 3), end 160 ms: n 5
//	b: due 1 s, sent 1.0 s, reasoning at 200, content at 260, chunks at 200, 260 (1, 1), end 300 ms: n 2
//	c: due 2 s, sent 2.0 s, failed after 50 ms
func threeRecords() []*record.Record {
	at := func(s float64) int64 { return epoch + int64(s*1e6) }
	return []*record.Record{
		{Run: "r", ScheduledUs: at(0), SentUs: at(0.1), LagMs: 100, OK: true, TTFTMs: 100, ContentTTFTMs: 100,
			GapUs: []int64{20_000, 30_000}, ChunkTokens: []int{1, 1, 3}, LatencyMs: 160, CompletionTokens: 5},
		{Run: "r", ScheduledUs: at(1), SentUs: at(1), OK: true, TTFTMs: 200, ReasoningTTFTMs: 200, ContentTTFTMs: 260,
			GapUs: []int64{60_000}, ChunkTokens: []int{1, 1}, LatencyMs: 300, CompletionTokens: 2},
		{Run: "r", ScheduledUs: at(2), SentUs: at(2), LatencyMs: 50, Error: &record.Error{Kind: record.KindHTTP}},
	}
}

func TestDefinitionsByHand(t *testing.T) {
	// The p90 of the values 1 and 2 is 1.9 by linear interpolation and 2 by nearest rank; that of 1, 2 and 3 is 2.8 and 3.
	want := map[string]string{
		// Ours: TPOT a (150−100)/4 = 12.5, b 60/1; gaps shared over tokens: 20, 10, 10, 10, 60. From due 0 to 2.05 s: 2 ok,
		// 7 tokens.
		"perf-stats": "TTFT 150 200; TPOT 36.25 60; ITL 22 60; latency 230 300; 2.05 s 0.97561 3.414634",
		// TPOT to the end: a (160−100)/4 = 15, b 100/1; gaps 20, 30, 60. From sent 0.1 to 2.05 s.
		"evalscope": "TTFT 150 200; TPOT 57.5 100; ITL 36.666667 60; Latency 230 300; 1.95 s 1.025641 3.589744",
		// TPOT to the last chunk: 12.5 and 60, p90 12.5 + 0.9×47.5; gaps p90 30 + 0.8×30; E2EL 150 and 260.
		"vllm": "TTFT 150 190; TPOT 36.25 55.25; ITL 36.666667 54; E2EL 205 249; 2.05 s 0.97561 3.414634",
		// TPOT 15 and 100: p90 91.5; latency 160 and 300: p90 286.
		"sglang": "TTFT 150 190; TPOT 57.5 91.5; ITL 36.666667 54; E2E Latency 230 286; 2.05 s 0.97561 3.414634",
		"aiperf": "Time to First Token 150 190; Inter Token Latency 36.25 55.25; Inter Chunk Latency 36.666667 54; " +
			"Request Latency 205 249; 2.05 s 0.97561 3.414634",
		// TPOT: 150/5 = 30 and 260/2 = 130.
		"guidellm": "TTFT 150 200; TPOT 80 130; ITL 36.25 60; Request latency 230 300; 2.05 s 0.97561 3.414634",
		// TTFT of content: 100 and 260, p90 244; ITL 20, 30, 0, 0, 60: mean 22, p90 30 + 0.6×30; NTPOT 160/5 = 32, 300/2 =
		// 150: p90 138.2.
		"inference-perf": "TTFT 180 244; TPOT 36.25 55.25; ITL 22 48; NTPOT 91 138.2; Request latency 230 286; 2.05 s 0.97561 3.414634",
		// ITL is latency/n: 32 and 150.
		"llmperf": "ttft_s 180 244; inter_token_latency_s 91 138.2; end_to_end_latency_s 230 286; 2.05 s 0.97561 3.414634",
	}
	defs, err := Parse("all")
	if err != nil {
		t.Fatal(err)
	}
	d, rest := New(defs, stats.Options{Percentiles: []float64{90}}), New(defs, stats.Options{Percentiles: []float64{90}})
	for i, r := range threeRecords() {
		if i == 0 {
			rest.Add(r)
		} else {
			d.Add(r)
		}
	}
	d.Merge(rest)
	blocks := d.Blocks()
	if len(blocks) != len(want) {
		t.Errorf("%d tools, want %d", len(blocks), len(want))
	}
	for _, b := range blocks {
		var got strings.Builder
		for _, f := range b.Figures {
			fmt.Fprintf(&got, "%s %v %v; ", f.Name, f.Mean.Round(), f.Percentiles[0].Value.Round())
		}
		fmt.Fprintf(&got, "%v s %v %v", b.Duration.Round(), b.Requests.Round(), b.Output.Round())
		if got.String() != want[b.Tool] {
			t.Errorf("%s\ngot  %s\nwant %s", b.Tool, got.String(), want[b.Tool])
		}
	}
	if _, err := Parse("wrk"); err == nil {
		t.Error("no error for an unknown tool")
	}
}
