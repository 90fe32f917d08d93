package client

import (
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

func (m *message) json() json.RawMessage {
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
		return nil
	}
	return b
}
