package client

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"perfpipe/internal/record"
)

// A server's times and those of a proxy come into the record, unless they are not wanted.
func TestServerTimes(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nServer-Timing: edge;dur=0.25\r\n" +
		"X-Kong-Proxy-Latency: 0\r\nServer-Timing: lb;dur=0.5\r\nConnection: close\r\n\r\n"
	const events = `data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}` + "\n\n" +
		`data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":%d},"timings":{"prompt_ms":%s,` +
		`"predicted_ms":0,"prompt_n":1,"cache_n":0,"predicted_n":1}}` + "\n\ndata: [DONE]\n\n"
	for _, c := range []struct {
		tokens int
		prompt string
		no     bool
		want   string
	}{
		{1, "0.004", false, "llamacpp,server-timing,kong prefill 0.004 gateway 0.75 doubt "},
		{2, "0.004", false, "llamacpp,server-timing,kong prefill 0.004 gateway 0.75 doubt tokens"},
		{1, "60000", false, "llamacpp,server-timing,kong prefill 60000 gateway 0.75 doubt ttft"},
		{1, "-1", false, "llamacpp,server-timing,kong prefill -1 gateway 0.75 doubt negative"},
		{1, "0.004", true, " prefill 0 gateway 0 doubt "},
	} {
		both(t, func(t *testing.T, plain bool) {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				fmt.Fprintf(conn, head+strings.Replace(events, "%s", c.prompt, 1), c.tokens)
			})
			rec := ask(newTest(t, u, plain, func(cfg *Config) { cfg.NoTimes = c.no }))
			if !rec.OK {
				t.Fatalf("%+v", rec.Error)
			}
			got := fmt.Sprintf("%s prefill %v gateway %v doubt %s", rec.ServerFrom, rec.ServerPrefillMs, rec.GatewayMs,
				rec.ServerDoubt)
			if got != c.want {
				t.Errorf("%q; want %q", got, c.want)
			}
			if has := rec.Says(record.KeyServerDecodeMs); has == c.no { // a zero is a value
				t.Errorf("the record has server_decode_ms: %v", has)
			}
		})
	}
}
