package dataset

import (
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/fastjson"
)

// langChainRoles are the types of LangChain's messages, and the roles that other APIs have for them.
var langChainRoles = map[string]string{"human": "user", "ai": "assistant", "system": "system", "tool": "tool",
	"HumanMessage": "user", "AIMessage": "assistant", "AIMessageChunk": "assistant", "SystemMessage": "system",
	"ToolMessage": "tool"}

// langChain returns a message of LangChain, as LangSmith exports it, with a role: an object with type and content, or
// with them in data, or in the kwargs of a constructor. It reports whether m is one.
func langChain(m gjson.Result) (_ gjson.Result, ok bool) {
	kind, in := m.Get("type").Str, m
	if kwargs := m.Get("kwargs"); kind == "constructor" && kwargs.IsObject() {
		names := m.Get("id").Array()
		if in = kwargs; len(names) > 0 {
			kind = names[len(names)-1].Str
		}
	} else if data := m.Get("data"); data.IsObject() {
		in = data
	}
	role, content := langChainRoles[kind], in.Get("content")
	if role == "" || !content.Exists() || m.Get("role").Exists() {
		return m, false
	}
	raw := append(fastjson.AppendString([]byte(`{"role":`), role), `,"content":`...)
	raw = append(raw, content.Raw...)
	if calls := langChainCalls(in); calls != nil {
		raw = append(append(raw, `,"tool_calls":`...), calls...)
	}
	if id := in.Get("tool_call_id"); id.Type == gjson.String {
		raw = append(append(raw, `,"tool_call_id":`...), id.Raw...)
	}
	return gjson.ParseBytes(append(raw, '}')), true
}

// langChainCalls returns the tool calls of a message as OpenAI's API has them, or nil.
func langChainCalls(in gjson.Result) json.RawMessage {
	if own := in.Get("additional_kwargs.tool_calls"); len(own.Array()) > 0 {
		return json.RawMessage(own.Raw)
	}
	var calls []string
	for _, c := range in.Get("tool_calls").Array() {
		call := fastjson.AppendString([]byte(`{"id":`), c.Get("id").String())
		call = fastjson.AppendString(append(call, `,"type":"function","function":{"name":`...), c.Get("name").String())
		call = append(append(call, `,"arguments":`...), body.Value(c.Get("args").Raw)...)
		calls = append(calls, string(append(call, "}}"...)))
	}
	if calls == nil {
		return nil
	}
	return json.RawMessage("[" + strings.Join(calls, ",") + "]")
}

// isLangChain reports whether v is a list of LangChain's messages.
func isLangChain(v gjson.Result) bool {
	_, ok := langChain(v.Get("0"))
	return v.IsArray() && ok
}
