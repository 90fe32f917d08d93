package request

import (
	"encoding/json"
	"testing"
)

// In the Responses API, calls and results are items of the list that has the messages, and a text is a message.
func TestHistoryOfItems(t *testing.T) {
	const (
		text  = `{"type":"message","role":"assistant","content":"I look"}`
		callX = `{"type":"function_call","call_id":"x","name":"f","arguments":"{}"}`
		callY = `{"type":"function_call","call_id":"y","name":"g","arguments":"{}"}`
		go_   = `{"role":"user","content":"go"}`
	)
	result := func(id, output string) string {
		return `{"type":"function_call_output","call_id":"` + id + `","output":` + output + `}`
	}
	for _, c := range []struct {
		name, reply, input, want string
		n                        ToolCounts
		isAnswered               bool
	}{
		{"a text", text, `"go"`, go_, ToolCounts{}, true},
		{"a list", text, `[` + go_ + `]`, go_, ToolCounts{}, true},
		{"an empty list", text, `[]`, ``, ToolCounts{}, true},
		{"results", text + "," + callX + "," + callY, `[` + result("1", `"a"`) + `,` + result("2", `[{"type":"input_image"}]`) + `]`,
			result("x", `"a"`) + `,` + result("y", `[{"type":"input_image"}]`), ToolCounts{Mapped: 2}, true},
		{"a result of another kind", callX, `[{"type":"custom_tool_call_output","call_id":"1","output":"a"}]`,
			result("x", `"a"`), ToolCounts{Mapped: 1}, true},
		{"no call", text, `[` + result("1", `"a"`) + `]`, `{"role":"user","content":"a"}`, ToolCounts{AsUser: 1}, false},
		{"no output", text, `[{"type":"function_call_output","call_id":"1"}]`, `{"role":"user","content":""}`,
			ToolCounts{AsUser: 1}, false},
		{"too many calls", callX + "," + callY, `[` + result("1", `"a"`) + `,` + go_ + `]`,
			result("x", `"a"`) + `,` + result("y", `""`) + `,` + go_, ToolCounts{Mapped: 1, Empty: 1}, true},
		{"a call without a result, and a text", callX, `"go"`, result("x", `""`) + `,` + go_, ToolCounts{Empty: 1}, true},
		{"a call of its own", text, `[` + callY + `,` + result("y", `"a"`) + `]`, callY + `,` + result("y", `"a"`),
			ToolCounts{}, true},
		{"no reply", ``, `"go"`, go_, ToolCounts{}, true},
	} {
		const first = `{"role":"user","content":"first"}`
		_, own, _, err := (*History)(nil).Next(json.RawMessage(`{"input": "first"}`))
		if err != nil {
			t.Fatal(err)
		}
		h := (*History)(nil).With(own, json.RawMessage(`[`+c.reply+`]`))
		body := json.RawMessage(`{"model":"m","input": ` + c.input + ` }`)
		got, own, n, err := h.Next(body)
		want := first
		for _, part := range []string{c.reply, c.want} {
			if part != "" {
				want += "," + part
			}
		}
		want = `{"model":"m","input": [` + want + `] }`
		if string(got) != want || string(own) != c.want || n != c.n || err != nil {
			t.Errorf("%s: %s\nwant %s\n%+v, want %+v (%v)", c.name, got, want, n, c.n, err)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %s", c.name, got)
		}
		if h.Answers(body) != c.isAnswered {
			t.Errorf("%s: answered %v", c.name, !c.isAnswered)
		}
	}
	for _, body := range []string{`{"input":[1,2]}`, `{"input":["a"]}`, `{"messages":"a","input":"b"}`, `{"input":{}}`} {
		if r := (Request{Body: []byte(body)}); r.HasMessages() {
			t.Errorf("%s has messages", body)
		}
	}
}
