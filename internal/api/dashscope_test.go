package api

import (
	"fmt"
	"testing"
)

// A stream that only the header asked for repeats the tool calls so far, unless the model sends what is new.
func TestDashscopeCalls(t *testing.T) {
	event := func(calls, finish string) string {
		return `{"output":{"choices":[{"message":{"role":"assistant","content":"","tool_calls":[` + calls +
			`]},"finish_reason":"` + finish + `"}]},"usage":{"input_tokens":3,"output_tokens":2}}`
	}
	call := func(index int, name, arguments string) string {
		return fmt.Sprintf(`{"index":%d,"id":"c%[1]d","function":{"name":%q,"arguments":%q}}`, index, name, arguments)
	}
	for name, events := range map[string][]string{
		"growing": {
			event(call(0, "f", ""), "null"), event(call(0, "f", `{"a"`), "null"),
			event(call(0, "f", `{"a":1}`), "null"), event(call(0, "f", `{"a":1}`)+","+call(1, "g", `{`), "null"),
			event(call(0, "f", `{"a":1}`)+","+call(1, "g", `{}`), "null"),
			event(call(0, "f", `{"a":1}`)+","+call(1, "g", `{}`), "tool_calls"),
		},
		"pieces": {
			event(call(0, "f", ""), "null"), event(call(0, "", `{"a"`), "null"), event(call(0, "", `:1}`), "null"),
			event(call(1, "g", `{`), "null"), event(call(1, "", `}`), "null"), event("", "tool_calls"),
		},
	} {
		read := new(dashscopeReader).read
		var got [2]Call
		for _, data := range events {
			v, err := parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range read(v).Calls {
				g := &got[c.Index]
				g.ID, g.Name, g.Arguments = c.ID, g.Name+c.Name, g.Arguments+c.Arguments
			}
		}
		if want := [2]Call{{ID: "c0", Name: "f", Arguments: `{"a":1}`}, {ID: "c1", Name: "g", Arguments: "{}"}}; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
