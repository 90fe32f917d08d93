package sessions

import (
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// Messages stand in attributes of the span by today's conventions. Instrumentations may also put these attributes on an
// event of the span, and older ones have an event with all messages, an event for each message, or an attribute for
// each member of a message (gen_ai.prompt.0.role).

const (
	inputKey  = "gen_ai.input.messages"
	outputKey = "gen_ai.output.messages"
)

// collect adds to the attributes of a span the messages that are elsewhere.
func collect(a map[string]gjson.Result, events gjson.Result) {
	var input, output []json.RawMessage
	for _, e := range events.Array() {
		of := attributes(e.Get("attributes"))
		for _, key := range [...]string{inputKey, outputKey, "gen_ai.system_instructions", "gen_ai.tool.definitions"} {
			supply(a, key, of[key])
		}
		supply(a, inputKey, of["gen_ai.prompt"])
		supply(a, outputKey, of["gen_ai.completion"])
		name := e.Get("name").Str
		if role, ok := strings.CutSuffix(strings.TrimPrefix(name, "gen_ai."), ".message"); ok {
			input = append(input, eventMessage(role, of))
		} else if name == "gen_ai.choice" {
			output = append(output, eventMessage("assistant", of))
		}
	}
	supply(a, inputKey, a["gen_ai.prompt"])
	supply(a, outputKey, a["gen_ai.completion"])
	for _, side := range [...]struct {
		key      string
		prefixes [2]string
		list     []json.RawMessage
	}{{inputKey, [2]string{"gen_ai.prompt.", "llm.prompts."}, input},
		{outputKey, [2]string{"gen_ai.completion.", "llm.completions."}, output}} {
		for _, prefix := range side.prefixes {
			if len(side.list) == 0 {
				side.list = indexed(a, prefix)
			}
		}
		supply(a, side.key, listOf(side.list))
	}
}

// supply sets an attribute that is absent.
func supply(a map[string]gjson.Result, key string, v gjson.Result) {
	if have, ok := a[key]; (!ok || have.Type == gjson.Null) && v.Exists() {
		a[key] = v
	}
}

// eventMessage returns the message of an event, whose attributes are its members.
func eventMessage(role string, a map[string]gjson.Result) json.RawMessage {
	if m := parsed(a["message"]); m.IsObject() { // of a choice
		return asMessage(role, m.Get)
	}
	return asMessage(role, func(key string) gjson.Result {
		if key == "tool_call_id" && role == "tool" {
			return a["id"]
		}
		return a[key]
	})
}

// indexed returns the messages whose members are attributes such as gen_ai.prompt.0.content.
func indexed(a map[string]gjson.Result, prefix string) (list []json.RawMessage) {
	has := func(at string) bool {
		return a[at+"role"].Exists() || a[at+"content"].Exists() || a[at+"tool_calls.0.name"].Exists()
	}
	for n := 0; ; n++ {
		at := prefix + strconv.Itoa(n) + "."
		if !has(at) {
			return list
		}
		calls := indexedCalls(a, at+"tool_calls.", ".", "")
		list = append(list, asMessage("user", func(key string) gjson.Result {
			if key == "tool_calls" && calls.Exists() {
				return calls
			}
			return a[at+key]
		}))
	}
}

// indexedCalls returns the tool calls whose members are attributes such as PREFIX0.name. These have call after the
// index, and function before name and arguments.
func indexedCalls(a map[string]gjson.Result, prefix, call, function string) gjson.Result {
	var list []json.RawMessage
	for k := 0; ; k++ {
		at := prefix + strconv.Itoa(k) + call
		name := a[at+function+"name"]
		if !name.Exists() {
			return listOf(list)
		}
		list = append(list, object("id", a[at+"id"], "name", name, "arguments", a[at+function+"arguments"]))
	}
}

// listOf returns a list, which does not exist if it is empty.
func listOf(list []json.RawMessage) (v gjson.Result) {
	if len(list) > 0 {
		v = gjson.ParseBytes(array(list))
	}
	return v
}

// asMessage returns a message as OpenAI's API has it, of the members that get returns.
func asMessage(role string, get func(string) gjson.Result) json.RawMessage {
	if r := get("role"); r.Str != "" {
		role = r.Str
	}
	text := gjson.Result{Type: gjson.String, Str: role, Raw: string(fastjson.AppendString(nil, role))}
	return object("role", text, "content", parsed(get("content")), "tool_calls", parsed(get("tool_calls")),
		"tool_call_id", get("tool_call_id"))
}

// parsed returns the list or the object that a text holds, and any other value as it is.
func parsed(v gjson.Result) gjson.Result {
	if text := strings.TrimSpace(v.Str); v.Type == gjson.String && text != "" && (text[0] == '[' || text[0] == '{') {
		if in := gjson.Parse(text); gjson.Valid(text) && (in.IsObject() || in.Get("0").IsObject()) {
			return in
		}
	}
	return v
}

// object returns a JSON object of names and the values that exist.
func object(members ...any) json.RawMessage {
	b := []byte{'{'}
	for i := 0; i < len(members); i += 2 {
		v := members[i+1].(gjson.Result)
		if !v.Exists() {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(fastjson.AppendString(b, members[i].(string)), ':')
		b = append(b, v.Raw...)
	}
	return append(b, '}')
}
