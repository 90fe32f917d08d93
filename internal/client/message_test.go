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
