package client

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
)

// message assembles the assistant's message for the history of a conversation: content and tool calls. Reasoning is not
// sent back. Of several choices it is the first one.
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
	content, calls := e.First()
	m.content.WriteString(content)
	for _, c := range calls {
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

// mend changes the tool calls so that the server accepts them again: each has an id, derived from that of the request
// if the server sent none, and arguments that are JSON, as chat templates parse them. It reports whether all arguments
// were.
func (m *message) mend(request string) (whole bool) {
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
	return whole
}

// chat returns the message in the form of OpenAI's chat.
func (m *message) chat() json.RawMessage {
	out := struct {
		Role    string     `json:"role"`
		Content *string    `json:"content"`
		Calls   []toolCall `json:"tool_calls,omitempty"`
	}{Role: "assistant", Calls: m.calls}
	if text := m.content.String(); text != "" || len(m.calls) == 0 {
		out.Content = &text
	}
	return encoded(out)
}

// block is a part of the content of a message of Anthropic's.
type block struct {
	Type  string          `json:"type"`
	Text  string          `json:"text,omitempty"`
	ID    string          `json:"id,omitempty"`
	Name  string          `json:"name,omitempty"`
	Input json.RawMessage `json:"input,omitempty"`
}

// blocks returns the message in Anthropic's form. Calls that the server itself made and answered are left out: the
// client has no result for them.
func (m *message) blocks() json.RawMessage {
	var list []block
	if text := m.content.String(); text != "" { // an empty block is refused
		list = append(list, block{Type: "text", Text: text})
	}
	for _, c := range m.calls {
		if strings.HasPrefix(c.ID, "srvtoolu_") || strings.HasPrefix(c.ID, "mcptoolu_") {
			continue
		}
		input := json.RawMessage(c.Function.Arguments)
		if !bytes.HasPrefix(bytes.TrimSpace(input), []byte("{")) {
			input = json.RawMessage("{}") // nothing but an object is accepted
		}
		list = append(list, block{Type: "tool_use", ID: c.ID, Name: c.Function.Name, Input: input})
	}
	out := struct {
		Role    string `json:"role"`
		Content any    `json:"content"`
	}{"assistant", list}
	if len(list) == 0 || len(list) == 1 && list[0].Type == "text" {
		out.Content = m.content.String()
	}
	return encoded(out)
}

// ownCalls removes the calls without an id: in the Responses API, those that the server itself made and answered.
func (m *message) ownCalls() {
	m.calls = slices.DeleteFunc(m.calls, func(c toolCall) bool { return c.ID == "" })
}

// item is a message or a call of a tool in the form of the Responses API.
type item struct {
	Type      string `json:"type"`
	Role      string `json:"role,omitempty"`
	Content   string `json:"content,omitempty"`
	CallID    string `json:"call_id,omitempty"`
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments,omitempty"`
}

// items returns the message as a list of the items of the Responses API.
func (m *message) items() json.RawMessage {
	list := []item{}
	if text := m.content.String(); text != "" {
		list = append(list, item{Type: "message", Role: "assistant", Content: text})
	}
	for _, c := range m.calls {
		list = append(list, item{
			Type: "function_call", CallID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments,
		})
	}
	return encoded(list)
}

// encoded returns v, which consists of strings and valid JSON, so that it always has an encoding.
func encoded(v any) json.RawMessage {
	b, _ := json.MarshalWithOption(v, json.DisableHTMLEscape())
	return b
}

// mintID returns an id of nine letters and digits, the only form that Mistral's templates accept.
func mintID(request string, call int) string {
	h := fnv.New64a()
	fmt.Fprint(h, request, " ", call)
	id := strconv.FormatUint(h.Sum64(), 36)
	return (id + "000000000")[:9]
}
