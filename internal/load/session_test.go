package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/request"
)

// graph parses words such as c<a,b~a+50: request c after a and b, with the history of a, 50 ms after their end.
func graph(t *testing.T, name, words string) *Request {
	t.Helper()
	var parts []*Request
	for i, word := range strings.Fields(words) {
		r := request.Request{Session: name, Source: request.Source{File: "f", Line: i + 1}}
		word, delay, _ := strings.Cut(word, "+")
		fmt.Sscan(delay, &r.DelayMs)
		word, r.History, _ = strings.Cut(word, "~")
		id, after, _ := strings.Cut(word, "<")
		if r.ID = id; after != "" {
			r.After = strings.Split(after, ",")
		}
		r.Body = []byte(fmt.Sprintf(`{"messages":[{"role":"user","content":%q}]}`, id))
		parts = append(parts, NewRequest(r))
	}
	whole, err := NewSession(name, parts)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// graphs is a source of sessions.
func graphs(t *testing.T, words ...string) *lines {
	return &lines{n: len(words), make: func(i int) *Request { return graph(t, fmt.Sprintf("s%d", i), words[i]) }}
}

// starts shows when each request was due and sent, in ms, in this order.
func starts(recs []*Record) string {
	var b strings.Builder
	recs = slices.Clone(recs)
	slices.SortStableFunc(recs, func(a, b *Record) int {
		return cmp.Or(cmp.Compare(a.ScheduledUs, b.ScheduledUs), strings.Compare(a.ID, b.ID))
	})
	for _, r := range recs {
		fmt.Fprintf(&b, "%s:%g", r.ID, float64(r.ScheduledUs)/1000)
		if r.SentUs != r.ScheduledUs {
			fmt.Fprintf(&b, "=%g", float64(r.SentUs)/1000)
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

func TestSessions(t *testing.T) {
	closed := Point{Mode: Closed, Limit: 1}
	for _, c := range []struct {
		name, sessions string // separated by |
		p              Point
		want           string
	}{
		{"chain", "a b<a+50 c<b", closed, "a:0 b:150 c:250"},
		{"lines in any order", "c<b b<a+50 a", closed, "a:0 b:150 c:250"},
		{"fork and join", "a b<a c<a+30 d<b,c", closed, "a:0 b:100 c:130 d:230"},
		{"two roots", "a b+20 c<a,b", closed, "a:0 b:20 c:120"},
		{"history is a parent", "a b~a", closed, "a:0 b:100"},
		{"one slot, one session", "a b<a c<a|x", closed, "a:0 b:100 c:100 x:200"},
		{"two slots", "a b<a|x y<x|z", Point{Mode: Closed, Limit: 2}, "a:0 x:0 b:100 y:100 z:200"},
		{"a waiting session keeps its slot", "a b<a+500|x", closed, "a:0 b:600 x:700"},
		{"speed-up", "a b<a+50", Point{Mode: Closed, Limit: 1, Speedup: 5}, "a:0 b:110"},
		{"limit of delays", "a b<a+5000 c<b+1", closed, "a:0 b:1100 c:1201"}, // the limit is 1 s
		{"open loop", "a b<a+50|x y<x|z", Point{Mode: Open, Pacer: every(10 * ms)}, "a:0 x:10 z:20 y:110 b:150"},
		{"open loop with few connections", "a b<a+50|x y<x|z", Point{Mode: Open, Pacer: every(10 * ms), Limit: 8},
			"a:0 x:10 z:20 y:110 b:150"},
		{"capped", "a b<a+50|x y<x", Point{Mode: Capped, Limit: 1, Pacer: every(10 * ms)}, "a:0 x:10=250 b:150 y:350"},
		{"duration", "a b<a c<b|x", Point{Mode: Closed, Limit: 1, Duration: 150 * ms}, "a:0 b:100"},
		{"duration in a wait", "a b<a+100 c<a", Point{Mode: Closed, Limit: 1, Duration: 150 * ms}, "a:0 c:100"},
		{"number", "a b<a|x|y", Point{Mode: Closed, Limit: 1, Number: 2}, "a:0 b:100 x:200"},
		{"plain requests between", "a b<a|-|x y<x", Point{Mode: Closed, Limit: 2}, "a:0 x-1:0 b:100 x:100 y:200"},
	} {
		list := strings.Split(c.sessions, "|")
		src := graphs(t, list...)
		src.make = func(i int) *Request {
			if list[i] == "-" {
				return NewRequest(request.Request{})
			}
			return graph(t, fmt.Sprintf("s%d", i), list[i])
		}
		server := &fakeServer{takes: 100 * ms, reply: func(int) string { return `{"role":"assistant","content":""}` }}
		recs, _, err := run(t, c.p, server, src, func(e *Engine) { e.Sessions.MaxDelay = time.Second })
		if got := starts(recs); got != c.want || err != nil {
			t.Errorf("%s: got %s, want %s (%v)", c.name, got, c.want, err)
		}
	}
}

// A request that fails takes those with it that follow from it, and no other.
func TestFailedRequestSkipsItsDescendants(t *testing.T) {
	server := &fakeServer{takes: 100 * ms, fail: func(n int) bool { return n == 1 }}
	src := graphs(t, "a b<a c<a+10 d<b e<d,c f<c g<f")
	var counts *Counts
	recs, _, err := run(t, Point{Mode: Closed, Limit: 1}, server, src, func(e *Engine) { counts = &e.Counts })
	if got, want := starts(recs), "a:0 b:100 c:110 f:210 g:310"; got != want || err != nil {
		t.Errorf("got %s, want %s (%v)", got, want, err)
	}
	if recs[1].Skipped != 2 || recs[2].Skipped != 0 || counts.Sessions.Unanswered.Load() != 0 {
		t.Errorf("skipped %d and %d, unanswered %d", recs[1].Skipped, recs[2].Skipped, counts.Sessions.Unanswered.Load())
	}
	if n := counts.Sessions.Unsent.Load(); n != 0 {
		t.Errorf("%d requests count as not sent", n)
	}
}

func TestRecordsOfASession(t *testing.T) {
	server := &fakeServer{takes: 100 * ms}
	recs, _, _ := run(t, Point{Mode: Closed, Limit: 1}, server, graphs(t, "a b<a+50 c<a d<b,c+5"), nil)
	var got []string
	for _, r := range recs {
		got = append(got, fmt.Sprint(r.ID, r.Session, r.Turn, "/", r.Turns, r.Depth, r.AfterTurns, r.DelayMs))
	}
	want := []string{"a s0 1/4 1 [] 0", "c s0 3/4 2 [1] 0", "b s0 2/4 2 [1] 50", "d s0 4/4 3 [2 3] 5"}
	for i, w := range want {
		want[i] = strings.Replace(w, " s0 ", "s0", 1)
	}
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], " / ", "/")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSessionHistory(t *testing.T) {
	server := &fakeServer{takes: 100 * ms, reply: func(n int) string { return fmt.Sprintf(`{"role":"assistant","content":"r%d"}`, n) }}
	_, _, err := run(t, Point{Mode: Closed, Limit: 1}, server, graphs(t, "a b~a c~a+10 d<b,c~c e<d"), nil)
	user := func(s string) string { return fmt.Sprintf(`{"role":"user","content":%q}`, s) }
	reply := func(n int) string { return fmt.Sprintf(`{"role":"assistant","content":"r%d"}`, n) }
	var want []string
	for _, list := range [][]string{
		{user("a")}, {user("a"), reply(0), user("b")}, {user("a"), reply(0), user("c")},
		{user("a"), reply(0), user("c"), reply(2), user("d")}, {user("e")},
	} {
		want = append(want, `{"messages":[`+strings.Join(list, ",")+`]}`)
	}
	if !slices.Equal(server.bodies, want) || err != nil {
		t.Errorf("bodies %q, want %q (%v)", server.bodies, want, err)
	}
}

// A session that starts midway passes a part of its requests; the next one of the slot passes none.
func TestSessionsStartMidway(t *testing.T) {
	chain := "a b~a+100 c~b+100 d~c+100 e~d+100"
	server := &fakeServer{takes: 100 * ms, reply: func(n int) string { return fmt.Sprintf(`{"role":"assistant","content":"r%d"}`, n) }}
	p := Point{Mode: Closed, Limit: 2}
	var counts *Counts
	recs, _, err := run(t, p, server, graphs(t, chain, chain, chain), func(e *Engine) {
		e.Sessions.Midway, e.Sessions.Seed = true, 3
		counts = &e.Counts
	})
	sent := map[string]string{}
	for _, r := range recs {
		sent[r.Session] += r.ID
	}
	passed := counts.Sessions.Passed.Load()
	if n := int64(len(sent["s0"]) + len(sent["s1"])); n+passed != 10 || sent["s2"] != "abcde" || err != nil || passed == 0 {
		t.Errorf("sent %v, passed %d (%v)", sent, passed, err)
	}
	for _, name := range []string{"s0", "s1"} {
		if !strings.HasSuffix("abcde", sent[name]) || sent[name] == "" {
			t.Errorf("%s sent %q", name, sent[name])
		}
	}
	for i, r := range recs {
		if r.Session == "s2" || r.Turn != 6-len(sent[r.Session]) || r.Turn == 1 {
			continue
		}
		if want := fmt.Sprintf("%d", r.Turn-1); fmt.Sprint(strings.Count(server.bodies[i], "…")) != want || r.DelayMs >= 100 {
			t.Errorf("the first request of %s is %s, after %g ms: %s", r.Session, r.ID, r.DelayMs, server.bodies[i])
		}
	}
}

func TestLimitOfSessions(t *testing.T) {
	for _, c := range []struct {
		words string
		n     int
		want  string
	}{
		{"a b<a c<b d<c", 2, "a:0 b:100"},
		{"d<c c<b b<a a", 3, "a:0 b:100 c:200"},
		{"a b<a c<b d<a", 3, "a:0 b:100 d:100"},
		{"a b<a", 0, "a:0 b:100"},
		{"a b<a", 2, "a:0 b:100"},
	} {
		r := graph(t, "s", c.words)
		all := len(r.Whole.requests)
		dropped := r.Whole.Limit(c.n)
		recs, _, _ := run(t, Point{Mode: Closed, Limit: 1}, &fakeServer{takes: 100 * ms},
			&lines{n: 1, make: func(int) *Request { return r }}, nil)
		if got := starts(recs); got != c.want || len(recs)+dropped != all || recs[0].Turns != len(recs) {
			t.Errorf("%s: %s, want %s; %d dropped", c.words, got, c.want, dropped)
		}
	}
}

// Results of tools go to the calls that the server made, or not at all.
func TestUnansweredRequestsAreSkipped(t *testing.T) {
	for _, skip := range []bool{false, true} {
		call := `{"role":"assistant","content":null,"tool_calls":[{"id":"real","type":"function","function":{"name":"f","arguments":"{}"}}]}`
		server := &fakeServer{takes: 100 * ms, reply: func(n int) string {
			if n == 0 {
				return call
			}
			return `{"role":"assistant","content":"done"}`
		}}
		whole := graph(t, "s", "a b~a c~b d<c")
		for _, i := range []int{1, 2} {
			whole.Whole.requests[i].Body = []byte(`{"messages":[{"role":"tool","tool_call_id":"captured","content":"42"}]}`)
		}
		var counts *Counts
		recs, _, err := run(t, Point{Mode: Closed, Limit: 1}, server,
			&lines{n: 1, make: func(int) *Request { return whole }}, func(e *Engine) {
				e.Sessions.SkipUnanswered = skip
				counts = &e.Counts
			})
		want := "a:0 b:100 c:200 d:300"
		if skip {
			want = "a:0 b:100"
		}
		if got := starts(recs); got != want || err != nil {
			t.Errorf("skip %v: %s, want %s (%v)", skip, got, want, err)
		}
		if !strings.Contains(server.bodies[1], `{"role":"tool","tool_call_id":"real","content":"42"}`) {
			t.Errorf("the second body is %s", server.bodies[1])
		}
		n := &counts.Sessions
		if skip && (recs[1].Skipped != 2 || n.Unanswered.Load() != 2 || n.AsUser.Load() != 0) {
			t.Errorf("skipped %d, %d results as user", n.Unanswered.Load(), n.AsUser.Load())
		}
		if !skip && (n.Mapped.Load() != 1 || n.AsUser.Load() != 1) {
			t.Errorf("%d mapped, %d as user", n.Mapped.Load(), n.AsUser.Load())
		}
	}
}

// Interrupted, a session starts no more requests, and what it did not send is counted.
func TestInterruptedSession(t *testing.T) {
	var counts *Counts
	var n atomic.Int64
	recs, _, err := run(t, Point{Mode: Closed, Limit: 1}, &fakeServer{takes: 100 * ms},
		graphs(t, "a b<a+1000 c<a d<c+1 e<b"), func(e *Engine) {
			counts = &e.Counts
			emit := e.Emit
			e.Emit = func(r *Record) error {
				if n.Add(1) == 2 {
					return fmt.Errorf("the reader went away")
				}
				return emit(r)
			}
			e.Grace = time.Second
		})
	if got := starts(recs); got != "a:0" || err == nil || counts.Sessions.Unsent.Load() != 3 {
		t.Errorf("%s, %v, %d unsent", got, err, counts.Sessions.Unsent.Load())
	}
}

// The agent that began another one is that of the last request before its first one.
func TestAgentsOfASession(t *testing.T) {
	words := "late<kid main1 kid<sub main2<main1 sub<main1,main2 own join<late,own,main2"
	agents := map[string]string{"sub": "sub", "kid": "sub/kid", "late": "sub/kid", "own": "own"}
	whole := graph(t, "s", words)
	parts := whole.Whole.requests
	for _, r := range parts {
		if a := agents[r.ID]; a != "" {
			r.Labels = map[string]string{"agent": a}
		}
	}
	if _, err := NewSession("s", parts); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range parts {
		got = append(got, r.ID+" "+r.Agent+"<"+r.Parent)
	}
	want := []string{"late sub/kid<sub", "main1 <", "kid sub/kid<sub", "main2 <", "sub sub<", "own own<", "join <"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
