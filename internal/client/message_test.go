package client

import (
	"bufio"
	"io"
	"net"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// The reply for the history of a conversation has content and complete tool calls, and no reasoning.
func TestReplyForTheHistory(t *testing.T) {
	event := func(delta string) string { return `data: {"choices":[{"index":0,"delta":` + delta + `}]}` + "\n\n" }
	for _, c := range []struct{ name, answer, want string }{
		{"content", chunked(event(`{"reasoning_content":"hm"}`), hello, world, world, world, stop, done),
			`{"role":"assistant","content":"hello world world world"}`},
		{"tools", chunked(
			event(`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}`),
			event(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}`),
			event(`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`),
			event(`{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}`),
			stop, done),
			`{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f",` +
				`"arguments":"{\"x\":1}"}},` +
				`{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}`},
		{"calls that no server takes again", chunked(
			event(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":"}}]}`),
			event(`{"tool_calls":[{"index":1,"function":{"name":"g","arguments":""}}]}`),
			stop, done),
			`{"role":"assistant","content":null,"tool_calls":[` +
				`{"id":"` + mintID("a", 0) + `","type":"function","function":{"name":"f","arguments":"{}"}},` +
				`{"id":"` + mintID("a", 1) + `","type":"function","function":{"name":"g","arguments":"{}"}}]}`},
		{"the first of several choices", chunked(event(`{"content":"one"}`),
			`data: {"choices":[{"index":1,"delta":{"content":"two"}},{"index":0,"delta":{"content":"?"}}]}`+"\n\n",
			`data: {"choices":[{"index":1,"delta":{"content":"two","tool_calls":[{"index":0,"id":"b","function":{"name":"g"}}]}}]}`+
				"\n\n", stop, done),
			`{"role":"assistant","content":"one?"}`},
		{"the first of several choices of a whole answer", whole("200 OK", "application/json",
			`{"choices":[{"index":0,"message":{"role":"assistant","content":"one","tool_calls":[`+
				`{"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"},`+
				`{"index":1,"message":{"role":"assistant","content":"two","tool_calls":[`+
				`{"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]}`),
			`{"role":"assistant","content":"one","tool_calls":[{"id":"a","type":"function","function":{"name":"f",` +
				`"arguments":"{}"}}]}`},
		{"whole", whole("200 OK", "application/json",
			`{"choices":[{"message":{"role":"assistant","content":"<b> \"x\""},"finish_reason":"stop"}]}`),
			`{"role":"assistant","content":"<b> \"x\""}`},
	} {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, c.answer)
		})
		req := load.NewRequest(request.Request{ID: "a", Body: []byte(body)})
		req.WantReply = true
		rec := newTest(t, u, false, nil).Do(t.Context(), req)
		if got := string(rec.Reply); got != c.want {
			t.Errorf("%s: %s (%+v)", c.name, got, rec.Error)
		}
	}
}

// The reply of Anthropic's API has its calls as blocks, as its server takes them back.
func TestReplyInBlocks(t *testing.T) {
	event := func(data string) string { return "data: " + data + "\n\n" }
	start := func(i, block string) string {
		return event(`{"type":"content_block_start","index":` + i + `,"content_block":` + block + `}`)
	}
	delta := func(i, d string) string {
		return event(`{"type":"content_block_delta","index":` + i + `,"delta":` + d + `}`)
	}
	json := func(i, s string) string { return delta(i, `{"type":"input_json_delta","partial_json":"`+s+`"}`) }
	begin := event(`{"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"output_tokens":1}}}`)
	end := event(`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}`) +
		event(`{"type":"message_stop"}`)
	text := start("0", `{"type":"text","text":""}`) + delta("0", `{"type":"text_delta","text":"I <look>"}`)
	call := func(i, id, name string) string {
		return start(i, `{"type":"tool_use","id":"`+id+`","name":"`+name+`","input":{}}`)
	}
	for _, c := range []struct{ name, events, want string }{
		{"text", text, `{"role":"assistant","content":"I <look>"}`},
		{"text and calls", text + call("1", "toolu_1", "f") + json("1", `{\"a\":`) + json("1", `1}`) + call("2", "toolu_2", "g"),
			`{"role":"assistant","content":[{"type":"text","text":"I <look>"},` +
				`{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},` +
				`{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]}`},
		{"a call alone, without an id, with a list", call("0", "", "f") + json("0", "[1]"),
			`{"role":"assistant","content":[{"type":"tool_use","id":"` + mintID("a", 0) + `","name":"f","input":{}}]}`},
		{"a call that the server answered", text + start("1", `{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}`),
			`{"role":"assistant","content":"I <look>"}`},
	} {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, whole("200 OK", "text/event-stream", begin+c.events+end))
		})
		u.Path = "/v1/messages"
		req := load.NewRequest(request.Request{ID: "a", Body: []byte(body)})
		req.WantReply = true
		rec := newTest(t, u, false, nil).Do(t.Context(), req)
		if got := string(rec.Reply); got != c.want {
			t.Errorf("%s: %s (%+v)\nwant %s", c.name, got, rec.Error, c.want)
		}
	}
}

// The reply of the Responses API is a list of items, as its server takes them back.
func TestReplyOfItems(t *testing.T) {
	const (
		want = `[{"type":"message","role":"assistant","content":"I look"},` +
			`{"type":"function_call","call_id":"a","name":"f","arguments":"{\"x\":1}"}]`
		mcp    = `{"type":"mcp_call","id":"mcp_1","name":"f","arguments":"{}","output":"x"}`
		output = `{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"I look"}]},` +
			`{"type":"function_call","call_id":"a","name":"f","arguments":"{\"x\":1}"}`
	)
	completed := func(output string) string {
		return whole("200 OK", "application/json", `{"status":"completed","output":[`+output+`]}`)
	}
	event := func(kind, rest string) string { return `data: {"type":"response.` + kind + `",` + rest + "}\n\n" }
	for _, c := range []struct{ name, answer, want string }{
		{"text and a call", completed(output), want},
		{"text and a call, streamed", whole("200 OK", "text/event-stream",
			event("output_text.delta", `"output_index":0,"delta":"I "`)+event("output_text.delta", `"output_index":0,"delta":"look"`)+
				event("output_item.added", `"output_index":1,"item":{"type":"mcp_call","id":"mcp_1","name":"g"}`)+
				event("mcp_call_arguments.delta", `"output_index":1,"delta":"{}"`)+
				event("output_item.added", `"output_index":2,"item":{"type":"function_call","call_id":"a","name":"f"}`)+
				event("function_call_arguments.delta", `"output_index":2,"delta":"{\"x\":"`)+
				event("function_call_arguments.delta", `"output_index":2,"delta":"1}"`)+
				event("completed", `"response":{"status":"completed","output":[`+output+`]}`)), want},
		{"a call that the server answered", completed(mcp), `[]`},
	} {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, c.answer)
		})
		u.Path = "/v1/responses"
		req := load.NewRequest(request.Request{ID: "a", Body: []byte(`{"model":"m","input":"go"}`)})
		req.WantReply = true
		rec := newTest(t, u, false, nil).Do(t.Context(), req)
		if got := string(rec.Reply); got != c.want {
			t.Errorf("%s: %s (%+v)\nwant %s", c.name, got, rec.Error, c.want)
		}
	}
}
