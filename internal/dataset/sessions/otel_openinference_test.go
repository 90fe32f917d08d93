package sessions

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// A call by OpenInference's conventions, and the next one of its session, as spans and exports have them.
func TestOpenInference(t *testing.T) {
	const (
		span = `"start_time":"2026-01-01T00:00:0%0Z","end_time":"2026-01-01T00:00:0%1Z"`
		call = `"function":{"name":"ls","arguments":"{\"a\":1}"}`
		flat = `"openinference.span.kind":"LLM","session.id":"s","llm.model_name":"m",` +
			`"llm.input_messages.0.message.role":"user","llm.input_messages.0.message.content":"hi",` +
			`"llm.token_count.completion":9,"llm.invocation_parameters":"{\"temperature\":0.5,\"max_tokens\":4,\"x\":1}",` +
			`"llm.tools.0.tool.json_schema":"{\"name\":\"ls\",\"input_schema\":{}}"`
		out = `llm.%_messages.#.message.role":"assistant","llm.%_messages.#.message.tool_calls.0.tool_call.id":"c1",` +
			`"llm.%_messages.#.message.tool_calls.0.tool_call.function.name":"ls",` +
			`"llm.%_messages.#.message.tool_calls.0.tool_call.function.arguments":"{\"a\":1}"`
		result = `"llm.input_messages.2.message.role":"tool","llm.input_messages.2.message.tool_call_id":"c1",` +
			`"llm.input_messages.2.message.content":"{\"ok\":true}"`
		user      = `{"message":{"role":"user","contents":[{"message_content":{"type":"text","text":"hi"}}]}}`
		assistant = `{"message":{"role":"assistant","tool_calls":[{"tool_call":{"id":"c1",` + call + `}}]}}`
		nested    = `"openinference":{"span":{"kind":"LLM"}},"session":{"id":"s"},"llm":{"model_name":"m","invocation_parameters":` +
			`{"temperature":0.5,"max_tokens":4},"tools":[{"tool":{"name":"ls","json_schema":{}}}],"input_messages":[` + user
		columns = `"attributes.openinference.span.kind":"LLM","attributes.session.id":"s","attributes.llm.model_name":"m",` +
			`"attributes.llm.invocation_parameters":"{\"temperature\":0.5,\"max_tokens\":4}","attributes.llm.tools":` +
			`[{"tool.json_schema":"{\"name\":\"ls\",\"parameters\":{}}"}],"attributes.llm.input_messages":[` +
			`{"message.role":"user","message.content":"hi"}`
		column = `{"message.role":"assistant","message.tool_calls":[{"tool_call.id":"c1",` +
			`"tool_call.function.name":"ls","tool_call.function.arguments":"{\"a\":1}"}]}`
	)
	at := func(from, to string) string { return strings.NewReplacer("%0", from, "%1", to).Replace(span) }
	side := func(name, n string) string { return `,"` + strings.NewReplacer("%", name, "#", n).Replace(out) }
	for _, c := range []struct{ name, first, second string }{
		{"flat",
			`{"span_id":"a","trace_id":"t",` + at("0", "1") + `,"attributes":{` + flat + side("output", "0") + `}}`,
			`{"span_id":"b","trace_id":"t",` + at("2", "3") + `,"attributes":{` + flat + side("input", "1") + `,` + result + `}}`},
		{"nested",
			`{"context":{"span_id":"a","trace_id":"t"},` + at("0", "1") + `,"attributes":{` + nested + `],"output_messages":[` +
				assistant + `]}}}`,
			`{"context":{"span_id":"b","trace_id":"t"},` + at("2", "3") + `,"attributes":{` + nested + `,` + assistant +
				`,{"message":{"role":"tool","tool_call_id":"c1","content":"{\"ok\":true}"}}]}}}`},
		{"columns",
			`{"context.span_id":"a","context.trace_id":"t",` + at("0", "1") + `,` + columns +
				`],"attributes.llm.output_messages":[` + column + `]}`,
			`{"context.span_id":"b","context.trace_id":"t",` + at("2", "3") + `,` + columns + `,` + column +
				`,{"message.role":"tool","message.tool_call_id":"c1","message.content":"{\"ok\":true}"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.first + "\n" + c.second + "\n"
			check(t, &OTel{}, text, "s: 0="+sentHi+" 1<0+1000~0="+sentTool)
			all, errs := read(&OTel{}, text)
			if len(all) != 1 || errs != nil {
				t.Fatalf("%v, %v", all, errs)
			}
			got := ""
			for _, p := range all[0].Calls[0].Params {
				got += p.Key + "=" + string(p.Value) + " "
			}
			const want = `temperature=0.5 tools=[{"type":"function","function":{"name":"ls","parameters":{}}}] `
			if got != want || all[0].Calls[0].Model != "m" {
				t.Errorf("%s, model %s, want %s", got, all[0].Calls[0].Model, want)
			}
		})
	}
	check(t, &OTel{}, `{"span_id":"a","trace_id":"t",`+at("0", "1")+`,"status_code":"ERROR","attributes":{`+flat+`}}`, "")
}

// A span by both conventions is read the same every time.
func TestBothConventions(t *testing.T) {
	for range 20 {
		a := gjson.Parse(`{"llm.request.model":"r","llm.model_name":"m","llm.usage.prompt_tokens":2,` +
			`"llm.token_count.prompt":1}`).Map()
		openInference(a)
		if m, n := a["gen_ai.request.model"].Str, a["gen_ai.usage.input_tokens"].Raw; m != "m" || n != "1" {
			t.Fatalf("model %s, %s tokens", m, n)
		}
	}
}
