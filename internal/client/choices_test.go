package client

import (
	"fmt"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
)

// choice is a chunk of one of several choices, with that choice's completion tokens if there are any.
func choice(index int, text, finish string, tokens int) string {
	s := fmt.Sprintf(`{"choices":[{"index":%d,"delta":{"content":"%s"},"finish_reason":%s}]`, index, text, finish)
	if tokens > 0 {
		s += fmt.Sprintf(`,"usage":{"prompt_tokens":7,"completion_tokens":%d,"total_tokens":%d}`, tokens, 7+tokens)
	}
	return s + "}"
}

func TestCountsOfSeveralChoices(t *testing.T) {
	const no, stop = "null", `"stop"`
	whole := fmt.Sprintf(lastPart, five)
	for name, c := range map[string]struct {
		events []string
		want   string
	}{
		"each its own": {[]string{choice(0, "a", no, 1), choice(1, "b", no, 1), choice(0, "a", no, 2),
			choice(0, "", stop, 2), choice(1, "", stop, 1), "[DONE]"}, "60[20000 20000] n=3 hidden? several_answers"},
		"one after the other": {[]string{choice(0, "a", no, 1), choice(0, "a", stop, 2), choice(1, "b", no, 1),
			choice(1, "b", stop, 2), "[DONE]"}, "60[20000 20000 20000] n=4 tpot=20"},
		"each its own, and the sum": {[]string{choice(0, "a", no, 1), choice(1, "b", no, 1), choice(0, "a", stop, 2),
			choice(1, "b", stop, 3), whole, "[DONE]"}, "60[20000 20000 20000] n=5 hidden? several_answers"},
		"of all so far, or each its own": {[]string{choice(0, "a", no, 1), choice(1, "b", no, 2),
			choice(0, "a", stop, 3), choice(1, "b", stop, 4), "[DONE]"}, "60[20000 20000 20000] n=0"},
		"of all, with the last": {[]string{choice(0, "a", stop, 0), choice(1, "b", stop, 2), "[DONE]"},
			"60[20000] n=2 tpot=20"},
		"the second is cut": {[]string{choice(0, "a", no, 1), choice(1, "b", no, 1), choice(0, "a", stop, 2)},
			"60[20000 20000] n=3 hidden? several_answers truncated: the stream ended before all of its choices had a finish_reason"},
		"together": {[]string{
			`{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`,
			`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},` +
				`{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}],` +
				`"usage":{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11}}`, "[DONE]"},
			"60[20000] n=4 hidden? several_answers"},
		"one": {[]string{choice(0, "a", no, 1), choice(0, "b", stop, 2), "[DONE]"},
			"60[20000] n=2 of [1 1] tpot=20"},
	} {
		a := answer{pieces: every(datas(c.events...)...)}
		if got := timing(a.play(t)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// A finish reason and usage do not settle an answer that others may follow.
func TestSeveral(t *testing.T) {
	const no, stop, body = "null", `"stop"`, `{"stream":true}`
	unknown := choice(0, "a", `"unknown"`, 1)
	for name, c := range map[string]struct {
		body   string
		events []string
		want   bool
	}{
		"one":                           {body, []string{choice(0, "a", no, 1), choice(0, "a", stop, 2)}, false},
		"n":                             {`{"n":2}`, []string{choice(0, "a", stop, 1)}, true},
		"two that have begun":           {body, []string{choice(0, "a", no, 1), choice(1, "a", stop, 2)}, true},
		"a finish reason in each chunk": {body, []string{unknown, unknown}, true},
	} {
		d, _ := api.ForPath("/v1/chat/completions")
		r := reply{trip: new(trip)}
		r.begin(&call{ep: &endpoint{dialect: d, stream: true},
			Request: http1.Request{Body: []byte(c.body)}}, false)
		r.trip, r.limit = new(trip), new(Config).limit(false)
		r.Head(&http1.Header{Status: 200, ContentType: "text/event-stream"}, 0)
		for _, p := range every(datas(c.events...)...) {
			r.Body([]byte(p.text), clock.Nanos(p.at*1_000_000))
		}
		if got := r.Several(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
