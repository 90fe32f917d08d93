package sessions

import (
	"fmt"
	"strings"
	"testing"
)

func labEvents(events ...string) string {
	for i, e := range events {
		kind, at, _ := strings.Cut(e, " ")
		events[i] = fmt.Sprintf(`{"event_type":%q,"timestamp":"2026-06-01T00:00:%sZ"}`, kind, at)
	}
	return `"timing_events":[` + strings.Join(events, ",") + `]`
}

func labRow(session string, prefix, total, out int, more string) string {
	return fmt.Sprintf(`{"session_id":%q,"prefix_tokens":%d,"newly_append_tokens":%d,"input_tokens_total":%d,"output_tokens":%d,%s}`,
		session, prefix, total-prefix, total, out, more)
}

func TestTraceLab(t *testing.T) {
	a0 := labRow("a", 0, 40, 7, labEvents("user_message 01.000", "text 02.000", "tool_call 03.500")+`,"tools":[{"tool_wall_latency_ms":860}]`)
	a1 := labRow("a", 32, 50, 8, labEvents("tool_result 04.000", "tool_result 05.250", "text 06.000"))
	b0 := labRow("b", 16, 17, 1, labEvents("user_message 09.000"))
	for _, c := range []struct{ name, in, want string }{
		// A round is sent when the last result of a tool is there; sessions may be interleaved.
		{"rounds", a0 + "\n" + b0 + "\n" + a1, "a: 0[40/7] 1<0+1750[50/8]\nb: 0[17/1]"},
		{"by time", a1 + "\n" + a0, "a: 0[40/7] 1<0+1750[50/8]"},
		{"no times", labRow("a", 0, 40, 7, `"tools":[{"tool_wall_latency_ms":860},{"tool_wall_latency_ms":90}]`) + "\n" +
			labRow("a", 0, 40, 7, `"tools":[]`), "a: 0[40/7] 1<0+860[40/7]"},
		{"replay", `{"session_id":"0","arrival_time":"200","round_idx":"0","prefix_len":"0","input_len":"512","output_len":"64","tool_wait_after_ms":"100"}` + "\n" +
			`{"session_id":"0","round_idx":"1","prefix_len":"576","input_len":"128","output_len":"64","tool_wait_after_ms":"0"}`,
			"0: 0[512/64] 1<0+100[704/64]"},
		{"no session", `{"prefix_tokens":1}`, "line 1: a round without session_id"},
		{"length", `{"session_id":"a","input_tokens_total":1.5}`, "line 1: input_tokens_total: not a number of tokens: 1.5"},
		{"text", `{"session_id":"a","prefix_len":"x"}`, `line 1: prefix_len: not a number: "x"`},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, &TraceLab{}, c.in, c.want) })
	}
	// A prompt begins with the blocks of the one before, as far as its prefix.
	all, _ := read(&TraceLab{Size: 8}, a0+"\n"+a1)
	first, second := all[0].Calls[0].Blocks, all[0].Calls[1].Blocks
	if len(first) != 5 || len(second) != 6 || first[3] != second[3] || first[4] == second[4] {
		t.Errorf("blocks %v, then %v", first, second)
	}
}

func FuzzTraceLab(f *testing.F) {
	fuzz(f, func() Decoder { return &TraceLab{} },
		labRow("a", 0, 40, 7, labEvents("user_message 01.000", "text 02.000"))+"\n"+labRow("a", 32, 50, 8, labEvents()),
		`{"session_id":"0","prefix_len":"576","input_len":"128","output_len":"64","tool_wait_after_ms":"1e3"}`)
}
