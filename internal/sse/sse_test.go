package sse

import (
	"slices"
	"strings"
	"testing"
)

// all returns the events, with a name as name=data.
func all(pieces ...string) []string {
	var got []string
	var p Parser
	event := func(name, data []byte) {
		text := string(data)
		if len(name) > 0 {
			text = string(name) + "=" + text
		}
		got = append(got, text)
	}
	for _, s := range pieces {
		p.Feed([]byte(s), event)
	}
	p.End(event)
	return got
}

func TestParser(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"data: a\n\ndata:b\n\n", []string{"a", "b"}},
		{"data: a\r\n\r\ndata: b\r\rdata: c\n\n", []string{"a", "b", "c"}},
		{"x: y\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		{": comment\nevent: x\nid: 1\nretry: 2\ndata: {\ndata: }\n\ndata: a\n\n", []string{"x={\n}", "a"}},
		{"data\n\ndata:\n\n\n\n", []string{"", ""}},
		{"data:  two\n\n", []string{" two"}},
		{"\xEF\xBB\xBFdata: a\n\n", []string{"a"}},
		{"data: [DONE]", []string{"[DONE]"}},
		{"data: a\r", []string{"a"}},
		{"database: a\n\n", nil},
		// a stream that only has single newlines
		{"data: {\"a\":1}\ndata: {\"a\":[\"}\"]}\ndata: [DONE]\n", []string{`{"a":1}`, `{"a":["}"]}`, "[DONE]"}},
		{"data: ping\ndata: {}\n", []string{"ping", "{}"}},
		{"data: {\"a\":\"{\",\ndata: \"b\":[1,\ndata: 2]}\ndata: {}\n\n", []string{"{\"a\":\"{\",\n\"b\":[1,\n2]}", "{}"}},
		{"data: {\"a\":\"\\\"{\"}\ndata: {}\n", []string{`{"a":"\"{"}`, "{}"}},
		{"data: {\n\ndata: }\n\n", []string{"{", "}"}}, // a blank line ends an event, whole or not
		// names, which last until the blank line
		{"event: a\ndata: 1\nevent: b\ndata: 2\n\ndata: 3\n\n", []string{"a=1", "b=2", "3"}},
		{"event: error\ndata: {\"code\":5}\n\n", []string{`error={"code":5}`}},
		{"event: error\ndata: engine\ndata: crashed\n\n", []string{"error=engine\ncrashed"}},
		{"event: error\n: why\n\ndata: [DONE]\n\n", []string{"error=why", "[DONE]"}},
		{"event: error\n\nevent: ping\n\n", []string{"error="}},
		{"data: {}\n\nerror: {\"code\":500}\n\ndata: {}\n\n", []string{"{}", "error={\"code\":500}", "{}"}},
		{"event:stream_ERROR\ndata:x", []string{"stream_ERROR=x"}},
	} {
		if got := all(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// An event is reported when its data line is complete, before the blank line.
func TestAnEventIsReportedWithItsDataLine(t *testing.T) {
	for _, in := range []string{"data: {\"a\":1}\n", "data: [DONE]\r", "data: {\ndata: }\n",
		"event: error\ndata: {\"a\":1}\n"} {
		n := 0
		var p Parser
		p.Feed([]byte(in[:len(in)-1]), func(_, _ []byte) { n++ })
		if n != 0 {
			t.Errorf("%q: reported early", in)
		}
		p.Feed([]byte(in[len(in)-1:]), func(_, _ []byte) { n++ })
		if n != 1 {
			t.Errorf("%q: %d events", in, n)
		}
		p.Feed([]byte("\n\n\n"), func(_, _ []byte) { n++ })
		if p.End(func(_, _ []byte) { n++ }); n != 1 {
			t.Errorf("%q: %d events in the end", in, n)
		}
	}
}

// A line that is not a field is ignored and is the Stray one, and an object is an event.
func TestStray(t *testing.T) {
	for in, want := range map[string]struct{ events, stray string }{
		"data: {\"a\":1}\n\nupstream gone: 502\n": {`{"a":1}`, "upstream gone: 502"},
		"foo: bar\n<html>":                        {"", "<html>"},
		"{\"error\":1}\ndata: {}\n\n":             {`{"error":1} {}`, ""},
		"data: {\n{\"a\":1}\ndata: }\n\n":         {"{\n}", ""},
		"id: 1\nretry: 2\n: c\ndata: x\n\n":       {"x", ""},
	} {
		for size := range len(in) {
			var got []string
			var p Parser
			event := func(_, data []byte) { got = append(got, string(data)) }
			for b := range slices.Chunk([]byte(in), size+1) {
				p.Feed(b, event)
			}
			p.End(event)
			if strings.Join(got, " ") != want.events || string(p.Stray()) != want.stray {
				t.Errorf("%q, %d bytes each: %q, %q", in, size+1, got, p.Stray())
			}
		}
	}
}

func TestLines(t *testing.T) {
	for in, want := range map[string][]string{
		"{\"a\":1}\n\r\n{\"b\":2}\r\n":       {`{"a":1}`, `{"b":2}`},
		"{\n  \"a\": {},\n  \"b\": 2\n}\n{}": {"{\n\"a\": {},\n\"b\": 2\n}", "{}"},
		"ping\n{}\n":                         {"ping", "{}"},
		"[\n{\"error\":1}\n]\n":              {"[\n{\"error\":1}\n]"},
		"{\"a\":":                            {`{"a":`},
	} {
		for size := range len(in) {
			var got []string
			var p Parser
			event := func(_, data []byte) { got = append(got, string(data)) }
			for b := range slices.Chunk([]byte(in), size+1) {
				p.FeedLines(b, event)
			}
			if p.EndLines(event); !slices.Equal(got, want) {
				t.Errorf("%q, %d bytes each: got %q, want %q", in, size+1, got, want)
			}
		}
	}
}

// The events do not depend on how the bytes are split.
func FuzzSplit(f *testing.F) {
	f.Add("data: a\r\n\r\n: c\ndata: b\rdata: c\n\n", 3, 9)
	f.Add("\xEF\xBB\xBFdata: a\n\ndata", 1, 2)
	f.Add("event: error\n: why\n\nevent: x\r\ndata: {\r\ndata: \"}\"}\r\n\r\n", 14, 30)
	f.Add("event: error\ndata: a\ndata: {}\n: b\n\ndata: {\"a\":{}}\ndata: [DONE]", 24, 40)
	f.Fuzz(func(t *testing.T, s string, i, j int) {
		i, j = min(max(i, 0), len(s)), min(max(j, 0), len(s))
		i, j = min(i, j), max(i, j)
		want := all(s)
		if got := all(s[:i], s[i:j], s[j:]); !slices.Equal(got, want) {
			t.Errorf("split at %d, %d: got %q, want %q", i, j, got, want)
		}
		bytewise := make([]string, len(s))
		for k := range len(s) {
			bytewise[k] = s[k : k+1]
		}
		if got := all(bytewise...); !slices.Equal(got, want) {
			t.Errorf("byte by byte: got %q, want %q", got, want)
		}
	})
}

func BenchmarkFeed(b *testing.B) {
	event := `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" the"}}]}`
	for name, c := range map[string]struct {
		bytes string
		lines bool
	}{
		"usual": {"data: " + event + "\n\n", false},
		"crlf":  {"data: " + event + "\r\n\r\n", false},
		"named": {"event: content_block_delta\ndata: " + event + "\n\n", false},
		"lines": {event + "\n", true},
	} {
		b.Run(name, func(b *testing.B) {
			var p Parser
			n, bytes := 0, []byte(c.bytes)
			feed := p.Feed
			if c.lines {
				feed = p.FeedLines
			}
			for b.Loop() {
				feed(bytes, func(_, data []byte) { n += len(data) })
			}
			if n == 0 {
				b.Fatal("no events")
			}
		})
	}
}
