package sessions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// otelSpan returns a span as OTLP has it, from start to end in ms.
func otelSpan(trace string, start, end int, attributes ...string) string {
	var list []string
	for k := 0; k < len(attributes); k += 2 {
		value := `{"stringValue":` + strconv.Quote(attributes[k+1]) + `}`
		if _, err := strconv.Atoi(attributes[k+1]); err == nil {
			value = `{"intValue":"` + attributes[k+1] + `"}`
		}
		list = append(list, fmt.Sprintf(`{"key":"gen_ai.%s","value":%s}`, attributes[k], value))
	}
	return fmt.Sprintf(`{"traceId":%q,"spanId":"%s%d","name":"chat m","kind":3,"startTimeUnixNano":"%d000000","endTimeUnixNano":"%d000000","attributes":[%s]}`,
		trace, trace, start, start, end, strings.Join(list, ","))
}

func otlp(spans ...string) string {
	return `{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[` + strings.Join(spans, ",") + `]}]}]}`
}

const (
	hi     = `[{"role":"user","parts":[{"type":"text","content":"hi"}]}]`
	hello  = `[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"hello"}],"finish_reason":"stop"}]`
	why    = `[{"role":"user","parts":[{"type":"text","content":"hi"}]},{"role":"assistant","parts":[{"type":"text","content":"hello"}]},{"role":"user","content":"why?"}]`
	tool   = `[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"ls","arguments":{"a":1}}]}]`
	result = `[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"ls","arguments":"{\"a\":1}"}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":{"ok":true}}]}]`

	sentHi   = `[{"role":"user","content":"hi"}]`
	sentWhy  = `[{"role":"user","content":"why?"}]`
	sentTool = `[{"role":"tool","tool_call_id":"c1","content":"{\"ok\":true}"}]`
)

func TestOTel(t *testing.T) {
	chat := []string{"operation.name", "chat"}
	attr := func(more ...string) []string { return slices.Concat(chat, more) }
	first := otelSpan("t", 1000, 3000, attr("input.messages", hi, "output.messages", hello, "usage.output_tokens", "7")...)
	second := otelSpan("t", 4500, 5000, attr("input.messages", why, "usage.output_tokens", "9")...)
	for _, c := range []struct{ name, in, want string }{
		{"chain", otlp(second, first), "t: 0=" + sentHi + " 1<0+1500~0=" + sentWhy},
		{"over lines, twice", otlp(first) + "\n" + otlp(second) + "\n" + otlp(first), "t: 0=" + sentHi + " 1<0+1500~0=" + sentWhy},
		{"two traces", otlp(first, otelSpan("u", 0, 1, attr("input.messages", hi)...)), "t: 0=" + sentHi + "\nu: 0=" + sentHi},
		{"a conversation", otlp(otelSpan("t", 0, 1, attr("input.messages", hi, "conversation.id", "c")...),
			otelSpan("u", 2, 3, attr("input.messages", hi, "conversation.id", "c")...)), "c: 0=" + sentHi + " 1<0+1=" + sentHi},
		{"fan-out and fan-in", otlp(first, otelSpan("t", 3100, 4000, attr("input.messages", hi, "output.messages", "one")...),
			otelSpan("t", 3200, 4100, attr("input.messages", hi, "output.messages", "two")...),
			otelSpan("t", 5000, 5001, attr("input.messages", `[{"role":"assistant","content":"one, two"},{"role":"user","content":"hi"}]`)...)),
			"t: 0=" + sentHi + " 1<0+100=" + sentHi + " 2<0+200=" + sentHi +
				` 3<1,2+900=[{"role":"assistant","content":"one, two"},{"role":"user","content":"hi"}]`},
		{"tools", otlp(otelSpan("t", 0, 1, attr("input.messages", hi, "output.messages", tool)...),
			otelSpan("t", 2, 3, attr("input.messages", result)...)), "t: 0=" + sentHi + " 1<0+1~0=" + sentTool},
		{"overlap", otlp(otelSpan("t", 0, 10, attr("input.messages", hi)...), otelSpan("t", 5, 9, attr("input.messages", hi)...)),
			"t: 0=" + sentHi + " 1+5=" + sentHi},
		{"lengths", otlp(otelSpan("t", 0, 1, attr("usage.input_tokens", "100", "usage.output_tokens", "5")...),
			otelSpan("t", 2, 3, attr("usage.input_tokens", "120", "usage.cache_read.input_tokens", "96")...)), "t: 0[100/5] 1<0+1[120/-1]"},
		{"not calls", otlp(otelSpan("t", 0, 1, "operation.name", "execute_tool"), otelSpan("t", 0, 1, chat...),
			strings.Replace(first, `"kind"`, `"status":{"code":2},"kind"`, 1)), ""},
		{"document", `{"trace_id":"x","spans":[{"span_id":"1","name":"chat","attributes":{"gen_ai.operation.name":"chat","gen_ai.input.messages":` +
			strconv.Quote(hi) + `,"gen_ai.output.text":"hello"},"start_time":"2026-01-01T00:00:00","end_time":"2026-01-01T00:00:01+00:00"},` +
			`{"span_id":"2","type":"llm_call","attributes":{"gen_ai.input.messages":` + why + `},"start_time":"2026-01-01T00:00:01.5Z"}]}`,
			"x: 0=" + sentHi + " 1<0+500~0=" + sentWhy},
		{"span a line", strings.ReplaceAll(strings.ReplaceAll(first, "traceId", "trace_id"), "spanId", "span_id"), "t: 0=" + sentHi},

		{"no time", otlp(`{"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}}]}`),
			"line 1: resourceSpans[0].scopeSpans[0].spans[0]: a call without its start time"},
		{"messages", otlp(otelSpan("t", 0, 1, attr("input.messages", `[{"role":5}]`)...)),
			"line 1: resourceSpans[0].scopeSpans[0].spans[0]: gen_ai.input.messages: message 0: its role is 5"},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, &OTel{}, c.in, c.want) })
	}
	check(t, &OTel{Recorded: true}, otlp(first, second),
		"t: 0="+sentHi+` 1<0+1500=[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},{"role":"user","content":"why?"}]`)
}

func TestToolDefinitions(t *testing.T) {
	want := `[{"type":"function","function":{"name":"ls","description":"list","parameters":{"type":"object"}}}]`
	for _, in := range []string{`[{"type":"function","name":"ls","description":"list","parameters":{"type":"object"}}]`, want} {
		s := otelSpan("t", 0, 1, "operation.name", "chat", "input.messages", hi, "tool.definitions", in)
		all, errs := read(&OTel{}, otlp(s))
		if len(errs) > 0 || len(all) != 1 || len(all[0].Calls[0].Params) != 1 ||
			string(all[0].Calls[0].Params[0].Value) != want {
			t.Errorf("%s: %v %v", in, all, errs)
		}
	}
}

// The parameters of a call are sent, and calls that other conventions describe are counted.
func TestRequested(t *testing.T) {
	s := otelSpan("t", 0, 1, "operation.name", "chat", "input.messages", hi, "request.temperature", "0.5",
		"request.seed", "7", "request.choice.count", "2", "request.top_p", "high")
	s = strings.Replace(s, `"attributes":[`, `"attributes":[{"key":"gen_ai.request.stop_sequences","value":{"arrayValue":`+
		`{"values":[{"stringValue":"a"}]}}},{"key":"gen_ai.request.top_k","value":{"doubleValue":40}},`, 1)
	other := `{"traceId":"t","spanId":"o","name":"openai.completion","attributes":[{"key":"llm.request.type",` +
		`"value":{"stringValue":"completion"}}]}`
	d := &OTel{}
	all, errs := read(d, otlp(s, other))
	got := ""
	for _, session := range all {
		for _, p := range session.Calls[0].Params {
			got += p.Key + "=" + string(p.Value) + " "
		}
	}
	if want := `temperature=0.5 top_k=40 seed=7 n=2 stop=["a"] `; len(errs) > 0 || got != want || d.other != 1 {
		t.Errorf("%s, %d others, %v, want %s", got, d.other, errs, want)
	}
}

func FuzzOTel(f *testing.F) {
	fuzz(f, func() Decoder { return &OTel{} },
		`{"span_id":"a","start_time":"2026-01-01T00:00:00Z","attributes":{"openinference":{"span":{"kind":"LLM"}},"llm":`+
			`{"input_messages":[{"message":{"contents":[{"message_content":{"text":"a"}}]}}],"tools":[{"tool":{"json_schema":"{}"}}]}}}`,
		otlp(otelSpan("t", 1, 2, "operation.name", "chat", "input.messages", hi, "output.messages", hello),
			otelSpan("t", 3, 4, "operation.name", "chat", "input.messages", why, "conversation.id", "c")),
		otlp(strings.TrimSuffix(otelSpan("t", 1, 2, "operation.name", "chat", "prompt.0.content", "[{}]"), "}")+
			`,"events":[`+event("gen_ai.choice", "message", `{"content":[]}`)+`]}`),
		`{"session_id":"e","spans":[{"type":"llm_call","start_time":"2026-01-01T00:00:00","attributes":{"gen_ai.usage.input_tokens":50}}]}`)
}
