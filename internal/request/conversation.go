package request

import (
	"bytes"
	"errors"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// History is a conversation so far.
type History struct {
	messages []byte // JSON, joined by commas
}

// Next appends the messages of a turn's body to the history and returns the body with all messages so far. It does not
// change the other keys.
func (h *History) Next(body json.RawMessage) (json.RawMessage, error) {
	m := gjson.GetBytes(body, "messages")
	if !m.IsArray() {
		return nil, errors.New("the body of a turn needs a list of messages")
	}
	h.add([]byte(m.Raw[1 : len(m.Raw)-1]))
	out := make([]byte, 0, len(body)+len(h.messages))
	out = append(out, body[:m.Index+1]...)
	out = append(out, h.messages...)
	return append(out, body[m.Index+len(m.Raw)-1:]...), nil
}

// Reply appends the assistant's message.
func (h *History) Reply(message json.RawMessage) { h.add(message) }

func (h *History) add(list []byte) {
	if list = bytes.TrimSpace(list); len(list) == 0 {
		return
	}
	if len(h.messages) > 0 {
		h.messages = append(h.messages, ',')
	}
	h.messages = append(h.messages, list...)
}
