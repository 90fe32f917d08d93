package request

import (
	"bytes"
	"errors"
	"slices"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// History is the messages that precede a request: those of the requests before it, and the server's replies. Requests
// that continue the same one share it. A nil History is empty, and a History never changes.
type History struct {
	before *History
	part   []byte // messages of one request, joined by commas
	size   int    // of all parts with the commas between them, bytes
	calls  []call // of the reply, which is the last message
}

// Next returns a body with the messages of h in front of its own, and its own as they are sent: results of tools name
// the calls of the reply before them. It does not change the other members.
func (h *History) Next(body json.RawMessage) (whole, own json.RawMessage, tools ToolCounts, err error) {
	m, own, tools, err := h.own(body)
	if err != nil {
		return nil, nil, tools, err
	}
	if h == nil {
		return body, own, tools, nil
	}
	whole = make([]byte, 0, len(body)-len(m.Raw)+2+h.size+1+len(own))
	whole = append(append(whole, body[:m.Index]...), '[')
	start := len(whole)
	whole = whole[:start+h.size]
	for at := h; at != nil; at = at.before {
		end := start + at.size
		copy(whole[end-len(at.part):end], at.part)
		if at.before != nil {
			whole[end-len(at.part)-1] = ','
		}
	}
	if len(own) > 0 {
		whole = append(append(whole, ','), own...)
	}
	return append(append(whole, ']'), body[m.Index+len(m.Raw):]...), own, tools, nil
}

// Own returns the messages of a body as Next does, without those of h.
func (h *History) Own(body json.RawMessage) (own json.RawMessage, tools ToolCounts, err error) {
	_, own, tools, err = h.own(body)
	return own, tools, err
}

func (h *History) own(body json.RawMessage) (m gjson.Result, own json.RawMessage, tools ToolCounts, err error) {
	m, ok := messagesOf(body)
	if !ok {
		return m, nil, tools, errors.New("the body has no list of messages, to which a history could be added")
	}
	list := m
	if m.Type == gjson.String {
		own = append(append([]byte(`{"role":"user","content":`), m.Raw...), '}')
		list = gjson.Result{Type: gjson.JSON, Raw: "[" + string(own) + "]"}
	} else {
		own = bytes.TrimSpace(body[m.Index+1 : m.Index+len(m.Raw)-1])
	}
	if h != nil && (len(h.calls) > 0 || hasResults(own)) {
		own, tools = h.answer(list, own)
	}
	return m, own, tools, nil
}

// messagesOf returns the messages of a body: the list of its member messages or, in OpenAI's Responses API, of its
// member input, where a string stands for a message of the user.
func messagesOf(body []byte) (m gjson.Result, ok bool) {
	if m = gjson.GetBytes(body, "messages"); m.Exists() {
		return m, m.IsArray()
	}
	m = gjson.GetBytes(body, "input")
	return m, m.Type == gjson.String || m.IsArray() && (m.Get("0").IsObject() || !m.Get("0").Exists())
}

// With returns the history of the requests that continue one whose own messages and reply these are. A reply is a
// message, or a list of them.
func (h *History) With(own, reply json.RawMessage) *History {
	part := bytes.TrimSpace(reply)
	if len(part) > 0 && part[0] == '[' {
		part = bytes.TrimSpace(part[1 : len(part)-1])
	}
	switch {
	case len(part) == 0:
		part = own
	case len(own) > 0:
		part = slices.Concat(own, []byte{','}, part)
	}
	if len(part) == 0 {
		return h
	}
	next := &History{before: h, part: part, size: len(part), calls: callsOf(reply)}
	if h != nil {
		next.size += h.size + 1
	}
	return next
}
