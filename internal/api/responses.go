package api

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/jsonl"
)

// responses is OpenAI's. vLLM and transformers implement it, too.
var responses = Dialect{
	Name: "openai_responses", Op: "responses", Ending: "response.completed", Base: "/v1", Path: "/responses",
	Need: "input", ToolItems: true,
	shape: func(body []byte) bool {
		v := gjson.GetManyBytes(body, "input.0.role", "input.0.type", "max_output_tokens", "instructions", "stream")
		return v[0].Exists() || v[1].Exists() || v[2].Exists() || v[3].Exists() || v[4].Exists()
	},
	input: func(in Input) (object, error) {
		switch in.kind() {
		case textIn:
			return object{{Key: "input", Value: raw(in.Text)}}, nil
		case messagesIn:
			items, err := responseItems(in.Messages)
			return object{{Key: "input", Value: items}}, err
		}
		return nil, errKind
	},
	place: places(map[string]string{
		"max_tokens": "max_output_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p",
	}),
	read: readResponse, times: responsesTimes,
	reader: func() func(value) Event { return new(responsesReader).read },
	// 16 is OpenAI's minimum
	probe: probing("input", probeText, "max_output_tokens", 16, "text", nil, "previous_response_id", nil),
}

// responseItems converts messages to the part types of the responses API. Roles and texts are the same in both.
func responseItems(messages json.RawMessage) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(messages, &list); err != nil {
		return nil, fmt.Errorf("messages is not a list of messages: %w", jsonl.Reason(err))
	}
	items := make([]json.RawMessage, 0, len(list))
	for i, m := range list {
		var role string
		json.Unmarshal(m["role"], &role) // the server rejects a missing role
		if len(m["tool_calls"]) > 0 || role == "tool" {
			return nil, fmt.Errorf("messages[%d]: tool calls are not translated", i)
		}
		content := m["content"]
		if len(content) > 0 && content[0] == '[' {
			parts, err := responseParts(content, role)
			if err != nil {
				return nil, fmt.Errorf("messages[%d].%w", i, err)
			}
			content = parts
		}
		items = append(items, object{{Key: "role", Value: raw(role)}, {Key: "content", Value: content}}.json())
	}
	return raw(items), nil
}

func responseParts(content json.RawMessage, role string) (json.RawMessage, error) {
	parts, err := parseParts(content)
	if err != nil {
		return nil, err
	}
	textType := "input_text"
	if role == "assistant" {
		textType = "output_text"
	}
	var out []json.RawMessage
	for _, p := range parts {
		if p.image == "" {
			out = append(out, object{{Key: "type", Value: raw(textType)}, {Key: "text", Value: raw(p.text)}}.json())
			continue
		}
		out = append(out, object{{Key: "type", Value: raw("input_image")}, {Key: "image_url", Value: raw(p.image)},
			{Key: "detail", Value: raw(cmp.Or(p.detail, "auto"))}}.json())
	}
	return raw(out), nil
}

// part is a text or an image of a message. An image is a URL, usually with the data in it, and detail its resolution.
type part struct{ text, image, detail string }

func parseParts(content json.RawMessage) ([]part, error) {
	var list []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL struct {
			URL    string `json:"url"`
			Detail string `json:"detail"`
		} `json:"image_url"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("content is neither a text nor a list of parts: %w", jsonl.Reason(err))
	}
	parts := make([]part, 0, len(list))
	for i, p := range list {
		switch p.Type {
		case "text":
			parts = append(parts, part{text: p.Text})
		case "image_url":
			parts = append(parts, part{image: p.ImageURL.URL, detail: p.ImageURL.Detail})
		default:
			return nil, fmt.Errorf("content[%d] is of type %q, and only text and image_url are translated", i, p.Type)
		}
	}
	return parts, nil
}

// responsesReader records the kinds of deltas. A server that sends none has the whole text in an event at the end.
type responsesReader struct {
	content, reasoning, tool bool
	last, named              int // items with the latest output and the latest name, from 1; 0: none
}

func readResponse(v value) Event { return new(responsesReader).read(v) }

// read reads an event. It is the list of what counts as output.
func (r *responsesReader) read(v value) Event {
	var e Event
	var index int
	var delta value
	var kind string
	v.each(func(key string, v value) {
		switch key {
		case "type":
			kind = strings.TrimPrefix(v.string(), "response.")
		case "delta":
			delta = v
		case "output_index":
			index = v.count()
		}
	})
	switch kind {
	case "":
		if e.response(v, true); v.at("choices").isList() {
			e.Err = "the answer is one of chat/completions, not of responses"
		}
	case "output_text.done", "refusal.done":
		if !r.content {
			e.Content = v.at("text").string() + v.at("refusal").string()
		}
	case "reasoning_text.done":
		if !r.reasoning {
			e.Reasoning = v.at("text").string()
		}
	case "function_call_arguments.done":
		if s := v.at("arguments").arguments(); s != "" && !r.tool {
			e.call(Call{Index: index, Arguments: s})
		}
	case "image_generation_call.partial_image":
		e.Media = v.at("partial_image_b64").string() != ""
	case "output_item.added":
		if item := v.at("item"); item.at("name").string() != "" {
			e.call(Call{Index: index, ID: item.at("call_id").string(), Name: item.at("name").string()})
		}
	case "output_item.done":
		r.itemDone(&e, index, v.at("item"))
	case "completed", "incomplete", "failed", "cancelled", "canceled", "done":
		e.response(v.at("response"), r.last == 0)
		e.Done = true
	case "error":
		e.Err = ErrorMessage(v.raw())
		e.Done = true
	default:
		e.responseDelta(kind, index, delta)
	}
	r.content = r.content || e.Content != ""
	r.reasoning = r.reasoning || e.Reasoning != ""
	r.tool = r.tool || strings.HasSuffix(kind, "arguments.delta")
	switch {
	case kind == "output_item.added":
		r.named = index + 1
	case e.Output():
		r.last = index + 1
	}
	return e
}

// itemDone reads the output of an item that had no deltas.
func (r *responsesReader) itemDone(e *Event, index int, item value) {
	if r.last == index+1 {
		return
	}
	e.item(index, item.at("type").string(), item)
	if r.named == index+1 { // the name of the call was read before
		e.Tool = ""
		for i := range e.Calls {
			e.Calls[i].Name = ""
			e.Tool += e.Calls[i].Arguments
		}
	}
}

// responseDelta reads a piece of output, whose kind is the type of the event.
func (e *Event) responseDelta(kind string, index int, delta value) {
	switch kind {
	case "output_text.delta", "refusal.delta",
		"audio.transcript.delta", "audio_transcript.delta", "output_audio_transcript.delta":
		e.Content = delta.string()
	case "reasoning_text.delta", "reasoning.delta":
		e.Reasoning = delta.text()
	case "reasoning_summary_text.delta", "reasoning_summary.delta":
		e.Reasoning, e.Unseen = delta.text(), UnseenSummary
	case "function_call_arguments.delta", "custom_tool_call_input.delta",
		"mcp_call_arguments.delta", "mcp_call.arguments.delta",
		"code_interpreter_call_code.delta", "code_interpreter_call.code.delta":
		if s := delta.arguments(); s != "" {
			e.call(Call{Index: index, Arguments: s})
		}
	case "audio.delta", "output_audio.delta":
		e.Media = delta.string() != ""
	default:
		if strings.HasSuffix(kind, ".delta") && delta.string() != "" {
			e.odd(kind)
		}
	}
}

// response reads the object of a whole reply, which the first and the last event of a stream have, too. output is false
// if the output was read before.
func (e *Event) response(v value, output bool) {
	e.Model = v.at("model").string()
	e.finish(v.at("status"))
	if reason := v.at("incomplete_details.reason"); reason.string() != "" {
		e.finish(reason)
	}
	switch err := v.at("error"); {
	case !harmless(err):
		e.Err = ErrorMessage(err.raw())
	case e.Err != "" && message(v) != "":
		e.Err = message(v)
	}
	e.count(v.at("usage"))
	v.at("output").list(func(i int, item value) {
		kind := item.at("type").string()
		if kind == "reasoning" && (item.at("encrypted_content").string() != "" || item.at("summary.0").there()) {
			e.Unseen = UnseenSummary
		}
		if output {
			e.item(i, kind, item)
		}
	})
}

func (e *Event) item(i int, kind string, item value) {
	to := &e.Content
	if kind == "reasoning" {
		to = &e.Reasoning
		*to += item.at("summary").text()
	}
	item.at("content").list(func(_ int, c value) {
		*to += c.at("text").string() + c.at("refusal").string() + c.at("transcript").string()
	})
	if name := item.at("name").string(); name != "" {
		e.call(Call{i, item.at("call_id").string(), name, item.at("arguments").arguments() + item.at("input").string()})
	}
	if code := item.at("code").string(); code != "" {
		e.call(Call{Index: i, Arguments: code})
	}
	e.Media = e.Media || kind == "image_generation_call" && item.at("result").string() != ""
}
