package stats

import (
	"fmt"
	"slices"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

const epoch = 1_000_000_000_000_000 // µs since the Unix epoch, at the edge of a bin

// streamed returns the record of an answer of four tokens in four chunks, at 250, 500, 750 and 1,000 ms.
func streamed(startMs int64) *record.Record {
	at := int64(epoch + startMs*1000)
	return &record.Record{
		Run: "r", ScheduledUs: at, SentUs: at, OK: true, TTFTMs: 250, GapUs: []int64{250_000, 250_000, 250_000}, LatencyMs: 1000,
		PromptTokens: 10, CompletionTokens: 4, TokensFrom: "usage",
	}
}

// blockOf returns the block of records of one load point.
func blockOf(t *testing.T, opt Options, records ...*record.Record) Block {
	t.Helper()
	c := New(opt)
	for _, r := range records {
		c.Add(r)
	}
	b := c.Summary().Blocks
	if len(b) != 1 {
		t.Fatalf("%d blocks", len(b))
	}
	return b[0]
}

// TestThroughput checks a load of two slots for four seconds, then one slot for one second: eight tokens/s, then four.
func TestThroughput(t *testing.T) {
	b := blockOf(t, Options{GPUs: 2}, streamed(0), streamed(0), streamed(1000), streamed(1000),
		streamed(2000), streamed(2000), streamed(3000), streamed(3000), streamed(4000))
	for name, test := range map[string]struct{ got, want dist.Num }{
		"duration":           {b.DurationS, 5},
		"requests/s":         {b.RequestsPerS, 9. / 5},
		"output/s":           {b.OutputPerS, 36. / 5},
		"input/s":            {b.InputPerS, 90. / 5},
		"total/s":            {b.TotalPerS, 126. / 5},
		"in flight":          {b.InFlight, 9. / 5},
		"peak in flight":     {dist.Num(b.PeakInFlight), 2},
		"peak output/s":      {b.PeakOutput, 8},
		"output/s/GPU":       {b.OutputPerGPU, 3.6},
		"steady duration":    {b.Steady.DurationS, 4},
		"steady in flight":   {b.Steady.InFlight, 2},
		"steady input/s":     {b.Steady.InputPerS, 20},
		"tokens per chunk":   {b.ChunkTokens, 1},
		"steady from, µs":    {dist.Num(b.Steady.FromUs), epoch},
		"steady to, µs":      {dist.Num(b.Steady.ToUs), epoch + 4_000_000},
		"cache hit, unknown": {b.CacheHit + 1, dist.NaN()},
	} {
		if test.got != test.want && !(name == "cache hit, unknown" && !test.got.Known()) {
			t.Errorf("%s is %v, want %v", name, test.got, test.want)
		}
	}
	// Events at the exact end of the window belong to the next bin: two of the eight requests, and two of the 32 tokens.
	if b.Steady.RequestsPerS != 1.5 || b.Steady.OutputPerS != 7.5 {
		t.Errorf("steady: %v requests/s, %v output/s, want 1.5 and 7.5", b.Steady.RequestsPerS, b.Steady.OutputPerS)
	}
}

func TestCoarserBinsHaveTheSameSums(t *testing.T) {
	var fine, coarse timeline
	for i := range int64(8) {
		for _, tl := range []*timeline{&fine, &coarse} {
			b, offset := tl.at(epoch + i*700_001)
			b.starts++
			b.startUs += offset
			b, offset = tl.at(epoch + i*700_001 + 2_345_678)
			b.ends++
			b.endUs += offset
			b.output += i
		}
	}
	for range 7 {
		coarse.coarsen()
	}
	busy := func(t *timeline) (sum int64) {
		for _, s := range t.stretches() {
			sum += s.busy
		}
		return sum
	}
	a, b := busy(&fine), busy(&coarse)
	if a != 8*2_345_678 || b != a {
		t.Errorf("in-flight time is %d µs in fine bins and %d in coarse ones, want %d", a, b, 8*2_345_678)
	}
	fine.at(epoch + 365*86400_000_000)
	if fine.width() != baseBin {
		t.Errorf("after a year without events, bins are %d µs wide", fine.width())
	}
	for i := range int64(3600) {
		fine.at(epoch + i*1_000_000)
	}
	if fine.width() != 1_000_000 || len(fine.pages) > maxPages {
		t.Errorf("an hour has %d pages of bins of %d µs", len(fine.pages), fine.width())
	}
	if c := busy(&fine); c != a {
		t.Errorf("in-flight time is %d µs after an hour, want %d", c, a)
	}
}

func TestTokensAreSpreadOverChunks(t *testing.T) {
	for name, test := range map[string]struct {
		tokens int
		chunks []int
		want   []int64 // output tokens by bin of 250 ms
	}{
		"one each":     {4, nil, []int64{1, 1, 1, 1}},
		"counted":      {9, []int{1, 5, 1, 2}, []int64{1, 5, 1, 2}},
		"more":         {10, nil, []int64{2, 3, 2, 3}},
		"fewer":        {2, nil, []int64{0, 1, 0, 1}},
		"none counted": {0, nil, []int64{0, 0, 0, 0}},
	} {
		r := streamed(0)
		r.CompletionTokens, r.ChunkTokens = test.tokens, test.chunks
		var f flights
		o := metric.Observe(r)
		f.add(&o)
		for f.time.width() < 250_000 {
			f.time.coarsen()
		}
		var got []int64
		for _, s := range f.time.stretches()[1:] { // nothing arrives in the first 250 ms
			got = append(got, s.output)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestGaps(t *testing.T) {
	r := streamed(0)
	r.GapUs, r.ChunkTokens, r.CompletionTokens = []int64{10, 20, 31}, []int{1, 1, 4, 2}, 8
	m := blockOf(t, Options{}, r).Metrics.Get("itl_ms")
	// A gap is divided by the tokens of its chunk: 10; 20 into four times 5; 31 into 15 and 16. The mean is 61/7, the
	// variance 681/7 − (61/7)² = 21.35.
	want := `{"n":7,"failed":0,"mean":0.008714,"sd":0.00462,"min":0.005,` +
		`"p50":0.005,"p90":0.016,"p95":0.016,"p99":0.016,"max":0.016}`
	if got := mustJSON(t, m.Stat); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestConversations checks three conversations: one of two turns, one of one turn, and one whose second turn fails.
func TestConversations(t *testing.T) {
	turn := func(session string, turn int, startMs int64, ok bool) *record.Record {
		r := streamed(startMs)
		r.Session, r.Turn, r.OK = session, turn, ok
		return r
	}
	later := turn("a", 2, 3000, true)
	later.TTFTMs = 100
	b := blockOf(t, Options{Percentiles: []float64{50}}, later, turn("a", 1, 0, true), turn("b", 1, 500, true),
		turn("c", 1, 0, true), turn("c", 2, 2000, false))
	for key, want := range map[string]string{
		"conversation_ms":    `{"n":2,"failed":1,"mean":null,"sd":null,"min":1000,"p50":4000,"max":null}`, // 1,000, 4,000, ∞
		"answer_ms":          `{"n":2,"failed":1,"mean":null,"sd":null,"min":250,"p50":3100,"max":null}`,  // 250, 3,100, ∞
		"turns":              `{"n":3,"failed":0,"mean":1.666667,"sd":0.471405,"min":1,"p50":2,"max":2}`,
		"first_turn_ttft_ms": `{"n":3,"failed":0,"mean":250,"sd":0,"min":250,"p50":250,"max":250}`,
		"later_turn_ttft_ms": `{"n":1,"failed":0,"mean":100,"sd":0,"min":100,"p50":100,"max":100}`,
	} {
		s := b.Metrics.Get(key).Stat
		s.MeanCI, s.Percentiles[0].CI = nil, nil
		if got := mustJSON(t, s); got != want {
			t.Errorf("%s: got  %s\nwant %s", key, got, want)
		}
	}
}

func TestSampleOfConversationsIsIndependentOfOrder(t *testing.T) {
	var forth, back, half sessions
	n := 3 * maxSessions
	for i := range n {
		forth.put(fmt.Sprint(i), session{Conversation: metric.Conversation{Turns: 1}})
		back.put(fmt.Sprint(n-1-i), session{Conversation: metric.Conversation{Turns: 1}})
		if i%2 == 0 {
			half.put(fmt.Sprint(i), session{Conversation: metric.Conversation{Turns: 1}})
		}
	}
	var merged sessions
	for i := 1; i < n; i += 2 {
		merged.put(fmt.Sprint(i), session{Conversation: metric.Conversation{Turns: 1}})
	}
	merged.merge(&half)
	for name, s := range map[string]*sessions{"backwards": &back, "in parts": &merged} {
		if s.halvings != forth.halvings || len(s.byName) != len(forth.byName) || len(s.byName) > maxSessions {
			t.Errorf("%s: %d names, one of %d; forward: %d, one of %d",
				name, len(s.byName), 1<<s.halvings, len(forth.byName), 1<<forth.halvings)
		}
		for k := range s.byName {
			if _, ok := forth.byName[k]; !ok {
				t.Fatalf("%s has %s, forward has not", name, k)
			}
		}
	}
}

func mustParse[T any](t *testing.T, parse func(string) (T, error), texts ...string) []T {
	t.Helper()
	var out []T
	for _, text := range texts {
		v, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func TestGoodputAndGates(t *testing.T) {
	slow, failed, plain := streamed(0), streamed(0), streamed(0)
	slow.TTFTMs = 600
	failed.OK = false
	plain.TTFTMs, plain.GapUs = 0, nil // not streamed: its first output is its end
	opt := Options{
		Goodput: mustParse(t, gate.ParseLimit, "ttft_ms<600", "tpot_ms<=250"),
		Gates: mustParse(t, gate.Parse, "ttft_ms:p50<=600", "ttft_ms:p99<1e9", "tpot_ms:mean<1e9", "lag_ms:max<=0",
			"ok>=0.75", "ok>0.75", "goodput>=0.25", "queue_ms:mean<1", "output_tokens:sd<1", "requests_per_s>=3"),
	}
	b := blockOf(t, opt, streamed(0), slow, failed, plain)
	if b.Goodput.Count != 1 || b.Goodput.Share != 0.25 || b.Goodput.PerS != 1 {
		t.Errorf("goodput %+v", b.Goodput)
	}
	// The values of TTFT are 250, 600, and +∞ for the failure. The answer that was not streamed has none.
	want := `[{"gate":"ttft_ms:p50<=600","value":600,"pass":true},{"gate":"ttft_ms:p99<1e9","value":null,"pass":false},` +
		`{"gate":"tpot_ms:mean<1e9","value":null,"pass":false},{"gate":"lag_ms:max<=0","value":0,"pass":true},` +
		`{"gate":"ok>=0.75","value":0.75,"pass":true},{"gate":"ok>0.75","value":0.75,"pass":false},` +
		`{"gate":"goodput>=0.25","value":0.25,"pass":true},{"gate":"queue_ms:mean<1","value":null,"pass":false},` +
		`{"gate":"output_tokens:sd<1","value":0,"pass":true},{"gate":"requests_per_s>=3","value":3,"pass":true}]`
	if got := mustJSON(t, b.Gates); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	opt.DropFailures = true
	if b = blockOf(t, opt, streamed(0), slow, failed, plain); !b.Gates[1].Pass || !b.Gates[2].Pass {
		t.Errorf("failures dropped: %s", mustJSON(t, b.Gates))
	}
}

// TestGoodputOfUnknownTimes checks that a request of several tokens without times between them misses a limit on those,
// and that a note reports how many do.
func TestGoodputOfUnknownTimes(t *testing.T) {
	inOneChunk, failed := streamed(0), streamed(0)
	inOneChunk.GapUs = nil
	failed.OK = false
	opt := Options{Goodput: mustParse(t, gate.ParseLimit, "tpot_ms<=250")}
	b := blockOf(t, opt, streamed(0), inOneChunk, failed)
	if b.Goodput.Count != 1 || !hasNote(&b, "1 of 3 requests miss goodput because the time between their tokens is unknown") {
		t.Errorf("%+v, notes %q", b.Goodput, b.Notes)
	}
}

func TestBadConditions(t *testing.T) {
	for text, want := range map[string]string{
		"ttft_ms":          `"ttft_ms" has no <, <=, > or >=`,
		"ttft_ms<fast":     `"ttft_ms<fast": "fast" is not a number, in the unit of the figure`,
		"ttft_ms:p0<1":     `"ttft_ms:p0<1": "p0" is none of mean, sd, min, max and pNN`,
		"ttft_ms:median<1": `"ttft_ms:median<1": "median" is none of mean, sd, min, max and pNN`,
	} {
		if _, err := gate.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"speed<1", "ttft:p99<1", "ttft_ms:p99<1"} {
		if _, err := gate.ParseLimit(text); err == nil {
			t.Errorf("goodput takes %s", text)
		}
	}
}

func TestGroups(t *testing.T) {
	by := mustParse(t, group.Parse, "labels.tenant", "turn")
	c := New(Options{By: by})
	for _, turn := range []int{10, 9, 1} {
		for _, tenant := range []string{"b", "a"} {
			r := streamed(0)
			r.Turn, r.Labels = turn, map[string]string{"tenant": tenant}
			c.Add(r)
		}
	}
	var got []string
	for _, b := range c.Summary().Blocks {
		got = append(got, fmt.Sprint(b.Group, b.Requests))
	}
	want := []string{
		"[{labels.tenant a} {turn 1}] 1", "[{labels.tenant a} {turn 9}] 1", "[{labels.tenant a} {turn 10}] 1",
		"[{labels.tenant b} {turn 1}] 1", "[{labels.tenant b} {turn 9}] 1", "[{labels.tenant b} {turn 10}] 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, name := range []string{"nothing", "labels.", "output"} {
		if _, err := group.Parse(name); err == nil {
			t.Errorf("there is a key %q", name)
		}
	}
}

// TestBlockHasFiguresOfGates checks that a block has every figure that a gate can name.
func TestBlockHasFiguresOfGates(t *testing.T) {
	b := Block{Goodput: &Good{}}
	for _, name := range gate.Figures() {
		if !b.figure(name).Known() {
			t.Errorf("a block has no %s", name)
		}
	}
}
