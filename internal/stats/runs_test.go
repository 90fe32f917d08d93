package stats

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/group"
	"perfpipe/internal/record"
	"perfpipe/internal/spend"
)

// sent returns the records of n requests that start every everyMs from startMs and take takesMs. change, if not nil,
// may modify each.
func sent(n int, startMs, everyMs, takesMs int64, change func(i int, r *record.Record)) []*record.Record {
	var out []*record.Record
	for i := range n {
		at := int64(epoch) + (startMs+int64(i)*everyMs)*1000
		r := &record.Record{
			ID: "r" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), Seq: int64(i),
			Run: "rate=100", Mode: "open", Rate: 100, Op: "chat", ScheduledUs: at, SentUs: at, OK: true,
			LatencyMs: float64(takesMs), TTFTMs: float64(takesMs), CompletionTokens: 1, PromptTokens: 10,
		}
		if change != nil {
			change(i, r)
		}
		out = append(out, r)
	}
	return out
}

func summaryOf(opt Options, files map[string][]*record.Record) *Summary {
	c := New(opt)
	for name, records := range files {
		c.From(name)
		for _, r := range records {
			c.Add(r)
		}
	}
	return c.Summary()
}

func hasNote(b *Block, text string) bool {
	return slices.ContainsFunc(b.Notes, func(n string) bool { return strings.Contains(n, text) })
}

// near reports whether v differs from want by less than within.
func near(v dist.Num, want, within float64) bool {
	return float64(v) > want-within && float64(v) < want+within
}

// TestStragglerDoesNotAffectSteadyState checks a load of ten seconds of which one request hangs for two minutes.
func TestStragglerDoesNotAffectSteadyState(t *testing.T) {
	for name, ok := range map[string]bool{"answered": true, "failed": false} {
		b := blockOf(t, Options{}, sent(1000, 0, 10, 200, func(i int, r *record.Record) {
			if i == 500 {
				r.LatencyMs, r.OK = 120_000, ok
			}
		})...)
		if !near(b.Steady.RequestsPerS, 100, 3) || !near(b.Steady.DurationS, 10, 0.5) {
			t.Errorf("%s: steady state %s", name, mustJSON(t, b.Steady))
		}
		if !hasNote(&b, "the last 1 of 1000 requests ended up to 1m") {
			t.Errorf("%s: notes %q", name, b.Notes)
		}
	}
}

// TestIdleTime checks that the time between two runs that cannot be told apart does not count as duration.
func TestIdleTime(t *testing.T) {
	const gap = 20 * 60_000
	second := sent(1000, gap, 10, 200, func(i int, r *record.Record) { r.ID += "y" })
	records := append(sent(1000, 0, 10, 200, nil), second...)
	b := blockOf(t, Options{}, records...)
	if !near(b.DurationS, 20.4, 0.1) || !near(b.RequestsPerS, 98, 1) || !near(b.Steady.RequestsPerS, 99, 2) {
		t.Errorf("%v s, %v requests/s, steady %v", b.DurationS, b.RequestsPerS, b.Steady.RequestsPerS)
	}
	if !hasNote(&b, "nothing was due or in flight for 19m50s, which is not part of the duration") {
		t.Errorf("notes %q", b.Notes)
	}
	// The gaps of a slow or a replayed load are not idle time.
	slow := blockOf(t, Options{}, sent(20, 0, 30_000, 200, func(_ int, r *record.Record) { r.Rate = 1.0 / 30 })...)
	if !near(slow.DurationS, 570.2, 0.01) || len(slow.Notes) != 0 {
		t.Errorf("one request each half minute: %v s, notes %q", slow.DurationS, slow.Notes)
	}
	for _, r := range records {
		r.Rate = 0
	}
	if replayed := blockOf(t, Options{}, records...); !near(replayed.DurationS, 1210.19, 0.1) {
		t.Errorf("replayed: %v s", replayed.DurationS)
	}
}

// TestTimeBetweenLoadPoints checks that even short times between the load points of a block do not count as duration.
func TestTimeBetweenLoadPoints(t *testing.T) {
	second := func(i int, r *record.Record) { r.Run = "rate=200"; r.ID += "y" }
	records := append(sent(500, 0, 10, 200, nil), sent(500, 6190, 10, 200, second)...)
	op, err := group.Parse("op")
	if err != nil {
		t.Fatal(err)
	}
	b := blockOf(t, Options{By: []group.Key{op}}, records...)
	if !near(b.DurationS, 10.38, 0.001) || !hasNote(&b, "no load point was under way for 1 s") {
		t.Errorf("%v s, notes %q", b.DurationS, b.Notes)
	}
}

// TestShortWindowIsNoSteadyState checks that a window of less than a few mean latencies is not a steady state.
func TestShortWindowIsNoSteadyState(t *testing.T) {
	b := blockOf(t, Options{}, sent(20, 0, 10, 5000, nil)...)
	if b.Steady.DurationS.Known() || b.Steady.RequestsPerS.Known() {
		t.Errorf("%s", mustJSON(t, b.Steady))
	}
}

func TestRunsAreToldApart(t *testing.T) {
	of := func(id, shard string) func(int, *record.Record) {
		return func(i int, r *record.Record) { r.RunID, r.Shard = id, shard }
	}
	rest := func(id, shard string, continues string, first int) func(int, *record.Record) {
		return func(i int, r *record.Record) {
			r.RunID, r.Shard, r.Continues, r.Seq = id, shard, continues, int64(first+i)
		}
	}
	groups := func(s *Summary) string {
		var out []string
		for _, b := range s.Blocks {
			var values []string
			for _, v := range b.Group {
				values = append(values, v.Key+" "+v.Value)
			}
			out = append(out, strings.Join(values, " "))
		}
		slices.Sort(out)
		return strings.Join(out, "; ")
	}
	file, err := group.Parse("file")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		opt   Options
		files map[string][]*record.Record
		want  string
	}{
		"one run": {Options{}, map[string][]*record.Record{"a": sent(10, 0, 10, 20, of("1", ""))}, "run rate=100"},
		"two runs in two files": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("1", "")), "b": sent(10, 0, 10, 20, of("2", ""))},
			"run rate=100 file a; run rate=100 file b"},
		"two runs in one file": {Options{}, map[string][]*record.Record{
			"a": append(sent(10, 0, 10, 20, of("1", "")), sent(10, 0, 10, 20, of("2", ""))...)},
			"run rate=100 run_id 1; run rate=100 run_id 2"},
		"shards of one run": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("1", "0/2")), "b": sent(10, 0, 10, 20, of("1", "1/2"))}, "run rate=100"},
		"shards with ids of their own": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("1", "0/2")), "b": sent(10, 5, 10, 20, of("2", "1/2"))}, "run rate=100"},
		"shards of two runs": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("1", "0/2")), "b": sent(10, 9000, 10, 20, of("2", "1/2"))},
			"run rate=100 file a; run rate=100 file b"},
		"a run that was continued twice": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("2", "")), "b": sent(10, 9000, 10, 20, rest("1", "", "2", 10)),
			"c": sent(10, 20000, 10, 20, rest("3", "", "2", 20))}, "run rate=100"},
		"what is left of it": {Options{}, map[string][]*record.Record{
			"b": sent(10, 9000, 10, 20, rest("1", "", "2", 10)), "c": sent(10, 20000, 10, 20, rest("3", "", "2", 20))},
			"run rate=100"},
		"another run": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("0", "")), "b": sent(10, 9000, 10, 20, rest("1", "", "2", 10))},
			"run rate=100 file a; run rate=100 file b"},
		"a shard that was continued": {Options{}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("2", "0/2")), "b": sent(10, 5, 10, 20, of("3", "1/2")),
			"c": sent(10, 9000, 10, 20, rest("1", "1/2", "3", 10))}, "run rate=100"},
		"by file": {Options{By: []group.Key{file}}, map[string][]*record.Record{
			"a": sent(10, 0, 10, 20, of("1", "")), "b": sent(10, 0, 10, 20, of("1", ""))}, "file a; file b"},
	} {
		s := summaryOf(c.opt, c.files)
		if got := groups(s); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The time between the parts of a run that was continued is in no figure, and it is complete with both.
func TestContinuedRun(t *testing.T) {
	part := func(n, first int, startMs int64, id, continues string) []*record.Record {
		return sent(n, startMs, 10, 10, func(i int, r *record.Record) {
			r.RunID, r.Continues, r.Number = id, continues, 200
			r.ID, r.Seq = strconv.Itoa(first+i), int64(first+i)
		})
	}
	first := part(120, 0, 0, "b", "")
	b := blockOf(t, Options{}, append(first, part(80, 120, 60_000, "a", "b")...)...)
	if b.Requests != 200 || b.DurationS != 2 || b.RequestsPerS != 100 ||
		len(b.Notes) != 1 || !hasNote(&b, "no load point was under way for 58.8 s") {
		t.Errorf("%d requests in %v s, %v/s: %q", b.Requests, b.DurationS, b.RequestsPerS, b.Notes)
	}
	if b := blockOf(t, Options{}, first...); !hasNote(&b, "cut short: 120 of the 200 requests") {
		t.Errorf("the first part alone: %q", b.Notes)
	}
	if b := blockOf(t, Options{}, append(first, part(80, 119, 60_000, "a", "b")...)...); !hasNote(&b, "1 of 200 records") {
		t.Errorf("a request of both parts: %q", b.Notes)
	}
}

func TestDuplicateRecords(t *testing.T) {
	twice := append(sent(100, 0, 10, 20, nil), sent(100, 0, 10, 20, nil)...)
	if b := blockOf(t, Options{}, twice...); !hasNote(&b, "100 of 200 records have the id and seq of another one") {
		t.Errorf("notes %q", b.Notes)
	}
	// A request line that is sent again has another sequence number.
	resent := sent(100, 1000, 10, 20, func(i int, r *record.Record) { r.Seq += 100 })
	cycled := append(sent(100, 0, 10, 20, nil), resent...)
	if b := blockOf(t, Options{}, cycled...); len(b.Notes) > 0 {
		t.Errorf("notes %q", b.Notes)
	}
	many := New(Options{})
	for range 2 {
		for _, r := range sent(100_000, 0, 1, 20, func(i int, r *record.Record) { r.ID = "same" }) {
			many.Add(r)
		}
	}
	if b := &many.Summary().Blocks[0]; !hasNote(b, "about ") {
		t.Errorf("more records than maxIDs: notes %q", b.Notes)
	}
}

// TestHourlyCostOfOverlappingBlocks checks that groups which ran at the same time do not each pay for the whole server.
func TestHourlyCostOfOverlappingBlocks(t *testing.T) {
	const note = "no cost by the hour is shown"
	for key, want := range map[string]bool{"model": true, "run": false} { // the models overlap, the load points do not
		files := map[string][]*record.Record{"": sent(200, 0, 10, 20, func(i int, r *record.Record) {
			r.Run, r.Model = []string{"a", "b"}[i/100], []string{"m", "n"}[i%2]
		})}
		s := summaryOf(Options{By: mustParse(t, group.Parse, key), Prices: spend.Prices{Hour: 36}}, files)
		for i := range s.Blocks {
			b := &s.Blocks[i]
			if hasNote(b, note) != want || (b.Cost == nil) != want {
				t.Errorf("by %s: cost %+v, notes %q", key, b.Cost, b.Notes)
			}
		}
	}
}
