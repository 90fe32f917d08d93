package sessions

import (
	"strings"
	"testing"
)

// dag returns a conversation with a turn for each text, which has the members that follow it after a comma.
func dag(id, more string, turns ...string) string {
	for i, t := range turns {
		text, members, _ := strings.Cut(t, ",")
		if members != "" {
			members = "," + members
		}
		turns[i] = `{"messages":[{"role":"user","content":"` + text + `"}]` + members + `}`
	}
	if len(turns) > 0 {
		more += `,"turns":[` + strings.Join(turns, ",") + `]`
	}
	return `{"session_id":"` + id + `"` + more + `}` + "\n"
}

func TestDAG(t *testing.T) {
	says := func(text string) string { return `=[{"role":"user","content":"` + text + `"}]` }
	for _, c := range []struct{ name, in, want string }{
		{"delay", dag("a", "", "x", `y,"delay":250`), "a: 0" + says("x") + " 1<0+250~0" + says("y")},
		{"spawn and join", dag("r", "", `go,"spawns":[{"children":["k"],"join_at":2}]`, "b", `c,"delay":50`) + dag("k", "", "sub", "more"),
			"r: 0" + says("go") + " k/0<0" + says("sub") + " k/1<k/0~k/0" + says("more") + " 1<0~0" + says("b") + " 2<k/1,1+50~1" + says("c")},
		{"fork", dag("r", "", `go,"forks":["f","g"]`) + dag("f", "", "x") + dag("g", "", `y,"delay":5`),
			"r: 0" + says("go") + " f/0<0~0" + says("x") + " g/0<0+5~0" + says("y")},
		{"fork in the background", dag("r", "", `go,"forks":[{"child":"f","background":true}]`, "on") + dag("f", "", "x"),
			"r: 0" + says("go") + " f/0<0~0" + says("x") + " 1<0~0" + says("on")},
		{"spawned twice", dag("r", "", `a,"spawns":["k"]`, `b,"spawns":["k"]`) + dag("k", "", "x"),
			"r: 0" + says("a") + " k/0<0" + says("x") + " 1<k/0~0" + says("b") + " k#2/0<1" + says("x")},
		{"before the session", dag("r", `,"pre_session_spawns":["b"]`, "a", "c") + dag("b", "", "x"),
			"r: b/0" + says("x") + " 0" + says("a") + " 1<0~0" + says("c")},
		{"two sessions", dag("a", "", "x") + dag("b", "", "y"), "a: 0" + says("x") + "\nb: 0" + says("y")},
		{"orchestrator", dag("o", `,"orchestrator":true,"rounds":2,"think_time_ms":7,"spawns":["a","b"]`) + dag("a", "", "x", "y") + dag("b", "", "z"),
			"o: a/0+7" + says("x") + " a/1<a/0~a/0" + says("y") + " b/0+7" + says("z") + " a#2/0<a/1,b/0+7" + says("x") +
				" a#2/1<a#2/0~a#2/0" + says("y") + " b#2/0<a/1,b/0+7" + says("z")},
		{"rounds", dag("o", `,"orchestrator":true,"rounds":[{"spawns":["a"],"think_time_ms":50},{"spawns":["b"]}]`) + dag("a", "", "x") + dag("b", "", "y"),
			"o: a/0+50" + says("x") + " b/0<a/0" + says("y")},
		{"whole arrays", dag("a", `,"context_mode":"message_array_with_responses"`, "x", "y"), "a: 0" + says("x") + " 1<0" + says("y")},

		{"unknown", dag("a", "", `x,"spawns":["b"]`), `line 1: there is no conversation "b"`},
		{"cycle", dag("a", "", `x,"spawns":["b"]`) + dag("b", "", `x,"forks":["a"]`), "line 1: every conversation is spawned by another one"},
		{"inner cycle", dag("r", "", `x,"spawns":["a"]`) + dag("a", "", `x,"spawns":["b"]`) + dag("b", "", `x,"forks":["a"]`),
			`line 3: the conversation "a" starts itself`},
		{"twice", dag("a", "", "x") + dag("a", "", "x"), "a: 0" + says("x") + "\n" + `line 2: the conversation "a" is already in line 1`},
		{"early fork", dag("a", "", `x,"forks":["b"]`, "y"), `line 1: turns[0]: the fork to "b" is not on the last turn, nor in the background`},
		{"join", dag("a", "", `x,"spawns":[{"children":["b"],"join_at":1}]`), "line 1: turns[0]: join_at 1 is not a later turn"},
		{"no turns", dag("a", ""), "line 1: a conversation without turns"},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, &DAG{}, c.in, c.want) })
	}
}

// Think times are drawn from a lognormal distribution with the same result each time, and stay within their limits.
func TestThinkTime(t *testing.T) {
	in := dag("o", `,"orchestrator":true,"rounds":50,"think_time_ms":100,"think_time_sigma":2,"think_time_min_ms":50,"think_time_max_ms":400,"spawns":["a"]`) +
		dag("a", "", "x")
	all, _ := read(&DAG{Seed: 1}, in)
	again, _ := read(&DAG{Seed: 1}, in)
	seen := map[float64]bool{}
	for k, c := range all[0].Calls {
		if seen[c.DelayMs] = true; c.DelayMs < 50 || c.DelayMs > 400 || c.DelayMs != again[0].Calls[k].DelayMs {
			t.Errorf("call %d: %g ms, then %g", k, c.DelayMs, again[0].Calls[k].DelayMs)
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d different times", len(seen))
	}
}

func FuzzDAG(f *testing.F) {
	fuzz(f, func() Decoder { return &DAG{} }, dag("r", "", `go,"spawns":[{"children":["k"],"join_at":2}]`, "b", `c,"delay":50`)+dag("k", "", "sub", "more"),
		dag("o", `,"orchestrator":true,"rounds":2,"think_time_ms":7,"spawns":["a","b"]`)+dag("a", "", "x", "y")+dag("b", "", "z"))
}
