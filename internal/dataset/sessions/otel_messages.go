package sessions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// message is a message of a conversation.
type message struct {
	role, name string
	text       string          // of its text parts
	parts      json.RawMessage // content that is not only text; nil: text
	calls      []toolCall
	result     string // id of the call that a tool message answers
}

type toolCall struct{ id, name, arguments string }

// readMessages reads messages by the GenAI conventions, with parts, or as OpenAI's API has them; a list of parts, or a
// text, is one message of the role. A text may be the JSON of any of them.
func readMessages(v gjson.Result, role string) (all []message, err error) {
	if v.Type == gjson.String {
		if text := strings.TrimSpace(v.Str); text != "" && (text[0] == '[' || text[0] == '{') && gjson.Valid(text) {
			v = gjson.Parse(text)
		}
	}
	switch {
	case !v.Exists() || v.Type == gjson.Null || v.Type == gjson.String && v.Str == "":
		return nil, nil
	case v.Type == gjson.String:
		return []message{{role: role, text: v.Str}}, nil
	case v.IsObject():
		return appendMessage(nil, v, role)
	case !v.IsArray():
		return nil, fmt.Errorf("no list of messages: %.40s", v.Raw)
	}
	list := v.Array()
	if len(list) > 0 && !slices.ContainsFunc(list, func(m gjson.Result) bool { return m.Get("role").Exists() }) {
		return appendParts(nil, message{role: role}, list), nil // of a system instruction
	}
	for k, m := range list {
		if all, err = appendMessage(all, m, role); err != nil {
			return nil, fmt.Errorf("message %d: %w", k, err)
		}
	}
	return all, nil
}

func appendMessage(all []message, v gjson.Result, role string) ([]message, error) {
	m := message{role: role, name: v.Get("name").Str, result: v.Get("tool_call_id").Str}
	if r := v.Get("role"); r.Exists() {
		if r.Type != gjson.String {
			return nil, fmt.Errorf("its role is %.40s", r.Raw)
		}
		m.role = r.Str
	}
	if m.role == "developer" {
		m.role = "system" // which all servers know
	}
	for _, c := range v.Get("tool_calls").Array() {
		f := c.Get("function")
		if !f.Exists() {
			f = c
		}
		m.calls = append(m.calls, toolCall{c.Get("id").String(), f.Get("name").String(), jsonText(f.Get("arguments"))})
	}
	if parts := v.Get("parts"); parts.IsArray() {
		return appendParts(all, m, parts.Array()), nil
	}
	content := v.Get("content")
	if !content.Exists() {
		content = v.Get("text")
	}
	if content.IsArray() {
		return appendParts(all, m, content.Array()), nil
	}
	m.text = jsonText(content)
	return append(all, m), nil
}

// jsonText returns a text as it is, and any other value as JSON; null and absent are empty.
func jsonText(v gjson.Result) string {
	switch v.Type {
	case gjson.Null:
		return ""
	case gjson.String:
		return v.Str
	}
	return v.Get("@ugly").Raw
}

// appendParts appends the messages of a list of parts: results of tools are messages of their own. Reasoning is left
// out, as clients do not send it back, and so are parts of unknown types.
func appendParts(all []message, m message, parts []gjson.Result) []message {
	var texts []string
	var mixed []json.RawMessage
	other, results := false, 0
	for _, p := range parts {
		switch p.Get("type").Str {
		case "text", "input_text", "output_text", "":
			text := jsonText(firstOf(p, "content", "text"))
			if p.Type == gjson.String {
				text = p.Str
			}
			texts = append(texts, text)
			mixed = append(mixed, fastjson.AppendString([]byte(`{"type":"text","text":`), text))
			mixed[len(mixed)-1] = append(mixed[len(mixed)-1], '}')
		case "tool_call":
			m.calls = append(m.calls, toolCall{p.Get("id").String(), p.Get("name").String(), jsonText(p.Get("arguments"))})
		case "tool_call_response":
			results++
			all = append(all, message{role: "tool", result: p.Get("id").String(),
				text: jsonText(firstOf(p, "response", "result"))})
		case "image_url":
			other = true
			mixed = append(mixed, json.RawMessage(p.Get("@ugly").Raw))
		case "uri", "blob":
			if image := imagePart(p); image != nil {
				other = true
				mixed = append(mixed, image)
			}
		}
	}
	m.text = strings.Join(texts, "\n")
	if other {
		m.parts = array(mixed)
	}
	if results > 0 && m.text == "" && len(m.calls) == 0 && !other {
		return all
	}
	return append(all, m)
}

// array returns the JSON array of elements.
func array(elements []json.RawMessage) json.RawMessage {
	all := []byte{'['}
	for k, e := range elements {
		if k > 0 {
			all = append(all, ',')
		}
		all = append(all, e...)
	}
	return append(all, ']')
}

// imagePart returns an image as OpenAI's API has it, or nil.
func imagePart(p gjson.Result) json.RawMessage {
	if kind := p.Get("modality").Str; kind != "" && kind != "image" {
		return nil
	}
	url := p.Get("uri").Str
	if data := p.Get("content").Str; url == "" && data != "" {
		url = "data:" + p.Get("mime_type").Str + ";base64," + data
	}
	if url == "" {
		return nil
	}
	return append(fastjson.AppendString([]byte(`{"type":"image_url","image_url":{"url":`), url), "}}"...)
}

// equal reports whether two messages say the same.
func (m *message) equal(o *message) bool {
	if m.role != o.role || strings.TrimSpace(m.text) != strings.TrimSpace(o.text) || string(m.parts) != string(o.parts) ||
		m.result != o.result || len(m.calls) != len(o.calls) {
		return false
	}
	for i, c := range m.calls {
		if c.id != o.calls[i].id || c.name != o.calls[i].name {
			return false
		}
	}
	return true
}

// append appends the message as OpenAI's API has it.
func (m *message) append(b []byte) []byte {
	b = fastjson.AppendString(append(b, `{"role":`...), m.role)
	if m.name != "" && m.role != "tool" {
		b = fastjson.AppendString(append(b, `,"name":`...), m.name)
	}
	if m.role == "tool" {
		b = fastjson.AppendString(append(b, `,"tool_call_id":`...), m.result)
	}
	switch b = append(b, `,"content":`...); {
	case m.parts != nil:
		b = append(b, m.parts...)
	case m.text == "" && len(m.calls) > 0:
		b = append(b, "null"...)
	default:
		b = fastjson.AppendString(b, m.text)
	}
	for k, c := range m.calls {
		if b = append(b, ','); k == 0 {
			b = append(b, `"tool_calls":[`...)
		}
		b = fastjson.AppendString(append(b, `{"id":`...), c.id)
		b = fastjson.AppendString(append(b, `,"type":"function","function":{"name":`...), c.name)
		arguments := c.arguments
		if arguments == "" {
			arguments = "{}"
		}
		b = append(fastjson.AppendString(append(b, `,"arguments":`...), arguments), "}}"...)
	}
	if len(m.calls) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

// toolDefinitions returns tools as OpenAI's API has them: the function's members are in an object of their own.
func toolDefinitions(v gjson.Result) (json.RawMessage, error) {
	if v.Type == gjson.String && gjson.Valid(v.Str) {
		v = gjson.Parse(v.Str)
	}
	if !v.Exists() || v.Type == gjson.Null || v.Type == gjson.String && v.Str == "" {
		return nil, nil
	}
	if !v.IsArray() {
		return nil, fmt.Errorf("gen_ai.tool.definitions is not a list: %.40s", v.Raw)
	}
	var all []json.RawMessage
	for _, t := range v.Array() {
		if t.Get("function").IsObject() {
			all = append(all, json.RawMessage(t.Get("@ugly").Raw))
			continue
		}
		if kind := t.Get("type").Str; kind != "" && kind != "function" || !t.IsObject() {
			continue
		}
		f := fastjson.AppendString([]byte(`{"type":"function","function":{"name":`), t.Get("name").String())
		for _, key := range []string{"description", "parameters", "strict"} {
			if x := t.Get(key); x.Exists() && x.Type != gjson.Null {
				f = append(append(f, `,"`+key+`":`...), x.Get("@ugly").Raw...)
			}
		}
		all = append(all, append(f, "}}"...))
	}
	if all == nil {
		return nil, nil
	}
	return array(all), nil
}
