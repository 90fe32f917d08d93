package sessions

import (
	"strconv"
	"strings"
	"testing"
)

// event returns an event of a span, with attributes that are texts.
func event(name string, attributes ...string) string {
	var list []string
	for k := 0; k < len(attributes); k += 2 {
		list = append(list, `{"key":`+strconv.Quote(attributes[k])+`,"value":{"stringValue":`+strconv.Quote(attributes[k+1])+`}}`)
	}
	return `{"name":"` + name + `","attributes":[` + strings.Join(list, ",") + `]}`
}

// Messages may stand on events of a span, or in attributes of older conventions.
func TestOTelMessagesElsewhere(t *testing.T) {
	const (
		calls  = `[{"id":"c1","type":"function","function":{"name":"ls","arguments":"{\"a\":1}"}}]`
		asked  = `[{"role":"user","content":"hi"}]`
		called = `[{"role":"assistant","content":null,"tool_calls":` + calls + `}]`
		said   = `[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":` + calls +
			`},{"role":"tool","tool_call_id":"c1","content":"{\"ok\":true}"}]`
	)
	ask := event("gen_ai.user.message", "content", "hi")
	for _, c := range []struct {
		name              string
		first, second     []string // attributes of gen_ai
		firstOn, secondOn []string // events
	}{
		{name: "an event with today's attributes",
			firstOn: []string{event("gen_ai.client.inference.operation.details", "gen_ai.input.messages", hi,
				"gen_ai.output.messages", tool)},
			secondOn: []string{event("gen_ai.client.inference.operation.details", "gen_ai.input.messages", result)}},
		{name: "an event with all messages",
			firstOn: []string{event("gen_ai.content.prompt", "gen_ai.prompt", asked),
				event("gen_ai.content.completion", "gen_ai.completion", called)},
			secondOn: []string{event("gen_ai.content.prompt", "gen_ai.prompt", said)}},
		{name: "attributes with all messages",
			first: []string{"prompt", asked, "completion", called}, second: []string{"prompt", said}},
		{name: "an event for each message",
			firstOn: []string{ask, event("gen_ai.choice", "index", "0",
				"message", `{"role":"assistant","tool_calls":`+calls+`}`)},
			secondOn: []string{ask, event("gen_ai.assistant.message", "tool_calls", calls),
				event("gen_ai.tool.message", "id", "c1", "content", `{"ok":true}`)}},
		{name: "an attribute for each member",
			first: []string{"prompt.0.role", "user", "prompt.0.content", "hi", "completion.0.role", "assistant",
				"completion.0.tool_calls.0.id", "c1", "completion.0.tool_calls.0.name", "ls",
				"completion.0.tool_calls.0.arguments", `{"a":1}`},
			second: []string{"prompt.0.role", "user", "prompt.0.content", "hi", "prompt.1.role", "assistant",
				"prompt.1.tool_calls.0.id", "c1", "prompt.1.tool_calls.0.name", "ls",
				"prompt.1.tool_calls.0.arguments", `{"a":1}`,
				"prompt.2.role", "tool", "prompt.2.tool_call_id", "c1", "prompt.2.content", `{"ok":true}`}},
	} {
		span := func(at int, attributes, events []string) string {
			s := otelSpan("t", at, at+1, append([]string{"operation.name", "chat", "usage.input_tokens", "9"}, attributes...)...)
			return strings.TrimSuffix(s, "}") + `,"events":[` + strings.Join(events, ",") + `]}`
		}
		t.Run(c.name, func(t *testing.T) {
			check(t, &OTel{}, otlp(span(0, c.first, c.firstOn), span(2, c.second, c.secondOn)),
				"t: 0="+sentHi+" 1<0+1~0="+sentTool)
		})
	}
	older := strings.Replace(otelSpan("t", 0, 1, "prompt.0.content", "hi"), `"attributes":[`,
		`"attributes":[{"key":"llm.request.type","value":{"stringValue":"chat"}},`, 1)
	check(t, &OTel{}, otlp(strings.Replace(older, "chat m", "openai.chat", 1)), "t: 0="+sentHi)
}
