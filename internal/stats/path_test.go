package stats

import (
	"slices"
	"testing"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/record"
)

// step returns the record of a request of session s: its turn, when it was due and ended, and the turns it waited for.
func step(session string, turn int, dueMs, endMs int64, depth int, after ...int) *record.Record {
	at := int64(epoch + dueMs*1000)
	return &record.Record{Run: "r", Session: session, Turn: turn, Turns: 4, Depth: depth,
		AfterTurns: after, ScheduledUs: at, SentUs: at, OK: true, TTFTMs: 10, LatencyMs: float64(endMs - dueMs),
		PromptTokens: 100, CompletionTokens: 4, TokensFrom: "usage"}
}

// tree is a session: turn 1 takes 100 ms; after 20 and 50 ms turns 2 and 3, which take 200 and 300; 30 ms after the
// longer one turn 4, which takes 100: 600 ms in all, of which the path 1, 3, 4 leaves 80 to tools.
func tree(session string) []*record.Record {
	return []*record.Record{step(session, 1, 0, 100, 1), step(session, 2, 120, 320, 2, 1),
		step(session, 3, 150, 450, 2, 1), step(session, 4, 480, 580, 3, 2, 3)}
}

func TestCriticalPath(t *testing.T) {
	forward := tree("s")
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	for _, all := range [][]*record.Record{forward, backward} {
		b := blockOf(t, Options{}, all...)
		for key, want := range map[string]dist.Num{"conversation_ms": 580, "conversation_server_ms": 500,
			"conversation_wait_ms": 80, "path_turns": 3, "turns": 4} {
			if m := b.Metrics.Get(key); m == nil || m.Mean != want {
				t.Errorf("%s is %+v, want %v", key, m, want)
			}
		}
		want := Sessions{Count: 1, OK: 1, Turns: 4, Peak: 1, InFlight: 1, ServerShare: 500. / 580}
		if b.Sessions == nil || *b.Sessions != want {
			t.Errorf("%+v, want %+v", b.Sessions, want)
		}
	}
}

// The lines of a session stand in any order, so a turn may wait for turns of higher numbers. The last turn, whose
// output is the answer, is the one that ended last.
func TestPathOfAnyOrder(t *testing.T) {
	all := []*record.Record{step("s", 4, 0, 100, 1), step("s", 3, 120, 320, 2, 4),
		step("s", 2, 150, 450, 2, 4), step("s", 1, 480, 580, 3, 2, 3)}
	all[0].TTFTMs = 20
	b := blockOf(t, Options{}, all...)
	for key, want := range map[string]dist.Num{"conversation_ms": 580, "conversation_server_ms": 500,
		"conversation_wait_ms": 80, "path_turns": 3, "answer_ms": 490,
		"first_turn_ttft_ms": 20, "later_turn_ttft_ms": 10} {
		if m := b.Metrics.Get(key); m == nil || m.Mean != want {
			t.Errorf("%s is %+v, want %v", key, m, want)
		}
	}
	all[0].AfterTurns = []int{1} // no session has such a circle, but a file may
	if m := blockOf(t, Options{}, all...).Metrics.Get("path_turns"); m == nil || m.Mean > 4 {
		t.Errorf("path of a circle: %+v", m)
	}
}

// TestSessionsOfSeveralRuns checks that sessions of one name in two load points, or two runs, stay apart in a group of
// both.
func TestSessionsOfSeveralRuns(t *testing.T) {
	for name, change := range map[string]func(*record.Record){
		"load points": func(r *record.Record) { r.Run = "other" },
		"runs":        func(r *record.Record) { r.RunID = "other" },
	} {
		all := tree("s")
		for _, r := range tree("s") {
			change(r)
			r.ScheduledUs, r.SentUs = r.ScheduledUs+60e6, r.SentUs+60e6
			all = append(all, r)
		}
		b := blockOf(t, Options{By: mustParse(t, group.Parse, "model")}, all...)
		if m := b.Metrics.Get("conversation_ms"); b.Sessions.Count != 2 || m.Mean != 580 || m.Max != 580 {
			t.Errorf("%s: %d sessions, %+v", name, b.Sessions.Count, m)
		}
	}
}

// A session of which turns are missing has no times, unless a turn failed.
func TestIncompleteSessions(t *testing.T) {
	ended := tree("ended by the run")[:3]
	midway := tree("began midway")[1:]
	failed := tree("failed")[:2]
	failed[1].OK, failed[1].Skipped = false, 1
	skipped := tree("skipped")[:3]
	skipped[2].Skipped = 1
	want := Sessions{Count: 5, OK: 2, Incomplete: 2, Turns: 15, Skipped: 2, Peak: 5}
	whole, half := New(Options{}), New(Options{})
	merged := New(Options{})
	for i, r := range slices.Concat(tree("whole"), ended, midway, failed, skipped) {
		whole.Add(r)
		[]*Collector{half, merged}[i%2].Add(r)
	}
	merged.Merge(half)
	for _, c := range []*Collector{whole, merged} {
		b := c.Summary().Blocks[0]
		got := *b.Sessions
		got.InFlight, got.ServerShare, got.SkippedRate = 0, 0, 0
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if m := b.Metrics.Get("conversation_ms"); m.N != 2 || m.Failed != 1 || m.Min != 450 {
			t.Errorf("%+v, want those of 580 and 450 ms and one that failed", m)
		}
	}
}

// Sessions that merge from parts, also through a state, have the path of the whole.
func TestSessionsMerge(t *testing.T) {
	whole := blockOf(t, Options{}, append(tree("a"), tree("b")...)...)
	parts := [3]*Collector{New(Options{}), New(Options{}), New(Options{})}
	for i, r := range append(tree("a"), tree("b")...) {
		parts[i%3].Add(r)
	}
	parts[0].Merge(parts[1])
	parts[0].Merge(parts[2])
	got := parts[0].Summary().Blocks[0]
	if *got.Sessions != *whole.Sessions || got.Metrics.Get("conversation_wait_ms").Mean != 80 {
		t.Errorf("%+v, want %+v", got.Sessions, whole.Sessions)
	}
	if len(got.Depths) != 3 || got.Depths[1].Requests != 4 || got.Depths[1].TTFT.Mean != 10 {
		t.Errorf("depths %+v", got.Depths)
	}
}

// A summary while records arrive, which merges parts that go on, changes none of them.
func TestSessionsMergeOfParts(t *testing.T) {
	var one, two, all sessions
	for turn := 1; turn <= 3; turn++ { // three turns leave room for a fourth
		one.add(step("s", turn, 0, 100, turn), true)
	}
	two.add(step("s", 4, 0, 100, 4), true)
	all.merge(&one)
	one.add(step("s", 5, 0, 100, 5), true)
	all.merge(&two)
	var got []int64
	for _, s := range one.byName {
		for _, turn := range s.graph {
			got = append(got, turn.n)
		}
	}
	if want := []int64{1, 2, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("turns %v, want %v", got, want)
	}
}

// The path of a summary does not stay when more requests of the session follow.
func TestSummaryThenMore(t *testing.T) {
	c := New(Options{})
	for i, r := range tree("s") {
		c.Add(r)
		if b := c.Summary().Blocks[0]; i == 3 && b.Metrics.Get("path_turns").Mean != 3 {
			t.Errorf("path of %v turns, want 3", b.Metrics.Get("path_turns").Mean)
		}
	}
}

// A conversation without graphs, of an older release, is a chain.
func TestChain(t *testing.T) {
	all := []*record.Record{step("s", 1, 0, 100, 0), step("s", 2, 150, 250, 0), step("s", 3, 250, 300, 0)}
	for _, r := range all {
		r.Turns = 3
	}
	b := blockOf(t, Options{}, all...)
	if m := b.Metrics.Get("conversation_wait_ms"); m.Mean != 50 {
		t.Errorf("waits of %v ms, want 50", m.Mean)
	}
}

// A good session meets the limits of sessions, and its requests those of requests.
func TestGoodSessions(t *testing.T) {
	late := tree("late")
	late[3].LatencyMs += 100
	slow := tree("slow")
	slow[1].TTFTMs = 60
	failed := tree("failed")
	failed[2].OK, failed[2].Skipped = false, 2
	var limits []gate.Limit
	for _, text := range []string{"ttft_ms<50", "conversation_ms<600"} {
		l, err := gate.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		limits = append(limits, l)
	}
	b := blockOf(t, Options{Goodput: limits}, slices.Concat(tree("good"), late, slow, failed)...)
	if g := b.Goodput; g.Sessions != 1 || g.SessionShare != 0.25 || g.Count != 14 {
		t.Errorf("%+v", g)
	}
	if s := b.Sessions; s.Count != 4 || s.OK != 3 || s.Skipped != 2 || s.SkippedRate != 2./18 {
		t.Errorf("%+v", s)
	}
}

// Figures by depth are of ranges that double.
func TestDepths(t *testing.T) {
	var all []*record.Record
	for depth := 1; depth <= 5; depth++ {
		r := step("s", depth, int64(depth*100), int64(depth*100+depth), depth)
		r.CachedTokens = 20 * (depth - 1)
		all = append(all, r)
	}
	got := blockOf(t, Options{}, all...).Depths
	type row struct {
		from, to int
		n        int64
		latency  dist.Num
		hit      dist.Num
	}
	var rows []row
	for _, d := range got {
		rows = append(rows, row{d.From, d.To, d.Requests, d.Latency.Mean, d.CacheHit})
	}
	want := []row{{1, 1, 1, 1, dist.NaN()}, {2, 2, 1, 2, 0.2}, {3, 4, 2, 3.5, 0.5}, {5, 8, 1, 5, 0.8}}
	for i := range want {
		same := i < len(rows) && rows[i].from == want[i].from && rows[i].to == want[i].to && rows[i].n == want[i].n &&
			rows[i].latency == want[i].latency && (rows[i].hit == want[i].hit || !rows[i].hit.Known() && !want[i].hit.Known())
		if !same || len(rows) != len(want) {
			t.Fatalf("%+v, want %+v", rows, want)
		}
	}
}
