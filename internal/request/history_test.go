package request

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// reply returns an assistant's message with calls such as id:name.
func reply(calls ...string) json.RawMessage {
	var list []string
	for _, c := range calls {
		id, name, _ := strings.Cut(c, ":")
		list = append(list, fmt.Sprintf(`{"id":%q,"type":"function","function":{"name":%q,"arguments":"{}"}}`, id, name))
	}
	if len(list) == 0 {
		return json.RawMessage(`{"role":"assistant","content":"text"}`)
	}
	return json.RawMessage(`{"role":"assistant","content":null,"tool_calls":[` + strings.Join(list, ",") + `]}`)
}

func TestHistoryIsShared(t *testing.T) {
	body := func(s string) json.RawMessage {
		return json.RawMessage(`{"model":"m", "messages" : [ ` + s + ` ], "n":1}`)
	}
	_, own, _, err := (*History)(nil).Next(body(`{"a":1},{"b":2}`))
	if err != nil {
		t.Fatal(err)
	}
	root := (*History)(nil).With(own, json.RawMessage(`{"r":0}`))
	_, own, _, _ = root.Next(body(`{"c":3}`))
	left := root.With(own, json.RawMessage(`{"r":1}`))
	for _, c := range []struct {
		h          *History
		next, want string
	}{
		{nil, `{"x":0}`, ` {"x":0} `},
		{root, `{"x":0}`, `{"a":1},{"b":2},{"r":0},{"x":0}`},
		{left, `{"x":0}`, `{"a":1},{"b":2},{"r":0},{"c":3},{"r":1},{"x":0}`},
		{root, ``, `{"a":1},{"b":2},{"r":0}`},
		{left.With(nil, json.RawMessage(`{"r":2}`)), ``, `{"a":1},{"b":2},{"r":0},{"c":3},{"r":1},{"r":2}`},
	} {
		got, _, _, err := c.h.Next(body(c.next))
		if want := `{"model":"m", "messages" : [` + c.want + `], "n":1}`; string(got) != want || err != nil {
			t.Errorf("%s, want %s (%v)", got, want, err)
		}
	}
	if _, _, _, err := root.Next(json.RawMessage(`{"prompt":"p"}`)); err == nil {
		t.Error("a body without messages has a history")
	}
}

func TestToolResults(t *testing.T) {
	tool := func(id, rest string) string {
		return fmt.Sprintf(`{"role":"tool","tool_call_id":%q%s,"content":"c-%s"}`, id, rest, id)
	}
	user := func(s string) string { return fmt.Sprintf(`{"role":"user","content":"%s"}`, s) }
	empty := func(id string) string { return fmt.Sprintf(`{"role":"tool","tool_call_id":%q,"content":""}`, id) }
	real := func(old, id string) string { return strings.Replace(tool(old, ""), `"`+old+`"`, `"`+id+`"`, 1) }
	for _, c := range []struct {
		name       string
		reply      json.RawMessage
		own        []string
		want       []string
		n          ToolCounts
		isAnswered bool
	}{
		{"in order", reply("x:f", "y:g"), []string{tool("1", ""), tool("2", "")}, []string{real("1", "x"), real("2", "y")},
			ToolCounts{Mapped: 2}, true},
		{"by name", reply("x:f", "y:g"), []string{tool("1", `,"name":"g"`), tool("2", `,"name":"f"`)},
			[]string{strings.Replace(tool("1", `,"name":"g"`), `"1"`, `"y"`, 1), strings.Replace(tool("2", `,"name":"f"`), `"2"`, `"x"`, 1)},
			ToolCounts{Mapped: 2}, true},
		{"no call", reply(), []string{tool("1", ""), user("next")}, []string{user("c-1"), user("next")}, ToolCounts{AsUser: 1}, false},
		{"too few calls", reply("x:f"), []string{tool("1", ""), tool("2", "")}, []string{real("1", "x"), user("c-2")},
			ToolCounts{Mapped: 1, AsUser: 1}, false},
		{"too many calls", reply("x:f", "y:g"), []string{tool("1", ""), user("next")},
			[]string{real("1", "x"), empty("y"), user("next")}, ToolCounts{Mapped: 1, Empty: 1}, true},
		{"calls without results", reply("x:f"), []string{user("next")}, []string{empty("x"), user("next")}, ToolCounts{Empty: 1}, true},
		{"calls and nothing", reply("x:f"), nil, []string{empty("x")}, ToolCounts{Empty: 1}, true},
		{"one result in two parts", reply("x:f"), []string{tool("1", ""), tool("1", "")}, []string{real("1", "x"), real("1", "x")},
			ToolCounts{Mapped: 2}, true},
		{"calls of its own", reply(), []string{string(reply("1:f")), tool("1", "")}, []string{string(reply("1:f")), tool("1", "")},
			ToolCounts{}, true},
		{"an id to be escaped", reply(`x\"y:f`), []string{tool("1", "")}, []string{real("1", `x\\\"y`)}, ToolCounts{Mapped: 1}, true},
		{"no content", reply(), []string{`{"role":"tool","tool_call_id":"1","content":null}`}, []string{user("")}, ToolCounts{AsUser: 1}, false},
		{"no id", reply("x:f"), []string{`{"role":"tool","content":"c"}`}, []string{`{"tool_call_id":"x","role":"tool","content":"c"}`},
			ToolCounts{Mapped: 1}, true},
	} {
		h := (*History)(nil).With(nil, c.reply)
		body := json.RawMessage(`{"messages":[` + strings.Join(c.own, ",") + `]}`)
		got, own, n, err := h.Next(body)
		want := strings.Join(c.want, ",")
		if string(got) != `{"messages":[`+string(c.reply)+","+want+`]}` || string(own) != want || n != c.n || err != nil {
			t.Errorf("%s: %s\nwant own %s\n%+v, want %+v (%v)", c.name, got, want, n, c.n, err)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %s", c.name, got)
		}
		if h.Answers(body) != c.isAnswered {
			t.Errorf("%s: answered %v", c.name, !c.isAnswered)
		}
	}
}

// Anthropic's results are blocks at the beginning of one message of the user.
func TestToolResultsInBlocks(t *testing.T) {
	calls := func(ids ...string) json.RawMessage {
		list := []string{`{"type":"text","text":"I look"}`}
		for _, id := range ids {
			list = append(list, `{"type":"tool_use","id":"`+id+`","name":"f","input":{"a":1}}`)
		}
		return json.RawMessage(`{"role":"assistant","content":[` + strings.Join(list, ",") + `]}`)
	}
	block := func(id, content string) string {
		return `{"type":"tool_result","tool_use_id":"` + id + `","content":` + content + `}`
	}
	text := func(s string) string { return `{"type":"text","text":"` + s + `"}` }
	user := func(blocks ...string) string { return `{"role":"user","content":[` + strings.Join(blocks, ",") + `]}` }
	plain := `{"role":"user","content":"next"}`
	for _, c := range []struct {
		name     string
		reply    json.RawMessage
		own      string
		want     string
		n        ToolCounts
		answered bool
	}{
		{"in order", calls("x", "y"), user(block("1", `"a"`), block("2", `"b"`), text("go")),
			user(block("x", `"a"`), block("y", `"b"`), text("go")), ToolCounts{Mapped: 2}, true},
		{"other members stay", calls("x"), `{"content":[` + block("1", `"a"`) + `],"role":"user","cache_control":{}}`,
			`{"content":[` + block("x", `"a"`) + `],"role":"user","cache_control":{}}`, ToolCounts{Mapped: 1}, true},
		{"no call", calls(), user(block("1", `"a"`), text("go")), user(text("a"), text("go")), ToolCounts{AsUser: 1}, false},
		{"no call, blocks", calls(), user(block("1", `[`+text("a")+`,`+text("b")+`]`)), user(text("a"), text("b")),
			ToolCounts{AsUser: 1}, false},
		{"no call, nothing", calls(), user(block("1", `""`), block("2", `[]`)), user(text("…"), text("…")),
			ToolCounts{AsUser: 2}, false},
		{"too few calls", calls("x"), user(block("1", `"a"`), block("2", `"b"`)), user(block("x", `"a"`), text("b")),
			ToolCounts{Mapped: 1, AsUser: 1}, false},
		{"too many calls", calls("x", "y"), user(block("1", `"a"`), text("go")),
			user(block("x", `"a"`), block("y", `""`), text("go")), ToolCounts{Mapped: 1, Empty: 1}, true},
		{"calls without results", calls("x"), plain, user(block("x", `""`), text("next")), ToolCounts{Empty: 1}, true},
		{"calls and nothing", calls("x"), "", user(block("x", `""`)), ToolCounts{Empty: 1}, true},
		{"calls and a reply", calls("x"), string(calls()), user(block("x", `""`)) + "," + string(calls()),
			ToolCounts{Empty: 1}, true},
		{"no content", calls("x"), `{"role":"user"}`, user(block("x", `""`)), ToolCounts{Empty: 1}, true},
		{"calls of its own", calls(), string(calls("1")) + "," + user(block("1", `"a"`)),
			string(calls("1")) + "," + user(block("1", `"a"`)), ToolCounts{}, true},
		{"text alone", calls(), plain, plain, ToolCounts{}, true},
	} {
		h := (*History)(nil).With(nil, c.reply)
		body := json.RawMessage(`{"messages":[` + c.own + `]}`)
		got, own, n, err := h.Next(body)
		if string(own) != c.want || n != c.n || err != nil {
			t.Errorf("%s: %s\nwant %s\n%+v, want %+v (%v)", c.name, own, c.want, n, c.n, err)
		}
		if !json.Valid(got) || h.Answers(body) != c.answered {
			t.Errorf("%s: answered %v: %s", c.name, !c.answered, got)
		}
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(`{"messages":[{"role":"tool","tool_call_id":"1","content":[1]}]}`, string(reply("x:f")))
	f.Add(`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}, {}]}]}`,
		`{"role":"assistant","content":[{"type":"tool_use","id":"x"}]}`)
	f.Add(`{"messages":[]}`, `{"role":"assistant","content":""}`)
	f.Add(`{"input":"a"}`, `[{"type":"function_call","call_id":"x"}]`)
	f.Add(`{"input":[{"type":"function_call_output","call_id":"1","output":[]}]}`, `[ ]`)
	f.Fuzz(func(t *testing.T, body, answer string) {
		if !json.Valid([]byte(body)) || !json.Valid([]byte(answer)) {
			return
		}
		var own []byte
		h := (*History)(nil)
		for range 2 {
			whole, mine, _, err := h.Next(json.RawMessage(body))
			if err != nil {
				return
			}
			if !json.Valid(whole) {
				t.Fatalf("%s became %s", body, whole)
			}
			own = mine
			h = h.With(own, json.RawMessage(answer))
		}
	})
}
