package dataset

import (
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// message is one message of a conversation.
type message struct {
	role string
	raw  json.RawMessage // in OpenAI's chat format
	text string          // the content; the concatenated text of content in parts

	calls     bool   // calls tools
	parts     bool   // has non-text content
	maxTokens *int64 // limit of the answer
	delayMs   float64
}

func newMessage(role, text string) message {
	raw := fastjson.AppendString([]byte(`{"role":`), role)
	raw = fastjson.AppendString(append(raw, `,"content":`...), text)
	return message{role: role, text: text, raw: append(raw, '}')}
}

// empty reports whether the message has no content and calls no tool.
func (m *message) empty() bool {
	return !m.calls && !m.parts && strings.TrimSpace(m.text) == "" && m.role != "tool"
}

// answer reports whether the server generates this message. A tool call is sent as recorded, since the result that
// follows it belongs to that call.
func (m *message) answer() bool { return m.role == "assistant" && !m.calls }

// list returns messages as the JSON array of a body.
func list(all []message) json.RawMessage {
	b := []byte{'['}
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, m.raw...)
	}
	return append(b, ']')
}

// history returns a conversation without its trailing answers.
func history(all []message) []message {
	for len(all) > 0 && all[len(all)-1].role == "assistant" {
		all = all[:len(all)-1]
	}
	return all
}

// userText returns the first text of the user, or the last.
func userText(all []message, last bool) string {
	text := ""
	for _, m := range all {
		if m.role != "user" {
			continue
		}
		if text = m.text; !last {
			break
		}
	}
	return text
}

// turns splits a conversation at its answers, which the server generates. Each turn has the parameters.
func turns(all []message, params []api.Param) []Turn {
	var out []Turn
	var said []message
	add := func() {
		turn := Turn{Item: Item{In: &api.Input{Messages: list(said)}, Own: params}}
		for _, m := range said {
			turn.DelayMs += m.delayMs
			if m.maxTokens != nil {
				turn.Own = withParam(params, ownMaxTokens(int(*m.maxTokens))[0])
			}
		}
		out = append(out, turn)
		said = nil
	}
	for _, m := range all {
		if !m.answer() {
			said = append(said, m)
		} else if len(said) > 0 {
			add()
		}
	}
	if len(said) > 0 {
		add()
	}
	return out
}

// most returns the turns up to the maximum number.
func (o *Options) most(turns []Turn) []Turn {
	if o.MaxTurns > 0 && len(turns) > o.MaxTurns {
		return turns[:o.MaxTurns]
	}
	return turns
}

// withParam returns params with one of them replaced or added.
func withParam(params []api.Param, p api.Param) []api.Param {
	var out []api.Param
	for _, old := range params {
		if old.Key != p.Key {
			out = append(out, old)
		}
	}
	return append(out, p)
}
