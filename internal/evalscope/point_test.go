package evalscope

import (
	"os"
	"testing"

	"github.com/goccy/go-json"

	"perfpipe/internal/group"
	"perfpipe/internal/record"
)

// TestConversations checks evalscope's formulas of conversations and of time against values worked out by hand.
func TestConversations(t *testing.T) {
	const second = 1_000_000
	e := New(Options{
		Dir: t.TempDir(), By: []group.Key{}, Create: func(path string) error { return os.WriteFile(path, nil, 0o600) },
	})
	defer e.Abort()
	for _, r := range []record.Record{ // in no order
		{Session: "a", Turn: 2, SentUs: 13 * second, TTFTMs: 500, LatencyMs: 1500, PromptTokens: 30, CompletionTokens: 11,
			CachedTokens: 15},
		{Session: "b", Turn: 1, SentUs: 10 * second, TTFTMs: 3000, LatencyMs: 4000, PromptTokens: 10, CompletionTokens: 21},
		{Session: "a", Turn: 1, SentUs: 10 * second, TTFTMs: 1000, LatencyMs: 2000, PromptTokens: 10, CompletionTokens: 11},
		{Session: "c", Turn: 1, SentUs: 10 * second, Phase: record.PhaseWarmup},
	} {
		r.OK, r.Op, r.GapUs = true, "chat", []int64{1}
		e.Add(&r)
	}
	p := e.points.groups[""]
	throughput, timeline := p.workload()
	sums := p.sums()
	got, err := json.Marshal([]any{p.turns(&sums), p.traces(), throughput, timeline})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"Avg Turns/Request":1.3333,"KV Cache Hit Rate (%)":30.0,"Avg First-Turn TTFT (ms)":2000.0,` +
		`"Avg Subsequent-Turn TTFT (ms)":500.0},` +
		`{"n_traces":2,"rows":[{"metric":"Latency (s)","mean":4.25,"min":4.0,"p50":4.25,"p90":4.45,` +
		`"p95":4.475,"p99":4.495,"max":4.5},` +
		`{"metric":"First-Turn TTFT (s)","mean":2.0,"min":1.0,"p50":2.0,"p90":2.8,"p95":2.9,"p99":2.98,` +
		`"max":3.0},` +
		`{"metric":"TTFAT (s)","mean":3.25,"min":3.0,"p50":3.25,"p90":3.45,"p95":3.475,"p99":3.495,` +
		`"max":3.5},` +
		`{"metric":"Decode TPS","mean":15.0,"min":10.0,"p50":15.0,"p90":19.0,"p95":19.5,"p99":19.9,` +
		`"max":20.0},` +
		`{"metric":"Cache Hit Rate (%)","mean":18.75,"min":0.0,"p50":18.75,"p90":33.75,"p95":35.625,` +
		`"p99":37.125,"max":37.5},` +
		`{"metric":"Eligible Cache Hit Rate (%)","mean":35.714285714285715,"min":0.0,` +
		`"p50":35.714285714285715,"p90":64.28571428571429,"p95":67.85714285714286,"p99":70.71428571428572,` +
		`"max":71.42857142857143}]},` +
		`{"n_samples":3,"wall_time_s":4.5,"last_window_s":30.0,"warmup_frac":0.2,` +
		`"rows":[{"metric":"Total Prompt tok/s","overall":11.11111111111111,"last_window":11.11111111111111,` +
		`"steady_state":16.0},` +
		`{"metric":"New Prompt tok/s","overall":7.777777777777778,"last_window":7.777777777777778,` +
		`"steady_state":10.0},` +
		`{"metric":"Cached Prompt tok/s","overall":3.3333333333333335,"last_window":3.3333333333333335,` +
		`"steady_state":6.0},` +
		`{"metric":"Completion tok/s","overall":9.555555555555555,"last_window":9.555555555555555,` +
		`"steady_state":12.8}]},` +
		`{"wall_start":10.0,"points":[{"t":2.0,"cum_completion":11,"cum_new_prompt":10,` +
		`"cum_cached_prompt":0},{"t":4.0,"cum_completion":32,"cum_new_prompt":20,"cum_cached_prompt":0},` +
		`{"t":4.5,"cum_completion":43,"cum_new_prompt":35,"cum_cached_prompt":15}]}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
