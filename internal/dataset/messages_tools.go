package dataset

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// call converts a tool call of ShareGPT, {"name": …, "arguments": …}, or a list of them.
func (t *talk) call(v gjson.Result) message {
	calls := v
	if v.Type == gjson.String && gjson.Valid(v.Str) {
		calls = gjson.Parse(v.Str)
	}
	raw := []byte(`{"role":"assistant","content":null,"tool_calls":[`)
	for i, c := range calls.Array() {
		name, args := c.Get("name"), c.Get("arguments")
		if name.Type != gjson.String {
			return spoken("assistant", v) // prose, not a call
		}
		if !args.Exists() {
			args = c.Get("parameters")
		}
		text := args.Str
		if args.Type != gjson.String {
			text = strings.TrimSpace(args.Get("@ugly").Raw)
		}
		if text == "" {
			text = "{}"
		}
		if i > 0 {
			raw = append(raw, ',')
		}
		id := "call_" + strconv.Itoa(t.calls)
		t.calls++
		t.open = append(t.open, id)
		raw = append(raw, `{"id":"`+id+`","type":"function","function":{"name":`...)
		raw = fastjson.AppendString(raw, name.Str)
		raw = append(fastjson.AppendString(append(raw, `,"arguments":`...), text), "}}"...)
	}
	if len(calls.Array()) == 0 {
		return spoken("assistant", v)
	}
	return message{role: "assistant", calls: true, raw: append(raw, "]}"...)}
}

// result converts the result of the oldest call that has none yet.
func (t *talk) result(v gjson.Result) message {
	text := v.Str
	if v.Type != gjson.String {
		text = v.Get("@ugly").Raw
	}
	raw := []byte(`{"role":"tool",`)
	if len(t.open) > 0 {
		raw = append(fastjson.AppendString(append(raw, `"tool_call_id":`...), t.open[0]), ',')
		t.open = t.open[1:]
	}
	raw = fastjson.AppendString(append(raw, `"content":`...), text)
	return message{role: "tool", text: text, raw: append(raw, '}')}
}

// usesTools reports whether a part of content is a tool call, as Anthropic writes it.
func usesTools(v gjson.Result) (uses bool) {
	if v.IsArray() {
		v.ForEach(func(_, part gjson.Result) bool {
			uses = part.Get("type").Str == "tool_use"
			return !uses
		})
	}
	return uses
}

func hasCalls(v gjson.Result) bool { return v.IsObject() || v.IsArray() && len(v.Array()) > 0 }
