package sse_test

import (
	"fmt"

	"perfpipe/internal/sse"
)

// The events of a stream that is received in pieces.
func ExampleParser() {
	print := func(name, data []byte) { fmt.Printf("%q %s\n", name, data) }
	var p sse.Parser
	for _, piece := range []string{
		"data: {\"text\":",
		"\"Hi\"}\n\nevent: ping\nda",
		"ta: 1\n\n: a comment\ndata: [DONE]",
	} {
		p.Feed([]byte(piece), print)
	}
	p.End(print)
	// Output:
	// "" {"text":"Hi"}
	// "ping" 1
	// "" [DONE]
}

// Some servers send a JSON value on each line instead of events.
func ExampleParser_FeedLines() {
	print := func(_, data []byte) { fmt.Printf("%s\n", data) }
	var p sse.Parser
	p.FeedLines([]byte("{\"response\":\"Hi\"}\n{\"done\":"), print)
	p.FeedLines([]byte("true}"), print)
	p.EndLines(print)
	// Output:
	// {"response":"Hi"}
	// {"done":true}
}
