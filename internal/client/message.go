package client

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
)

// message assembles the assistant's message for the history of a conversation, in the form of OpenAI's chat: content
// and tool calls. Reasoning is not sent back.
type message struct {
	content strings.Builder
	calls   []toolCall
	index   []int // of each call, as the stream numbers them
}

type toolCall struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func (m *message) add(e *api.Event) {
	m.content.WriteString(e.Content)
	for _, c := range e.Calls {
		t := m.call(c.Index)
		if c.ID != "" {
			t.ID = c.ID
		}
		t.Function.Name += c.Name
		t.Function.Arguments += c.Arguments
	}
}

func (m *message) call(index int) *toolCall {
	for i, k := range m.index {
		if k == index {
			return &m.calls[i]
		}
	}
	m.index = append(m.index, index)
	m.calls = append(m.calls, toolCall{Type: "function"})
	return &m.calls[len(m.calls)-1]
}

// json returns the message. Its tool calls are such that the server accepts them again: each has an id, derived
// from that of the request if the server sent none, and arguments that are JSON, as chat templates parse them. whole
// reports whether all arguments were.
func (m *message) json(request string) (text json.RawMessage, whole bool) {
	whole = true
	for i := range m.calls {
		c := &m.calls[i]
		if c.ID == "" {
			c.ID = mintID(request, i)
		}
		if !json.Valid([]byte(c.Function.Arguments)) {
			whole = whole && c.Function.Arguments == ""
			c.Function.Arguments = "{}"
		}
	}
	out := struct {
		Role    string     `json:"role"`
		Content *string    `json:"content"`
		Calls   []toolCall `json:"tool_calls,omitempty"`
	}{Role: "assistant", Calls: m.calls}
	if text := m.content.String(); text != "" || len(m.calls) == 0 {
		out.Content = &text
	}
	b, err := json.MarshalWithOption(out, json.DisableHTMLEscape())
	if err != nil { // strings always marshal
		return nil, whole
	}
	return b, whole
}

// mintID returns an id of nine letters and digits, the only form that Mistral's templates accept.
func mintID(request string, call int) string {
	h := fnv.New64a()
	fmt.Fprint(h, request, " ", call)
	id := strconv.FormatUint(h.Sum64(), 36)
	return (id + "000000000")[:9]
}
