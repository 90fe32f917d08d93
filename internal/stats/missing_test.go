package stats

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-json"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/lang"
	"perfpipe/internal/spend"
)

// TestMissingKeys checks records of other tools, which lack some keys: figures that can be computed are computed, notes
// report the missing keys, and an explicit zero is distinguished from an absent key.
func TestMissingKeys(t *testing.T) {
	s := NewStream(Options{}, 1, false)
	if err := s.Read(t.Context(), strings.NewReader(`{"latency_ms":12.5,"status":200}
{"sent_us":1700000000000000,"latency_ms":40,"ttft_ms":30,"cached_tokens":0,"prompt_tokens":10,"completion_tokens":3,"scheduled_us":1699999999990000}
{"sent_us":1700000000100000,"latency_ms":40,"lag_ms":0,"status":500}
{"sent_us":1700000000100000,"ok":true,"lag_ms":0,"queue_ms":0,"prompt_tokens":0,"op":"embedding"}
`), "in"); err != nil {
		t.Fatal(err)
	}
	b := s.Collector().Summary().Blocks[0]
	if b.OK != 3 || b.CacheHit != 0 || b.Errors[0] != (ErrorCount{"http", 1, "status 500"}) {
		t.Errorf("%d ok, cache hit %v, errors %v", b.OK, b.CacheHit, b.Errors)
	}
	for key, n := range map[string]int64{
		"lag_ms": 3, "cached_tokens": 1, "input_tokens": 2, "output_tokens": 1, "latency_ms": 2, "response_ms": 2,
	} {
		if m := b.Metrics.Get(key); m == nil || m.N != n {
			t.Errorf("%s: %+v, want %d values", key, m, n)
		}
	}
	if m := b.Metrics.Get("tpot_ms"); m != nil {
		t.Errorf("TPOT without gaps: %+v", m)
	}
	want := []string{
		"3 of 4 records have no ok: those without an error or an error status count as successes",
		"1 of 4 records have no send time (sent_us), and are left out of what depends on time",
		"1 of 4 records have no end (latency_ms), and are left out of what depends on time",
		"1 of 4 records have no lag (lag_ms, or scheduled_us and sent_us): their response time counts from the send",
		"1 of 4 records are successes without prompt_tokens, which count as 0",
		"1 of 4 records are successes without completion_tokens, which count as 0",
		"1 of 4 records are answers streamed in one chunk, or without gap_us, and have no TPOT and no ITL",
	}
	if !slices.Equal(b.Notes, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(b.Notes, "\n"), strings.Join(want, "\n"))
	}
}

// A usage that is not of what was streamed makes TPOT wrong, which a note reports, but not if the chunks of a tool call
// are a few more than its tokens.
func TestFewerTokensThanChunks(t *testing.T) {
	line := func(tokens, chunks int) string {
		return fmt.Sprintf(`{"ok":true,"sent_us":1700000000000000,"lag_ms":0,"prompt_tokens":7,"ttft_ms":10,`+
			`"latency_ms":900,"completion_tokens":%d,"gap_us":[1000%s]}`+"\n", tokens, strings.Repeat(",1000", chunks-2))
	}
	s := NewStream(Options{}, 1, false)
	lines := line(5, 50) + line(5, 8) + line(5, 7) + line(30, 35) + line(30, 36) + line(500, 5)
	if err := s.Read(t.Context(), strings.NewReader(lines), "in"); err != nil {
		t.Fatal(err)
	}
	want := []string{"3 of 6 records have fewer tokens than chunks of output: either the server counts too few, and TPOT " +
		"and tokens/s are wrong, or a chunk is not a whole token, and ITL is not that of tokens"}
	if notes := s.Collector().Summary().Blocks[0].Notes; !slices.Equal(notes, want) {
		t.Errorf("got\n%s", strings.Join(notes, "\n"))
	}
}

// TestUntimed checks that records without plausible times are in counts, but in no rate, no goodput and no session,
// since a duration does not include them.
func TestUntimed(t *testing.T) {
	const done = `"ok":true,"lag_ms":0,"op":"embedding","prompt_tokens":10,"completion_tokens":4,"items":2`
	limit, err := gate.ParseLimit("latency_ms<500")
	if err != nil {
		t.Fatal(err)
	}
	lines := `{"sent_us":1700000000000000,"latency_ms":400,"session":"a","turn":1,` + done + `}
{"sent_us":1700000001000000,"latency_ms":1000,"session":"a","turn":2,` + done + `}
{"latency_ms":400,"session":"a","turn":3,` + done + `}
{"sent_us":1700000000500000,"session":"a","turn":4,` + done + `}
{"sent_us":1700000000500000,"latency_ms":-3,"session":"b","turn":1,` + done + `}
{"sent_us":-4,"latency_ms":400,"session":"b","turn":2,` + done + `}
`
	opt := Options{Goodput: []gate.Limit{limit}, Prices: spend.Prices{Tokens: &spend.TokenPrices{Out: 6}, Hour: 3600}}
	s := NewStream(opt, 1, false)
	if err := s.Read(t.Context(), strings.NewReader(lines), "in"); err != nil {
		t.Fatal(err)
	}
	whole := s.Collector().Summary()
	if err := s.Collector().States(whole); err != nil {
		t.Fatal(err)
	}
	summary, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	merged := New(opt)
	if err := merged.addSummary(summary); err != nil {
		t.Fatal(err)
	}
	for _, b := range []Block{whole.Blocks[0], merged.Summary().Blocks[0]} {
		if b.OK != 6 || b.InputTokens != 60 || b.OutputTokens != 24 || b.DurationS != 2 {
			t.Errorf("%d ok, %d and %d tokens, %v s", b.OK, b.InputTokens, b.OutputTokens, b.DurationS)
		}
		rates := []dist.Num{b.RequestsPerS, b.InputPerS, b.OutputPerS, b.TotalPerS, b.ItemsPerS, b.Goodput.PerS}
		if want := []dist.Num{1, 10, 4, 14, 2, 0.5}; !slices.Equal(rates, want) {
			t.Errorf("rates %v, want %v", rates, want)
		}
		if b.Goodput.Count != 3 || b.Sessions.Count != 1 || b.Sessions.Turns != 2 {
			t.Errorf("goodput %+v, sessions %+v", b.Goodput, b.Sessions)
		}
		if tokens, hour := b.Cost.Tokens.PerRequest.Num(), b.Cost.Hour.PerRequest.Num(); tokens != 24e-6 || hour != 1 {
			t.Errorf("a request costs $%v by tokens and $%v by the hour", tokens, hour)
		}
		if m := b.Metrics.Get("conversation_ms"); m == nil || m.N != 1 || m.Mean != 2000 {
			t.Errorf("conversation: %+v", m)
		}
	}
}

// TestTokensThatWereNotStreamed checks that records whose TPOT and ITL cannot be known have none, and that notes report
// their number and the reason.
func TestTokensThatWereNotStreamed(t *testing.T) {
	const common = `"sent_us":1700000000000000,"lag_ms":0,"ok":true,"op":"chat","ttft_ms":500,"latency_ms":600,"prompt_tokens":7,`
	s := NewStream(Options{}, 1, false)
	if err := s.Read(t.Context(), strings.NewReader(`{`+common+`"gap_us":[20000,20000,20000,20000],"completion_tokens":305,"reasoning_tokens":300,"hidden_tokens":300}
{`+common+`"gap_us":[20000,20000],"completion_tokens":90,"hidden_unknown":"redacted_reasoning"}
{`+common+`"gap_us":[20000,20000],"completion_tokens":90,"hidden_unknown":"total_disagrees"}
{`+common+`"gap_us":[0,0],"completion_tokens":3}
{`+common+`"gap_us":[0,0],"completion_tokens":3,"read_delay_ms":2,"joined_chunks":0}
{`+common+`"gap_us":[3000,9000],"completion_tokens":3,"hidden_unknown":"several_answers"}
`), "in"); err != nil {
		t.Fatal(err)
	}
	b := s.Collector().Summary().Blocks[0]
	if m := b.Metrics.Get("tpot_ms"); m == nil || m.N != 1 || m.Mean != 20 {
		t.Errorf("TPOT %+v, want one of 20 ms", m)
	}
	if m := b.Metrics.Get("itl_ms"); m == nil || m.N != 8 || m.Mean != 20 {
		t.Errorf("ITL %+v, want eight of 20 ms", m)
	}
	if m := b.Metrics.Get("output_tokens"); m == nil || m.N != 6 {
		t.Errorf("output tokens %+v", m)
	}
	if b.ChunkTokens != 1 {
		t.Errorf("%v tokens a chunk", b.ChunkTokens)
	}
	want := []string{
		"1 of 6 records are streams that were read late and all at once, and have no TPOT and no ITL",
		"1 of 6 records are streams that arrived in one piece, as through a proxy that buffers or compresses, and have no TPOT and no ITL",
		"1 of 6 records have no TPOT: reasoning that was not streamed is among their tokens, and not counted apart (redacted_reasoning)",
		"1 of 6 records have no TPOT and no ITL: each has several answers, whose tokens interleave (several_answers)",
		"1 of 6 records have no TPOT: the server's counts of tokens do not add up to its total (total_disagrees)",
	}
	if !slices.Equal(b.Notes, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(b.Notes, "\n"), strings.Join(want, "\n"))
	}
}

// A tool call that begins an answer of more tokens than chunks has a note, unless the tokens of each chunk are known.
func TestToolFirst(t *testing.T) {
	const line = `{"id":"a","sent_us":1000,"ok":true,"status":200,"lag_ms":0,"latency_ms":99,"ttft_ms":60,"prompt_tokens":7,` +
		`"gap_us":[2000,2000],"completion_tokens":`
	for text, want := range map[string]int64{
		`31,"tool_ttft_ms":60}`: 1, `5,"tool_ttft_ms":60}`: 0, `31,"tool_ttft_ms":62}`: 0, `31}`: 0,
		`31,"tool_ttft_ms":60,"chunk_tokens":[29,1,1]}`: 0,
	} {
		s := NewStream(Options{}, 1, false)
		if err := s.Read(t.Context(), strings.NewReader(line+text+"\n"), "in"); err != nil {
			t.Fatal(err)
		}
		got := s.Collector().Summary().Blocks[0].Notes
		if (len(got) == 1) != (want == 1) {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestNotesAreTranslated(t *testing.T) {
	for _, w := range wanted {
		note := "3 of 12 records " + w.note
		if got := lang.Of("zh").Sentence(note); got == note {
			t.Errorf("internal/lang/zh.json lacks %q", note)
		}
	}
}
